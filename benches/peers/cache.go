package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"

	tandem "tandem.example/go/cache"
)

// stock is what a cache holds: short keys, and values of two cache lines or nearly so.
type stock struct{ entries, valueSize int }

const keySize = 12

// size is how many bytes an entry has.
func (s stock) size() int { return keySize + s.valueSize }

// room is how many entries a cache is made for: half as many again, since speed is compared where all of them hold all
// there is.
func (s stock) room() int { return s.entries + s.entries/2 }

// keyOf returns the key of a number.
func keyOf(number int) string { return fmt.Sprintf("user:%07d", number) }

// onMiss in the place of how many operations there are to a Set: those keys are set that are not found.
const onMiss = -1

// cacheBenchmarks are the rows of the caches. All caches hold all keys, and which are asked for follows Zipf's law, unless the
// row says otherwise. Names end in the number of goroutines.
func cacheBenchmarks(entries int) []benchmark {
	some, many := stock{entries, 128}, stock{10 * entries, 88}
	// With room for a tenth of the keys, as caches are made with room for half as many again.
	tenth := stock{some.entries / 10 * 2 / 3, some.valueSize}
	// Rows share the caches, which live to the end of the program.
	shared := func(held stock, draw func(entries, count int) string) func() (*arena, error) {
		return sync.OnceValues(func() (*arena, error) {
			return newArena(held, cacheLibraries, draw(some.entries, 1<<20))
		})
	}
	all, evict, load := shared(some, drawZipf), shared(tenth, drawUniform), shared(tenth, drawZipf)
	var benchmarks []benchmark
	for _, operation := range []struct {
		name       string
		arena      func() (*arena, error)
		goroutines int
		// One in this many operations is a Set, none if this is zero.
		setEvery int
		// Some caches have lost entries to the sets before, and are filled anew.
		refill bool
	}{
		{"get/1", all, 1, 0, false},
		{"get/2", all, 2, 0, false},
		{"set/1", all, 1, 1, false},
		{"set/2", all, 2, 1, false},
		{"mixed/1", all, 1, 4, true},
		{"mixed/2", all, 2, 4, false},
		// Keys are all as likely, and most push another one out.
		{"evict/1", evict, 1, 1, false},
		{"evict/2", evict, 2, 1, false},
		{"load/1", load, 1, onMiss, false},
		{"load/2", load, 2, onMiss, false},
	} {
		name := "cache-" + operation.name
		benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
			a, err := operation.arena()
			if err != nil {
				return Row{}, err
			}
			if operation.refill {
				a.fill()
			}
			s.shareCollections = true
			return s.measure(name, "ns", 0, a.contenders(operation.goroutines, operation.setEvery)), nil
		}})
	}
	benchmarks = append(benchmarks, cacheGoroutines(some))
	benchmarks = append(benchmarks, batchBenchmarks()...)
	for size := 1000; size <= many.entries; size *= 10 {
		benchmarks = append(benchmarks, cacheGrowth(stock{size, many.valueSize}))
	}
	return append(benchmarks, largeBenchmarks(many)...)
}

// batchBenchmarks are what each of 32 keys costs that are used all the time, with values of 128 bytes, in one call for all.
func batchBenchmarks() []benchmark {
	const count = 32
	keys, values := make([]string, count), make([][]byte, count)
	for i := range keys {
		keys[i], values[i] = keyOf(i), make([]byte, 128)
	}
	type batches = *tandem.Cache[string, []byte]
	var benchmarks []benchmark
	for _, work := range []struct {
		name string
		run  func(batches) bool
	}{
		{"get", func(c batches) bool {
			_, found := c.GetMany(keys)
			return !slices.Contains(found, false)
		}},
		{"set", func(c batches) bool { return c.SetMany(keys, values) == nil }},
		{"set-delete", func(c batches) bool { return c.SetMany(keys, values) == nil && c.DeleteMany(keys) == count }},
	} {
		name := "cache-batch/" + work.name
		benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
			cache, err := tandem.New(tandem.Options[string, []byte]{})
			if err != nil {
				return Row{}, err
			}
			defer cache.Close()
			if cache.SetMany(keys, values) != nil || !work.run(cache) {
				return Row{}, errors.New("the cache does not hold what was set")
			}
			return s.measure(name, "ns", 0, []contender{{name: own, run: func(n int) {
				for ; n > 0; n -= count {
					work.run(cache)
				}
			}}}), nil
		}})
	}
	return benchmarks
}

// cacheGoroutines is which part of one goroutine's time a Get takes with two at work.
func cacheGoroutines(held stock) benchmark {
	const name = "cache-goroutines/get"
	return benchmark{name, func(s schedule) (Row, error) {
		a, err := newArena(held, []cacheLibrary{cacheLibraries[0], array}, drawZipf(held.entries, 1<<20))
		if err != nil {
			return Row{}, err
		}
		defer a.close()
		one, two := a.contenders(1, 0), a.contenders(2, 0)
		costs := s.measure("", "ns", 0, slices.Concat(one, two)).Measurements
		row := Row{Name: name, Unit: "x"}
		for i, c := range one {
			share := costs[len(one)+i].Cost / costs[i].Cost
			row.Measurements = append(row.Measurements, Measurement{Contender: c.name, Cost: share})
		}
		return row, nil
	}}
}

// cacheGrowth is what a Get costs with so many entries.
func cacheGrowth(held stock) benchmark {
	name := fmt.Sprintf("cache-growth/%s", short(float64(held.entries)))
	return benchmark{name, func(s schedule) (Row, error) {
		a, err := newArena(held, []cacheLibrary{cacheLibraries[0], array}, drawZipf(held.entries, 1<<20))
		if err != nil {
			return Row{}, err
		}
		defer a.close()
		return s.measure(name, "ns", 0, a.contenders(1, 0)), nil
	}}
}

// arena is where the caches meet.
type arena struct {
	stock
	libraries []cacheLibrary
	opened    []store
	// faults are what is wrong with what the caches hold.
	faults []error
	// draws are keys in the order in which they are asked for, one behind the other.
	draws string
}

func newArena(held stock, libraries []cacheLibrary, draws string) (*arena, error) {
	a := &arena{stock: held, libraries: libraries, draws: draws}
	for _, contender := range libraries {
		opened, err := contender.open(held)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", contender.name, err)
		}
		a.opened = append(a.opened, opened)
	}
	a.fill()
	return a, nil
}

// drawZipf returns that many keys, by Zipf's law with an exponent of 1.01.
func drawZipf(entries, count int) string {
	random := rand.New(rand.NewPCG(7, 0))
	zipf := rand.NewZipf(random, 1.01, 1, uint64(entries-1))
	// Popular keys are not neighbours.
	numbers := random.Perm(entries)
	var draws strings.Builder
	for range count {
		draws.WriteString(keyOf(numbers[zipf.Uint64()]))
	}
	return draws.String()
}

// drawUniform returns that many keys, all as likely.
func drawUniform(entries, count int) string {
	random := rand.New(rand.NewPCG(8, 0))
	var draws strings.Builder
	for range count {
		draws.WriteString(keyOf(random.IntN(entries)))
	}
	return draws.String()
}

// fill sets all keys in all caches, and checks that they are there.
func (a *arena) fill() {
	a.faults = nil
	for _, opened := range a.opened {
		a.faults = append(a.faults, guard(func() error { return fill(opened, a.stock) }))
	}
}

// close lets the memory of the caches go.
func (a *arena) close() {
	a.opened = nil
	runtime.GC() // twice, so that what is freed by cleanups is gone as well
	runtime.GC()
}

// contenders lets those caches work that return what was set.
func (a *arena) contenders(goroutines, setEvery int) []contender {
	contenders := make([]contender, len(a.opened))
	for i, opened := range a.opened {
		contenders[i].name = a.libraries[i].name
		if fault := a.faults[i]; fault != nil {
			contenders[i].fault = fault.Error()
			if !errors.Is(fault, errMissing) {
				continue
			}
		}
		contenders[i].run = func(n int) {
			var workers sync.WaitGroup
			for worker := 1; worker < goroutines; worker++ {
				workers.Go(func() { a.work(opened, worker, n/goroutines, setEvery) })
			}
			a.work(opened, 0, n-(goroutines-1)*(n/goroutines), setEvery)
			workers.Wait()
		}
	}
	return contenders
}

// errMissing is a fault that does not keep a cache from being measured.
var errMissing = errors.New("does not hold all that was set")

// fill sets all keys, and reads them again.
func fill(s store, held stock) error {
	value := make([]byte, held.valueSize)
	for number := range held.entries {
		key := keyOf(number)
		copy(value, key)
		s.set(key, value)
		if number%1000 == 999 {
			s.settle() // some drop what comes too fast
		}
	}
	s.settle()
	found := 0
	for number := range held.entries {
		key := keyOf(number)
		got, ok := s.get(key, value)
		if !ok {
			continue
		}
		if len(got) != held.valueSize || string(got[:keySize]) != key {
			return fmt.Errorf("returns a wrong value for %s", key)
		}
		found++
	}
	if found < held.entries {
		return fmt.Errorf("%w: %.2f %%", errMissing, 100*float64(found)/float64(held.entries))
	}
	return nil
}

// work does one goroutine's share of the operations, each beginning at a place of its own.
func (a *arena) work(s store, worker, count, setEvery int) {
	value, buffer := make([]byte, a.valueSize), make([]byte, a.valueSize)
	at := worker * len(a.draws) / 3 / keySize * keySize
	sum := byte(0)
	for i := range count {
		key := a.draws[at : at+keySize]
		if at += keySize; at == len(a.draws) {
			at = 0
		}
		if setEvery > 0 && i%setEvery == 0 {
			s.set(key, value)
			continue
		}
		// A value that is returned is there to be read: one byte of each of its cache lines, so that it must be fetched.
		if got, ok := s.get(key, buffer); ok {
			sum += got[0] + got[64] + got[a.valueSize-1]
		} else if setEvery == onMiss {
			s.set(key, value)
		}
	}
	value[0] = sum // the compiler must not drop it
}
