package main

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"sync"

	"tandem.example/go/internal/corpus"
)

// parallelBenchmarks are rows of what services do: values that differ, each by itself, with a goroutine for each processor.
func parallelBenchmarks() []benchmark {
	var benchmarks []benchmark
	for _, operation := range jsonOperations {
		if !operation.ofTypes {
			continue
		}
		for _, document := range corpus.Lines(1 << 20) {
			name := fmt.Sprintf("parallel-%s/%s", operation.name, document.Name)
			benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
				size, parts := 0, [][]contender(nil)
				for line := range bytes.Lines(document.Data) {
					textBytes, contenders, err := operation.prepare(corpus.Document{Data: line, New: document.New})
					if err != nil {
						return Row{}, fmt.Errorf("%s: %w", name, err)
					}
					size += textBytes
					parts = append(parts, contenders)
				}
				return s.measure(name, "ns", size, inParallel(parts)), nil
			}})
		}
	}
	return benchmarks
}

// inParallel returns contenders whose work is all parts, which goroutines share.
func inParallel(parts [][]contender) []contender {
	goroutines := runtime.GOMAXPROCS(0)
	contenders := make([]contender, len(parts[0]))
	for i := range contenders {
		c := contender{name: parts[0][i].name, run: func(n int) {
			var all sync.WaitGroup
			for first := range goroutines {
				all.Go(func() {
					for range n {
						for part := first; part < len(parts); part += goroutines {
							parts[part][i].run(1)
						}
					}
				})
			}
			all.Wait()
		}}
		for _, part := range parts {
			c.fault = cmp.Or(part[i].fault, c.fault)
			if part[i].run == nil {
				c.run = nil
				break
			}
		}
		contenders[i] = c
	}
	return contenders
}
