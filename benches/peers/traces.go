package main

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// trace is a sequence of requests for keys, which are numbers.
type trace struct {
	name     string
	requests []uint32
	// capacities are how many entries, all of one size, the caches hold.
	capacities []int
	// bytes is what the caches hold where sizes differ.
	bytes int
	size  func(key uint32) int
}

// recorded are the traces of TANDEM_DATA, at the capacities that others publish figures for.
var recorded = []trace{
	{name: "oltp", capacities: []int{250, 1000, 2000}},
	{name: "p3", capacities: []int{50_000}},
	{name: "glimpse", capacities: []int{500}},
	{name: "loop", capacities: []int{512}},
	{name: "corda", capacities: []int{512}},
	{name: "multi3", capacities: []int{1000}},
}

// recordedTraces returns the traces of TANDEM_DATA; none without it.
func recordedTraces() ([]trace, error) {
	folder := os.Getenv("TANDEM_DATA")
	if folder == "" {
		return nil, nil
	}
	var traces []trace
	for _, t := range recorded {
		requests, err := readTrace(filepath.Join(folder, "traces", t.name+".u32.gz"))
		if err != nil {
			return nil, err
		}
		t.requests = requests
		traces = append(traces, t)
	}
	return traces, nil
}

// readTrace reads a file of little-endian 32-bit numbers, compressed by gzip.
func readTrace(path string) ([]uint32, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(content)%4 != 0 {
		return nil, fmt.Errorf("%s: ends within a number", path)
	}
	requests := make([]uint32, len(content)/4)
	for i := range requests {
		requests[i] = binary.LittleEndian.Uint32(content[4*i:])
	}
	return requests, nil
}

// generatedTraces returns the same traces each time: kinds of work that a policy has to cope with, one by one.
func generatedTraces() []trace {
	const (
		capacity = 1000
		count    = 400_000
		another  = 1 << 20 // keys from here on are of another kind
	)
	generate := func(name string, next func(i uint32) uint32) trace {
		requests := make([]uint32, count)
		for i := range requests {
			requests[i] = next(uint32(i))
		}
		return trace{name: name, requests: requests, capacities: []int{capacity}}
	}
	large := generate("zipf", zipf(1<<20))
	large.capacities = []int{50_000}
	// Popularity and size have nothing to do with each other.
	uneven := generate("uneven", zipf(100_000))
	uneven.capacities, uneven.bytes = nil, 64<<20
	uneven.size = func(key uint32) int { return 64 << (key * 2654435761 >> 16 % 10) }

	hot, scanned, moving, mixed := zipf(100_000), zipf(100_000), zipf(100_000), zipf(100_000)
	return []trace{
		generate("zipf", hot),
		large,
		generate("zipf-scans", func(i uint32) uint32 {
			if i/5000%3 == 0 {
				return another + i
			}
			return scanned(i)
		}),
		generate("zipf-moving", func(i uint32) uint32 { return (moving(i) + i/100) % 100_000 }),
		generate("zipf-once", func(i uint32) uint32 {
			if i%2 == 0 {
				return another + i
			}
			return mixed(i)
		}),
		generate("loop", func(i uint32) uint32 { return i % 1500 }),
		generate("twice", func(i uint32) uint32 { return (i + 400*(i%2)) / 2 }),
		generate("twice-and-loop", func(i uint32) uint32 {
			if i/50_000%2 == 0 {
				return another + (i+400*(i%2))/2
			}
			return i % 1500
		}),
		uneven,
	}
}

// zipf draws keys by Zipf's law, as the speed of the caches is measured with.
func zipf(keys uint64) func(uint32) uint32 {
	draw := rand.NewZipf(rand.New(rand.NewPCG(1, keys)), 1.01, 1, keys-1)
	return func(uint32) uint32 { return uint32(draw.Uint64()) }
}
