package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestHitRatiosEndWithTheWorstRow(t *testing.T) {
	rows := []hitRatios{
		{"a at 1", map[string]float64{own: 10, "otter": 20, "theine": 15, "ristretto": 30}},
		{"b at 2", map[string]float64{own: 50, "otter": 40.25, "theine": 45, "freecache": 1}},
	}
	var text strings.Builder
	if err := writeHitRatios(&text, rows); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"hit ratio in % tandem otter theine ristretto freecache bigcache fastcache target ahead",
		"b at 2 50.00 40.25 45.00 - 1.00 - - 44.00 +6.00",
		"a at 1 10.00 20.00 15.00 30.00 - - - 19.00 -9.00",
		"",
		"on average tandem 30.00, otter 30.12, theine 30.00; " +
			"targets are the better of otter and theine less 1, on average both",
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	if !slices.Equal(lines, want) {
		t.Errorf("the table is\n%s", text.String())
	}
}

func TestReplayCountsHits(t *testing.T) {
	held := map[string]int{}
	all := store{
		get: func(key string, _ []byte) ([]byte, bool) {
			size, ok := held[key]
			return make([]byte, size), ok
		},
		set:    func(key string, value []byte) { held[key] = len(value) },
		settle: nothingToDo,
	}
	uneven := trace{requests: []uint32{1, 2, 1, 1, 2}, size: func(key uint32) int { return int(100 * key) }}
	if requests, bytes := replay(all, uneven); requests != 60 || bytes != 100*400.0/700 {
		t.Errorf("%g %% of the requests and %g %% of the bytes", requests, bytes)
	}
	if held["1"] != 100 || held["2"] != 200 {
		t.Errorf("what was stored has the sizes %v", held)
	}
}

func TestEachLibraryKeepsWhatItHasRoomFor(t *testing.T) {
	requests := make([]uint32, 4000)
	for i := range requests {
		requests[i] = uint32(i % 40)
	}
	few := trace{
		name: "few", requests: requests, capacities: []int{1000}, bytes: 64 << 20, size: func(uint32) int { return 1000 },
	}
	rows, err := measureHitRatios(few, regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		for name, found := range row.found {
			if found != 99 {
				t.Errorf("%s: %s found %g %%", row.name, name, found)
			}
		}
	}
}

func TestReadTrace(t *testing.T) {
	compressed := func(content string) []byte {
		var text bytes.Buffer
		w := gzip.NewWriter(&text)
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return text.Bytes()
	}
	for name, c := range map[string]struct {
		content []byte
		want    []uint32 // nil if it can't be read
	}{
		"two":       {compressed("\x01\x00\x00\x00\x00\x01\x00\x80"), []uint32{1, 0x80000100}},
		"none":      {compressed(""), []uint32{}},
		"part":      {compressed("\x01\x00\x00\x00\x00"), nil},
		"plain":     {[]byte("\x01\x00\x00\x00"), nil},
		"truncated": {compressed("\x01\x00\x00\x00")[:20], nil},
	} {
		path := filepath.Join(t.TempDir(), "trace")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readTrace(path)
		if (err != nil) != (c.want == nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := readTrace(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a trace that is missing was read")
	}
}
