package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem.example/go/internal/corpus"
	tandem "tandem.example/go/json"
)

// scalingBenchmarks are rows that say how cost grows: with the text, with the goroutines, and with the types.
func scalingBenchmarks() []benchmark {
	return []benchmark{
		{"growth/decode", growth},
		{"goroutines/decode", goroutines},
		firstUse("decode"),
		firstUse("encode"),
	}
}

// alone is a row without peers.
func alone(name, unit string, cost float64) Row {
	return Row{Name: name, Unit: unit, Measurements: []Measurement{{Contender: own, Cost: cost}}}
}

// growth is how many times as long a text takes that is twice as long: the most for any text from 128 bytes to a gigabyte, or 64 MiB
// in short rounds.
func growth(s schedule) (Row, error) {
	longest := 1 << 30
	if s.round < 50*time.Millisecond {
		longest = 64 << 20
	}
	type item struct {
		ID    int
		Name  string
		Price float64
		Tags  []string
	}
	element := []byte(`{"id":71903842,"name":"Walnut chair","price":79.9,"tags":["wood"]},`)
	text := append([]byte{'['}, bytes.Repeat(element, longest/len(element))...)
	worst, before := 0.0, 0.0
	for elements := 2; elements*len(element) < longest; elements *= 2 {
		end := 1 + elements*len(element)
		text[end-1] = ']' // in place of a comma
		n := max(1, 1<<22/end)
		took := math.Inf(1)
		for range 5 {
			took = min(took, once(func(n int) {
				for range n {
					var items []item
					must(tandem.Unmarshal(text[:end], &items))
				}
			}, n).nanoseconds)
		}
		text[end-1] = ','
		if before > 0 {
			worst = max(worst, took/before)
		}
		before = took
	}
	return alone("growth/decode", "x", worst), nil
}

// goroutines is which part of the throughput is left that as many goroutines as processors have, if there are four times as many.
func goroutines(s schedule) (Row, error) {
	order := corpus.Order(2)
	run := func(goroutines, n int) time.Duration {
		var all sync.WaitGroup
		start := time.Now()
		for range goroutines {
			all.Go(func() {
				for range n / goroutines {
					must(tandem.Unmarshal(order.Data, order.New()))
				}
			})
		}
		all.Wait()
		return time.Since(start)
	}
	few := runtime.GOMAXPROCS(0)
	n := count(func(n int) { run(few, n) }, s.round)
	best := map[int]time.Duration{}
	for range s.rounds {
		for _, goroutines := range []int{few, 4 * few} {
			runtime.GC()
			took := run(goroutines, n)
			if best[goroutines] == 0 || took < best[goroutines] {
				best[goroutines] = took
			}
		}
	}
	return alone("goroutines/decode", "x", float64(best[few])/float64(best[4*few])), nil
}

// firstUse is how long it takes to use a type that was not used before, Twitter's search, with next to no text: the best of some
// new processes.
func firstUse(operation string) benchmark {
	name := "first/" + operation
	return benchmark{name, func(s schedule) (Row, error) {
		row := Row{Name: name, Unit: "us"}
		program, err := os.Executable()
		if err != nil {
			return row, err
		}
		for _, c := range codecs {
			m := Measurement{Contender: c.name}
			for range s.rounds {
				text, err := exec.Command(program, "-first", operation+"/"+c.name).Output()
				if err != nil {
					return row, fmt.Errorf("%s of %s: %w", name, c.name, err)
				}
				took, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
				if err != nil {
					return row, err
				}
				m.add(sample{nanoseconds: took})
			}
			row.Measurements = append(row.Measurements, m)
		}
		return row, nil
	}}
}

func printFirstUse(what string) error {
	operation, name, _ := strings.Cut(what, "/")
	i := slices.IndexFunc(codecs, func(c codec) bool { return c.name == name })
	if i < 0 {
		return fmt.Errorf("no codec %q", name)
	}
	use := func(v any) {
		if operation == "decode" {
			must(codecs[i].unmarshal([]byte("{}"), v))
			return
		}
		_, err := codecs[i].marshal(v)
		must(err)
	}
	// What belongs to the library, not to the type.
	use(&struct{ A int }{})
	v := new(corpus.TwitterSearch)
	start := time.Now()
	use(v)
	fmt.Printf("%.1f\n", float64(time.Since(start).Nanoseconds())/1000)
	return nil
}
