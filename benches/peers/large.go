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

// Footprint is what it costs a process to hold many entries.
type Footprint struct {
	// BytesPerEntry is by how much the memory of the process grew, keys and values included, by entry.
	BytesPerEntry float64
	// Heap is by how many MB Go's heap grew.
	Heap float64
	// Collection is how many milliseconds a garbage collection takes.
	Collection float64
	// Get, Set and Mixed are the nanoseconds of an operation, two goroutines being at work, while garbage is collected every second. In
	// Mixed, one in four is a Set.
	Get, Set, Mixed float64
	// Tail is how many nanoseconds all Gets but a thousandth took at most meanwhile.
	Tail float64
	// Fault is what is wrong with what the cache holds.
	Fault string
}

// largeBenchmarks are the rows of caches with many entries, each cache being measured in a process of its own.
func largeBenchmarks(held stock) []benchmark {
	footprints := sync.OnceValues(func() ([]Footprint, error) { return measureFootprints(held) })
	const tail = "cache-tail/get" // beside what the machine takes to fetch memory
	row := func(name, unit string, cost func(Footprint) float64) benchmark {
		return benchmark{name, func(schedule) (Row, error) {
			measured, err := footprints()
			row := Row{Name: name, Unit: unit}
			for i, f := range measured {
				name := withArray[i].name
				if name == array.name && row.Name != tail {
					continue // no cache, and no peer of one
				}
				row.Measurements = append(row.Measurements, Measurement{Contender: name, Cost: cost(f), Fault: f.Fault})
			}
			return row, err
		}}
	}
	return []benchmark{
		row("cache-large/get", "ns", func(f Footprint) float64 { return f.Get }),
		row("cache-large/set", "ns", func(f Footprint) float64 { return f.Set }),
		row("cache-large/mixed", "ns", func(f Footprint) float64 { return f.Mixed }),
		row(tail, "ns", func(f Footprint) float64 { return f.Tail }),
		row("cache-memory/entry", "B", func(f Footprint) float64 { return f.BytesPerEntry }),
		row("cache-heap/growth", "MB", func(f Footprint) float64 { return f.Heap }),
		row("cache-collection/time", "ms", func(f Footprint) float64 { return f.Collection }),
	}
}

func measureFootprints(held stock) ([]Footprint, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	footprints := make([]Footprint, len(withArray))
	for i, library := range withArray {
		child := exec.Command(program, "-footprint", fmt.Sprintf("%s/%d/%d", library.name, held.entries, held.valueSize))
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

// printFootprint is what the process of one cache does. What is cache/entries/size of a value.
func printFootprint(what string) error {
	var held stock
	name, sizes, _ := strings.Cut(what, "/")
	if _, err := fmt.Sscanf(sizes, "%d/%d", &held.entries, &held.valueSize); err != nil {
		return fmt.Errorf("%q: %w", what, err)
	}
	i := slices.IndexFunc(withArray, func(library cacheLibrary) bool { return library.name == name })
	if i < 0 {
		return fmt.Errorf("no cache is called %q", name)
	}
	draws := drawZipf(held.entries, 1<<20)
	before, heapBefore, err := resident()
	if err != nil {
		return err
	}
	opened, err := withArray[i].open(held)
	if err != nil {
		return err
	}
	a := &arena{
		stock: held, libraries: withArray[i : i+1], opened: []store{opened}, faults: []error{nil}, draws: draws,
	}
	var f Footprint
	if err := fill(opened, held); err != nil {
		f.Fault = err.Error()
	}
	after, heapAfter, err := resident()
	if err != nil {
		return err
	}
	f.BytesPerEntry = float64(after-before) / float64(held.entries)
	f.Heap = max(0.001, float64(heapAfter-heapBefore)/1e6) // nothing would be no measurement
	f.Collection = collection()
	f.Get, f.Set, f.Mixed = a.duringCollections(0), a.duringCollections(1), a.duringCollections(4)
	f.Tail = a.tail()
	runtime.KeepAlive(opened)
	return json.NewEncoder(os.Stdout).Encode(f)
}

// duringCollections returns the nanoseconds of an operation of two goroutines, in the best of some rounds of a second, in each
// of which garbage is collected once.
func (a *arena) duringCollections(setEvery int) float64 {
	run := a.contenders(2, setEvery)[0].run
	n := count(run, time.Second)
	best := math.Inf(1)
	for range 3 {
		var collected sync.WaitGroup
		collected.Go(runtime.GC)
		best = min(best, once(run, n).nanoseconds)
		collected.Wait()
	}
	return best
}

// tail returns how many nanoseconds all Gets of two goroutines but a thousandth take at most, in some seconds in each of
// which garbage is collected once.
func (a *arena) tail() float64 {
	const seconds, most = 4, 8_000_000
	var took [2][]uint32
	for i := range took {
		took[i] = make([]uint32, 0, most)
	}
	var workers sync.WaitGroup
	for i := range took {
		workers.Go(func() {
			buffer := make([]byte, a.valueSize)
			at := i * len(a.draws) / 3 / keySize * keySize
			began := time.Now()
			for start := began; start.Sub(began) < seconds*time.Second && len(took[i]) < most; start = time.Now() {
				a.opened[0].get(a.draws[at:at+keySize], buffer)
				took[i] = append(took[i], uint32(min(time.Since(start), math.MaxUint32)))
				at = (at + keySize) % len(a.draws)
			}
		})
	}
	for range seconds {
		workers.Go(runtime.GC)
		time.Sleep(time.Second)
	}
	workers.Wait()
	all := slices.Concat(took[:]...)
	slices.Sort(all)
	return float64(all[len(all)-1-len(all)/1000])
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

// resident returns how many bytes of memory the process uses, and Go's heap, after what it does not need was given back.
func resident() (process, heap int, err error) {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, 0, errors.New("/proc/self/statm is not in the form of Linux")
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), int(stats.HeapAlloc), err
}
