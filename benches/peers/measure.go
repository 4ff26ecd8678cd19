package main

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// contender is one library's way to do the work of a row.
type contender struct {
	name string
	// run does the work that many times. It is nil if the library can't do it right: fault says why.
	run   func(n int)
	fault string
}

// Row is one piece of work and what it cost each contender.
type Row struct {
	Name string `json:"name"`
	// TextBytes is the size of the text that an operation reads or writes; with it, cost reads as speed.
	TextBytes int `json:"text_bytes,omitempty"`
	// Unit is what cost is counted in.
	Unit         string        `json:"unit"`
	Measurements []Measurement `json:"measurements"`
}

// Measurement is what a row's work cost one contender.
type Measurement struct {
	Contender string `json:"contender"`
	// Cost is that of one operation in the best of the rounds.
	Cost float64 `json:"cost"`
	// Rounds are the costs of all rounds, in their order.
	Rounds []float64 `json:"rounds,omitempty"`
	// Allocs and AllocBytes are the objects and bytes of Go's heap that an operation allocates, at best as well.
	Allocs     float64 `json:"allocs"`
	AllocBytes float64 `json:"alloc_bytes"`
	// Fault says in what the contender's results are not those of the others. Without a cost, it was not measured.
	Fault string `json:"fault,omitempty"`
}

func (m Measurement) measured() bool { return m.Cost > 0 }

// schedule says how long to measure.
type schedule struct {
	rounds int
	// round is about how long one contender runs in one round.
	round time.Duration
	// shareCollections has the garbage collected once a round, not before each turn: for rows with a heap that
	// takes longer to collect than a turn takes.
	shareCollections bool
}

// measure runs each contender once a round, in an order drawn anew each time, so that what disturbs the machine hits all
// alike. Each begins with a heap that was collected before.
func (s schedule) measure(name, unit string, textBytes int, contenders []contender) Row {
	row := Row{Name: name, Unit: unit, TextBytes: textBytes, Measurements: make([]Measurement, len(contenders))}
	counts := make([]int, len(contenders))
	for i, c := range contenders {
		row.Measurements[i] = Measurement{Contender: c.name, Fault: c.fault}
		if c.run != nil {
			counts[i] = count(c.run, s.round)
		}
	}
	// A fixed seed: two runs of the program differ in nothing but the machine's mood.
	random := rand.New(rand.NewPCG(1, uint64(len(name))))
	for range s.rounds {
		runtime.GC()
		for _, i := range random.Perm(len(contenders)) {
			if contenders[i].run == nil {
				continue
			}
			if !s.shareCollections {
				runtime.GC()
			}
			row.Measurements[i].add(once(contenders[i].run, counts[i]))
		}
	}
	return row
}

// add notes the sample of a round.
func (m *Measurement) add(s sample) {
	m.Rounds = append(m.Rounds, s.nanoseconds)
	if len(m.Rounds) == 1 {
		m.Cost, m.Allocs, m.AllocBytes = s.nanoseconds, s.allocs, s.bytes
		return
	}
	m.Cost = min(m.Cost, s.nanoseconds)
	m.Allocs = min(m.Allocs, s.allocs)
	m.AllocBytes = min(m.AllocBytes, s.bytes)
}

// count finds how often to run so that it takes about the given time.
func count(run func(n int), limit time.Duration) int {
	for n := 1; ; n *= 2 {
		// The shortest of three: a busy machine makes any one of them look long.
		elapsed := min(timed(run, n), timed(run, n), timed(run, n))
		if elapsed >= limit/4 {
			return max(1, int(float64(n)*float64(limit)/float64(elapsed)))
		}
	}
}

func timed(run func(n int), n int) time.Duration {
	start := time.Now()
	run(n)
	return time.Since(start)
}

// sample is what one operation cost, on average over a run.
type sample struct{ nanoseconds, allocs, bytes float64 }

func once(run func(n int), n int) sample {
	var before, after runtime.MemStats
	run(1) // collections empty pools
	runtime.ReadMemStats(&before)
	elapsed := timed(run, n)
	runtime.ReadMemStats(&after)
	return sample{
		nanoseconds: float64(elapsed.Nanoseconds()) / float64(n),
		allocs:      float64(after.Mallocs-before.Mallocs) / float64(n),
		bytes:       float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}
}

// own is the contender that the others are peers of.
const own = "tandem"

// find returns the measurement of a contender.
func (r Row) find(contender string) (Measurement, bool) {
	i := slices.IndexFunc(r.Measurements, func(m Measurement) bool { return m.Contender == contender })
	if i < 0 || !r.Measurements[i].measured() {
		return Measurement{}, false
	}
	return r.Measurements[i], true
}

// bestPeer returns the cheapest of the others that are chosen.
func (r Row) bestPeer(chosen func(Measurement) bool) (best Measurement, found bool) {
	for _, m := range r.Measurements {
		if m.Contender != own && m.measured() && chosen(m) && (!found || m.Cost < best.Cost) {
			best, found = m, true
		}
	}
	return best, found
}

// ratio is how many times as fast (or as small) as the best peer this project is.
func (r Row) ratio() (ratio float64, found bool) { return r.ratioTo(allPeers) }

func (r Row) ratioTo(chosen func(Measurement) bool) (ratio float64, found bool) {
	ours, measured := r.find(own)
	best, peers := r.bestPeer(chosen)
	if !measured || !peers {
		return 0, false
	}
	return best.Cost / ours.Cost, true
}
