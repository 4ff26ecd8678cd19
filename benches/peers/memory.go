package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Footprint is what holding entries costs a process.
type Footprint struct {
	// BytesPerEntry is by how much the memory of the process grew, keys and values included, by entry.
	BytesPerEntry float64
	// Collection is how many milliseconds a garbage collection takes.
	Collection float64
	// Fault is what is wrong with what the cache holds.
	Fault string
}

// memoryBenchmarks are the rows that tell what a full cache costs, each cache being measured in a process of its own.
func memoryBenchmarks(entries int) []benchmark {
	footprints := sync.OnceValues(func() ([]Footprint, error) { return measureFootprints(entries) })
	row := func(name, unit string, cost func(Footprint) float64) benchmark {
		return benchmark{name, func(schedule) (Row, error) {
			measured, err := footprints()
			row := Row{Name: name, Unit: unit}
			for i, f := range measured {
				m := Measurement{Contender: cacheLibraries[i].name, Cost: cost(f), Fault: f.Fault}
				row.Measurements = append(row.Measurements, m)
			}
			return row, err
		}}
	}
	return []benchmark{
		row("cache-memory/entry", "B", func(f Footprint) float64 { return f.BytesPerEntry }),
		row("cache-memory/collection", "ms", func(f Footprint) float64 { return f.Collection }),
	}
}

func measureFootprints(entries int) ([]Footprint, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	footprints := make([]Footprint, len(cacheLibraries))
	for i, library := range cacheLibraries {
		child := exec.Command(program, "-footprint", library.name, "-entries", strconv.Itoa(entries))
		child.Stderr = os.Stderr
		text, err := child.Output()
		if err != nil {
			return nil, fmt.Errorf("the footprint of %s: %w", library.name, err)
		}
		if err := json.Unmarshal(text, &footprints[i]); err != nil {
			return nil, err
		}
	}
	return footprints, nil
}

// printFootprint is what the process of one cache does.
func printFootprint(name string, entries int) error {
	i := slices.IndexFunc(cacheLibraries, func(library cacheLibrary) bool { return library.name == name })
	if i < 0 {
		return fmt.Errorf("no cache is called %q", name)
	}
	before, err := resident()
	if err != nil {
		return err
	}
	opened, err := cacheLibraries[i].open(entries)
	if err != nil {
		return err
	}
	var f Footprint
	if err := fill(opened, entries); err != nil {
		f.Fault = err.Error()
	}
	after, err := resident()
	if err != nil {
		return err
	}
	f.BytesPerEntry = float64(after-before) / float64(entries)
	f.Collection = collection()
	runtime.KeepAlive(opened)
	return json.NewEncoder(os.Stdout).Encode(f)
}

// collection returns how many milliseconds the shortest garbage collection of two seconds takes.
func collection() float64 {
	shortest := time.Duration(math.MaxInt64)
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		start := time.Now()
		runtime.GC()
		shortest = min(shortest, time.Since(start))
	}
	return float64(shortest.Microseconds()) / 1000
}

// resident returns how many bytes of memory the process uses, after what it does not need was given back.
func resident() (int, error) {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, errors.New("/proc/self/statm is not in the form of Linux")
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}
