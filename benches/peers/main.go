// Program peers measures Tandem beside the libraries that a Go program would use in its place.
//
// All run in one process, in rounds: in each round every contender does every piece of work once, in a new order, and the
// best of its rounds counts. What they return is checked first. The program prints a table of ratios to the best peer,
// and writes all it measured as JSON, and as a plot.
//
//	go run . -short                       # the whole table in a few minutes, with few rounds and a small cache
//	go run . -run '^decode/' -rounds 20   # some rows, with care
//	go run . -hitratio                    # what the caches keep, not how fast they are
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// benchmark is a row to come.
type benchmark struct {
	name string
	run  func(schedule) (Row, error)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("peers: ")
	pattern := flag.String("run", "", "measure only rows whose name matches this `regexp`")
	rounds := flag.Int("rounds", 10, "how many `times` to run each contender")
	quick := flag.Bool("short", false, "short rounds, few of them if -rounds is not given")
	entries := flag.Int("entries", 1_000_000, "how many `entries` the caches hold, ten times as many in some rows; a tenth with -short")
	out := flag.String("out", "../../target/bench", "`folder` for peers.json and peers.svg")
	first := flag.String("first", "", "print how long a first use takes, `operation/codec`; the program asks copies of itself")
	footprint := flag.String("footprint", "", "print what a `cache/entries/size` costs; the program asks copies of itself")
	hitRatio := flag.Bool("hitratio", false, "replay traces through the caches, and print their hit ratios")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q; rows are chosen with -run", flag.Arg(0))
	}

	if *first != "" {
		if err := printFirstUse(*first); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *footprint != "" {
		if err := printFootprint(*footprint); err != nil {
			log.Fatal(err)
		}
		return
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		log.Fatal(err)
	}
	if *hitRatio {
		if err := runHitRatios(os.Stdout, wanted); err != nil {
			log.Fatal(err)
		}
		return
	}
	s := schedule{rounds: *rounds, round: 50 * time.Millisecond}
	if *quick {
		s.round = 10 * time.Millisecond
		if !given("rounds") {
			s.rounds = 3
		}
		if !given("entries") {
			*entries /= 10
		}
	}
	if err := run(wanted, s, *entries, *out); err != nil {
		log.Fatal(err)
	}
}

func given(name string) (found bool) {
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// Report is what a run of the program measured, and where.
type Report struct {
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

func run(wanted *regexp.Regexp, s schedule, entries int, out string) error {
	benchmarks, err := jsonBenchmarks()
	if err != nil {
		return err
	}
	benchmarks = append(benchmarks, parallelBenchmarks()...)
	benchmarks = append(benchmarks, scalingBenchmarks()...)
	benchmarks = append(benchmarks, crossingBenchmarks()...)
	// Last, since millions of entries change how the garbage collector behaves.
	benchmarks = append(benchmarks, cacheBenchmarks(entries)...)

	report := Report{Machine: thisMachine()}
	for _, b := range benchmarks {
		if !wanted.MatchString(b.name) {
			continue
		}
		row, err := b.run(s)
		if err != nil {
			return err
		}
		writeProgress(os.Stderr, row)
		report.Rows = append(report.Rows, row)
	}
	if len(report.Rows) == 0 {
		return fmt.Errorf("no row matches %q", wanted)
	}
	report.Machine.LoadAfter = load()

	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := report.writeJSON(filepath.Join(out, "peers.json")); err != nil {
		return err
	}
	if err := writePlot(filepath.Join(out, "peers.svg"), report.Rows); err != nil {
		return err
	}
	return report.writeText(os.Stdout)
}

func (r Report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// writeText prints the machine, the table and what belongs to it.
func (r Report) writeText(w io.Writer) error {
	fmt.Fprintln(w, r.Machine)
	if err := writeTable(w, r.Rows); err != nil {
		return err
	}
	if err := writeFaults(w, r.Rows); err != nil {
		return err
	}
	return writeSummary(w, r.Rows)
}

// writeProgress prints what each contender took for a row.
func writeProgress(w io.Writer, row Row) {
	fmt.Fprintf(w, "%-28s", row.Name)
	for _, m := range row.Measurements {
		cost := "-"
		if m.measured() {
			cost = row.format(m.Cost)
		}
		fmt.Fprintf(w, "  %s%s %s", m.Contender, mark(m), cost)
	}
	fmt.Fprintln(w)
}
