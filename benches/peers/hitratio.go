package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/Yiling-J/theine-go"
	"github.com/allegro/bigcache/v3"
	"github.com/coocood/freecache"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"

	tandem "tandem.example/go/cache"
)

// Hit ratios are in percent. The target of a row is the better of the rivals' less the tolerance; on average, both are
// to be beaten.
const tolerance = 1.0

// The caches in Go that adapt their policy.
var rivals = []string{"otter", "theine"}

// limitedLibrary opens stores that hold no more than a number of entries, or of bytes. Values are shared and never
// change, so nobody copies them for safety.
type limitedLibrary struct {
	name string
	// byEntries is nil if the library has no such limit, or none so small.
	byEntries func(limit int) (store, error)
	byBytes   func(limit int) (store, error)
}

var limitedLibraries = []limitedLibrary{
	{own, func(limit int) (store, error) {
		return limitedTandem(tandem.Options[string, []byte]{MaxEntries: limit, MaxBytes: int64(64<<20 + 256*limit)})
	}, func(limit int) (store, error) {
		return limitedTandem(tandem.Options[string, []byte]{MaxBytes: int64(limit)})
	}},
	{"otter", func(limit int) (store, error) {
		return limitedOtter(otter.Options[string, []byte]{MaximumSize: limit})
	}, func(limit int) (store, error) {
		return limitedOtter(otter.Options[string, []byte]{
			MaximumWeight: uint64(limit),
			Weigher:       func(key string, value []byte) uint32 { return uint32(len(key) + len(value)) },
		})
	}},
	{"theine", func(limit int) (store, error) {
		return limitedTheine(limit, func(string, []byte) int64 { return 1 })
	}, func(limit int) (store, error) { return limitedTheine(limit, weight) }},
	{"ristretto", func(limit int) (store, error) {
		return limitedRistretto(limit, limit, func(string, []byte) int64 { return 1 })
	}, func(limit int) (store, error) { return limitedRistretto(limit, limit/1000, weight) }},
	{"freecache", nil, limitedFreecache},
	{"bigcache", nil, limitedBigcache},
	{"fastcache", nil, limitedFastcache},
}

func weight(key string, value []byte) int64 { return int64(len(key) + len(value)) }

func limitedTandem(o tandem.Options[string, []byte]) (store, error) {
	cache, err := tandem.New(o)
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, buffer []byte) ([]byte, bool) { return cache.AppendGet(buffer[:0], key) },
		set:    func(key string, value []byte) { must(cache.Set(key, value)) },
		settle: nothingToDo,
	}, nil
}

func limitedOtter(o otter.Options[string, []byte]) (store, error) {
	// What is due is done by the caller, at once.
	o.Executor = func(work func()) { work() }
	cache, err := otter.New(&o)
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.GetIfPresent(key) },
		set:    func(key string, value []byte) { cache.Set(key, value) },
		settle: nothingToDo,
	}, nil
}

func limitedTheine(limit int, cost func(string, []byte) int64) (store, error) {
	cache, err := theine.NewBuilder[string, []byte](int64(limit)).Build()
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.Get(key) },
		set:    func(key string, value []byte) { cache.Set(key, value, cost(key, value)) },
		settle: cache.Wait,
	}, nil
}

func limitedRistretto(limit, entries int, cost func(string, []byte) int64) (store, error) {
	cache, err := ristretto.NewCache(&ristretto.Config[string, []byte]{
		NumCounters:        10 * int64(entries),
		MaxCost:            int64(limit),
		BufferItems:        64,
		IgnoreInternalCost: true,
	})
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.Get(key) },
		set:    func(key string, value []byte) { cache.Set(key, value, cost(key, value)) },
		settle: cache.Wait,
	}, nil
}

func limitedFreecache(limit int) (store, error) {
	cache := freecache.NewCache(limit)
	return store{
		get: func(key string, buffer []byte) ([]byte, bool) {
			value, err := cache.GetWithBuf(bytesOf(key), buffer)
			return value, err == nil
		},
		set:    func(key string, value []byte) { must(cache.Set(bytesOf(key), value, 0)) },
		settle: nothingToDo,
	}, nil
}

func limitedBigcache(limit int) (store, error) {
	config := bigcache.DefaultConfig(24 * time.Hour)
	// Few shards, so that the largest entries find room in one.
	config.Shards = 16
	config.HardMaxCacheSize = limit >> 20
	return configuredBigcache(config)
}

func limitedFastcache(limit int) (store, error) {
	cache := fastcache.New(limit)
	return store{
		get:    func(key string, buffer []byte) ([]byte, bool) { return cache.HasGet(buffer[:0], bytesOf(key)) },
		set:    func(key string, value []byte) { cache.Set(bytesOf(key), value) },
		settle: nothingToDo,
	}, nil
}

// hitRatios is what each library reached on one trace at one limit.
type hitRatios struct {
	name  string
	found map[string]float64
}

// target is what this project is to reach.
func (r hitRatios) target() float64 {
	best := 0.0
	for _, rival := range rivals {
		best = max(best, r.found[rival])
	}
	return best - tolerance
}

func (r hitRatios) ahead() float64 { return r.found[own] - r.target() }

// replay asks for the keys of a trace, one at a time, and stores what is not there. It returns the percentages of
// requests and of bytes that were.
func replay(s store, t trace) (requests, bytes float64) {
	const longest = 64 << 10
	value, buffer := make([]byte, longest), make([]byte, longest)
	keys := map[uint32]string{}
	var hits, hitBytes, allBytes int
	for _, number := range t.requests {
		key, known := keys[number]
		if !known {
			key = strconv.Itoa(int(number))
			keys[number] = key
		}
		size := 8
		if t.size != nil {
			size = t.size(number)
		}
		allBytes += size
		if _, ok := s.get(key, buffer); ok {
			hits++
			hitBytes += size
			continue
		}
		s.set(key, value[:size:size])
		s.settle()
	}
	return 100 * float64(hits) / float64(len(t.requests)), 100 * float64(hitBytes) / float64(allBytes)
}

// measureHitRatios replays a trace at each of its limits.
func measureHitRatios(t trace, wanted *regexp.Regexp) ([]hitRatios, error) {
	var rows []hitRatios
	for _, capacity := range t.capacities {
		row := hitRatios{fmt.Sprintf("%s at %d", t.name, capacity), map[string]float64{}}
		if !wanted.MatchString(row.name) {
			continue
		}
		for _, library := range limitedLibraries {
			if library.byEntries == nil {
				continue
			}
			s, err := library.byEntries(capacity)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", library.name, err)
			}
			row.found[library.name], _ = replay(s, t)
		}
		rows = append(rows, row)
	}
	if t.bytes > 0 {
		name := fmt.Sprintf("%s at %d MiB", t.name, t.bytes>>20)
		requests, bytes := hitRatios{name, map[string]float64{}}, hitRatios{name + ", bytes", map[string]float64{}}
		if !wanted.MatchString(name) {
			return rows, nil
		}
		for _, library := range limitedLibraries {
			s, err := library.byBytes(t.bytes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", library.name, err)
			}
			requests.found[library.name], bytes.found[library.name] = replay(s, t)
		}
		rows = append(rows, requests, bytes)
	}
	return rows, nil
}

// writeHitRatios prints the rows, the one that is farthest behind its target last, and the averages.
func writeHitRatios(w io.Writer, rows []hitRatios) error {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b hitRatios) int { return cmp.Compare(b.ahead(), a.ahead()) })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	header := []string{"hit ratio in %"}
	for _, library := range limitedLibraries {
		header = append(header, library.name)
	}
	fmt.Fprintln(t, strings.Join(append(header, "target", "ahead", ""), "\t"))
	sums := map[string]float64{}
	for _, row := range rows {
		columns := []string{row.name}
		for _, library := range limitedLibraries {
			found, ok := row.found[library.name]
			if !ok {
				columns = append(columns, "-")
				continue
			}
			sums[library.name] += found / float64(len(rows))
			columns = append(columns, fmt.Sprintf("%.2f", found))
		}
		fmt.Fprintf(t, "%s\t%.2f\t%+.2f\t\n", strings.Join(columns, "\t"), row.target(), row.ahead())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\non average %s %.2f", own, sums[own])
	for _, rival := range rivals {
		_, err = fmt.Fprintf(w, ", %s %.2f", rival, sums[rival])
	}
	fmt.Fprintf(w, "; targets are the better of %s less %g, on average both\n", strings.Join(rivals, " and "), tolerance)
	return err
}

// runHitRatios prints the table of the traces that are recorded and of those generated.
func runHitRatios(w io.Writer, wanted *regexp.Regexp) error {
	traces, err := recordedTraces()
	if err != nil {
		return err
	}
	var rows []hitRatios
	for _, t := range append(traces, generatedTraces()...) {
		measured, err := measureHitRatios(t, wanted)
		if err != nil {
			return err
		}
		for _, row := range measured {
			fmt.Fprintf(os.Stderr, "%s: %+.2f\n", row.name, row.ahead())
		}
		rows = append(rows, measured...)
	}
	if len(rows) == 0 {
		return fmt.Errorf("no row matches %q", wanted)
	}
	return writeHitRatios(w, rows)
}
