package main

import (
	"fmt"
	"testing"
	"time"
)

// Every contender that can do the work runs once a round; the others are reported with what is wrong.
func TestMeasure(t *testing.T) {
	var order []string
	runs := func(name string) func(int) {
		return func(int) {
			time.Sleep(2 * time.Millisecond) // so long that one run fills a round
			order = append(order, name)
		}
	}
	s := schedule{rounds: 6, round: time.Millisecond}
	row := s.measure("group/row", "ns", 100, []contender{
		{name: "a", run: runs("a")},
		{name: "b", fault: "broken"},
		{name: "c", run: runs("c"), fault: "odd"},
	})
	// Three runs to find how often to run, then two a round: one for the pools, one measured.
	const before = 2 * 3
	if want := before + 2*2*s.rounds; len(order) != want {
		t.Fatalf("%d runs, want %d", len(order), want)
	}
	for i := before; i < len(order); i += 4 {
		if order[i] != order[i+1] || order[i+2] != order[i+3] || order[i] == order[i+2] {
			t.Errorf("a round ran %v", order[i:i+4])
		}
	}
	for i, want := range []struct {
		rounds   int
		measured bool
		fault    string
	}{{s.rounds, true, ""}, {0, false, "broken"}, {s.rounds, true, "odd"}} {
		m := row.Measurements[i]
		if len(m.Rounds) != want.rounds || m.measured() != want.measured || m.Fault != want.fault {
			t.Errorf("%s: %+v, want %+v", m.Contender, m, want)
		}
	}
}

func TestBestOfRounds(t *testing.T) {
	var m Measurement
	for _, s := range []sample{{30, 3, 64}, {10, 4, 80}, {20, 2, 96}} {
		m.add(s)
	}
	want := Measurement{Cost: 10, Allocs: 2, AllocBytes: 64, Rounds: []float64{30, 10, 20}}
	if fmt.Sprint(m) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", m, want)
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		row   Row
		best  string
		ratio float64
		found bool
	}{
		{rowOf("slower", own, 20.0, "x", 10.0, "y", 30.0), "x", 0.5, true},
		{rowOf("faster", "x", 15.0, own, 10.0), "x", 1.5, true},
		{rowOf("broken", own, 0.0, "x", 10.0), "x", 0, false},
		{rowOf("broken peers", own, 10.0, "x", 0.0), "", 0, false},
		{rowOf("absent", "x", 10.0), "x", 0, false},
	} {
		best, _ := c.row.bestPeer(allPeers)
		ratio, found := c.row.ratio()
		if best.Contender != c.best || ratio != c.ratio || found != c.found {
			t.Errorf("%s: best %q, ratio %v, %t", c.row.Name, best.Contender, ratio, found)
		}
	}
}

// rowOf builds a row from contenders and their costs.
func rowOf(name string, pairs ...any) Row {
	row := Row{Name: name, Unit: "ns"}
	for i := 0; i < len(pairs); i += 2 {
		m := Measurement{Contender: pairs[i].(string), Cost: pairs[i+1].(float64)}
		m.Rounds = []float64{m.Cost}
		row.Measurements = append(row.Measurements, m)
	}
	return row
}
