package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// What caches hold: short keys, and values of two cache lines.
const (
	keySize   = 12
	valueSize = 128
)

// keyOf returns the key of a number.
func keyOf(number int) string { return fmt.Sprintf("user:%07d", number) }

// cacheOperations are what caches are compared in.
var cacheOperations = []struct {
	name       string
	goroutines int
	// One in this many operations is a Set, none if this is zero.
	setEvery int
	// Some caches have lost entries to the sets before, and are filled anew.
	refill bool
}{
	{"get/1", 1, 0, false},
	{"get/2", 2, 0, false},
	{"set/1", 1, 1, false},
	{"set/2", 2, 1, false},
	{"mixed/1", 1, 4, true},
	{"mixed/2", 2, 4, false},
}

// cacheBenchmarks are the rows of the caches. All caches hold all keys; which are asked for follows Zipf's law.
// Names end in the number of goroutines.
func cacheBenchmarks(entries int) []benchmark {
	// Rows share the caches, which live to the end of the program.
	shared := sync.OnceValues(func() (*arena, error) { return newArena(entries) })
	var benchmarks []benchmark
	for _, operation := range cacheOperations {
		name := "cache-" + operation.name
		benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
			a, err := shared()
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
	return append(benchmarks, memoryBenchmarks(entries)...)
}

// arena is where the caches meet.
type arena struct {
	entries int
	opened  []store
	// faults are what is wrong with what the caches hold.
	faults []error
	// draws are keys in the order in which they are asked for, one behind the other.
	draws string
}

func newArena(entries int) (*arena, error) {
	a := &arena{entries: entries, draws: drawKeys(entries, 1<<20)}
	for _, contender := range cacheLibraries {
		opened, err := contender.open(entries)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", contender.name, err)
		}
		a.opened = append(a.opened, opened)
	}
	a.fill()
	return a, nil
}

// drawKeys returns that many keys, by Zipf's law with an exponent of 1.01.
func drawKeys(entries, count int) string {
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

// fill sets all keys in all caches, and checks that they are there.
func (a *arena) fill() {
	a.faults = nil
	for _, opened := range a.opened {
		a.faults = append(a.faults, guard(func() error { return fill(opened, a.entries) }))
	}
}

// contenders lets those caches work that return what was set.
func (a *arena) contenders(goroutines, setEvery int) []contender {
	contenders := make([]contender, len(a.opened))
	for i, opened := range a.opened {
		contenders[i].name = cacheLibraries[i].name
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
func fill(s store, entries int) error {
	value := make([]byte, valueSize)
	for number := range entries {
		key := keyOf(number)
		copy(value, key)
		s.set(key, value)
		if number%1000 == 999 {
			s.settle() // some drop what comes too fast
		}
	}
	s.settle()
	found := 0
	for number := range entries {
		key := keyOf(number)
		got, ok := s.get(key, value)
		if !ok {
			continue
		}
		if len(got) != valueSize || string(got[:keySize]) != key {
			return fmt.Errorf("returns a wrong value for %s", key)
		}
		found++
	}
	if found < entries {
		return fmt.Errorf("%w: %.2f %%", errMissing, 100*float64(found)/float64(entries))
	}
	return nil
}

// work does one goroutine's share of the operations, each beginning at a place of its own.
func (a *arena) work(s store, worker, count, setEvery int) {
	value, buffer := make([]byte, valueSize), make([]byte, valueSize)
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
			sum += got[0] + got[64] + got[valueSize-1]
		}
	}
	value[0] = sum // the compiler must not drop it
}
