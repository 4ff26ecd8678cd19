package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestFillFindsFaults(t *testing.T) {
	const entries = 2000
	drop := func(key string, value []byte) []byte { return nil }
	mix := func(key string, value []byte) []byte { return append([]byte("user:0000000"), value[keySize:]...) }
	for name, c := range map[string]struct {
		// What becomes of the key number 7.
		spoil func(key string, value []byte) []byte
		want  string
	}{
		"right":   {nil, ""},
		"missing": {drop, "does not hold all that was set: 99.95 %"},
		"wrong":   {mix, "returns a wrong value for user:0000007"},
	} {
		held := map[string][]byte{}
		err := fill(store{
			get: func(key string, _ []byte) ([]byte, bool) {
				value, ok := held[key]
				if c.spoil != nil && key == keyOf(7) {
					value = c.spoil(key, value)
					ok = value != nil
				}
				return value, ok
			},
			set:    func(key string, value []byte) { held[key] = bytes.Clone(value) },
			settle: nothingToDo,
		}, stock{entries, 100})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || errors.Is(err, errMissing) != (name == "missing") || len(held) != entries {
			t.Errorf("%s: %q with %d entries, want %q", name, got, len(held), c.want)
		}
	}
}

func TestWorkGoesRoundTheKeys(t *testing.T) {
	a := arena{stock: stock{3, 100}, draws: keyOf(1) + keyOf(2) + keyOf(3)}
	var log strings.Builder
	s := store{
		get: func(key string, buffer []byte) ([]byte, bool) {
			log.WriteString(" get " + key[11:])
			return buffer, true
		},
		set: func(key string, value []byte) { log.WriteString(" set " + key[11:]) },
	}
	for _, c := range []struct {
		worker, count, setEvery int
		want                    string
	}{
		{0, 4, 0, " get 1 get 2 get 3 get 1"},
		{1, 3, 1, " set 2 set 3 set 1"},
		{0, 5, 4, " set 1 get 2 get 3 get 1 set 2"},
	} {
		log.Reset()
		if a.work(s, c.worker, c.count, c.setEvery); log.String() != c.want {
			t.Errorf("worker %d: %q, want %q", c.worker, log.String(), c.want)
		}
	}
}

// Each library holds and returns what it is given.
func TestStores(t *testing.T) {
	held := stock{10_000, 100}
	for _, library := range withArray {
		opened, err := library.open(held)
		if err != nil {
			t.Errorf("%s: %v", library.name, err)
			continue
		}
		if err := fill(opened, held); err != nil && !errors.Is(err, errMissing) {
			t.Errorf("%s: %v", library.name, err)
		}
	}
}

func TestDrawsFollowZipf(t *testing.T) {
	const entries, count = 1000, 20_000
	draws := drawZipf(entries, count)
	if len(draws) != count*keySize {
		t.Fatalf("%d bytes, want %d", len(draws), count*keySize)
	}
	times := map[string]int{}
	for at := 0; at < len(draws); at += keySize {
		times[draws[at:at+keySize]]++
	}
	most := 0
	for _, n := range times {
		most = max(most, n)
	}
	// Of 1,000 keys the first has a share of 1 in 7.2, and nearly all are asked for at times.
	if most < count/8 || most > count/6 || len(times) < entries*9/10 {
		t.Errorf("the most popular key has %d of %d draws, and %d keys have any", most, count, len(times))
	}
}
