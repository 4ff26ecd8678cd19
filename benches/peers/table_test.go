package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTableEndsWithTheWorstRow(t *testing.T) {
	speed := rowOf("decode/b", own, 2000.0, "x", 1000.0)
	speed.TextBytes = 441
	rows := []Row{speed, rowOf("cache/a", own, 10.0, "x", 20.0), rowOf("cache/c", "x", 12.5), rowOf("cache/d", own, 40.0, "x", 40.0)}
	rows[3].Measurements[1].Fault = "odd"
	rows[1].Measurements[0].Allocs, rows[1].Measurements[0].AllocBytes = 0.004, 1.504
	rows[1].Measurements[1].Rounds = nil
	var text strings.Builder
	if err := writeTable(&text, rows); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		strings.Fields("row tandem allocs bytes best peer allocs bytes ratio"),
		strings.Fields("cache/c - - - x 12.5 ns 0 0 -"),
		strings.Fields("cache/a 10 ns 0 1.5 x 20 ns - - 2.00"),
		strings.Fields("cache/d 40 ns 0 0 x* 40 ns 0 0 1.00"),
		strings.Fields("decode/b 220 MB/s 0 0 x 441 MB/s 0 0 0.50"),
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), text.String())
	}
	for i, line := range lines {
		if got := strings.Join(strings.Fields(line), " "); got != strings.Join(want[i], " ") {
			t.Errorf("line %d is %q, want %q", i, got, strings.Join(want[i], " "))
		}
	}
}

func TestShort(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 1.5: "1.5", 36.48: "36.5", 441: "441", 1217.4: "1217", 65312: "65.3k", 9.29e6: "9.29M", 2.5e9: "2.5G",
	} {
		if got := short(value); got != want {
			t.Errorf("short(%v) = %q, want %q", value, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	first := rowOf("encode/a", "x", 1.0, "y", 0.0)
	first.Measurements[0].Fault, first.Measurements[1].Fault = "odd", "broken"
	second := rowOf("encode/b", "x", 1.0, "y", 2.0)
	second.Measurements[0].Fault = "odd"
	var text strings.Builder
	if err := writeFaults(&text, []Row{first, second}); err != nil {
		t.Fatal(err)
	}
	if want := "* x: odd: encode/a, encode/b\n* y: broken (not measured): encode/a\n"; text.String() != want {
		t.Errorf("got %q, want %q", text.String(), want)
	}
}

func TestSummary(t *testing.T) {
	rows := []Row{
		rowOf("other/1", own, 10.0, "x", 40.0), rowOf("encode/1", own, 10.0, "x", 20.0, "sonic", 15.0),
		rowOf("other/2", own, 10.0, "x", 10.0), rowOf("encode/2", own, 10.0, "x", 5.0, "sonic", 20.0), rowOf("alone/1", own, 1.0),
		rowOf("cache-heap/growth", own, 0.5, "x", 0.25),
	}
	var text strings.Builder
	if err := writeSummary(&text, rows); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(text.String()), " ")
	want := "rows mean goal least goal other 2.00 - 1.00 - 2 " +
		"encode, same semantics 1.00 1.3 0.50 1.0 2 encode, sonic 1.73 1.1 1.50 1.0 1 " +
		"cache-heap/growth 0.5 ns at most 1 ns"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPlotIsSVG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.svg")
	if err := writePlot(path, []Row{rowOf("a/1", own, 10.0, "x", 40.0), rowOf("b/1", "x", 1.0)}); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	elements := map[string]int{}
	for decoder := xml.NewDecoder(file); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local]++
		}
	}
	if elements["svg"] != 1 || elements["path"] == 0 || elements["text"] == 0 {
		t.Errorf("elements %v", elements)
	}
}
