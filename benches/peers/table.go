package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// writeTable compares this project with the best peer of each row, the row where it does worst last. Rows that lack one
// of the two come first.
func writeTable(w io.Writer, rows []Row) error {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Compare(rank(b), rank(a))
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "row\t"+own+"\tallocs\tbytes\tbest peer\t\tallocs\tbytes\tratio\t")
	for _, row := range rows {
		ours, _ := row.find(own)
		best, _ := row.bestPeer(allPeers)
		ratio := "-"
		if value, ok := row.ratio(); ok {
			ratio = fmt.Sprintf("%.2f", value)
		}
		fmt.Fprintln(t, strings.Join([]string{
			row.Name, row.columns(ours), best.Contender + mark(best), row.columns(best), ratio, "",
		}, "\t"))
	}
	return t.Flush()
}

// rank orders rows: by ratio, without one first.
func rank(row Row) float64 {
	if ratio, ok := row.ratio(); ok {
		return ratio
	}
	return math.Inf(1)
}

// columns are the cost and the allocations of one contender.
func (r Row) columns(m Measurement) string {
	if !m.measured() {
		return "-\t-\t-"
	}
	allocs, bytes := "-", "-"
	if m.Rounds != nil {
		allocs, bytes = short(hundredths(m.Allocs)), short(hundredths(m.AllocBytes))
	}
	return strings.Join([]string{r.format(m.Cost), allocs, bytes}, "\t")
}

// format writes a cost as what readers compare: speed where there is a text.
func (r Row) format(cost float64) string {
	if r.TextBytes > 0 {
		return fmt.Sprintf("%.0f MB/s", speed(r.TextBytes, cost))
	}
	return short(cost) + " " + r.Unit
}

// speed is in MB/s.
func speed(textBytes int, nanoseconds float64) float64 {
	return float64(textBytes) / nanoseconds * 1000
}

// short writes a number with about three digits.
func short(value float64) string {
	for _, scale := range []struct {
		limit  float64
		suffix string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if value >= scale.limit {
			unit := scale.limit
			if scale.suffix == "k" {
				unit = 1e3
			}
			return fmt.Sprintf("%.3g%s", value/unit, scale.suffix)
		}
	}
	if value >= 100 || value == math.Trunc(value) {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}

// hundredths drops what the runtime allocates by the way.
func hundredths(value float64) float64 { return math.Round(100*value) / 100 }

// mark is what stands behind the name of a contender that has a fault, for the reader to look below.
func mark(m Measurement) string {
	if m.Fault != "" {
		return "*"
	}
	return ""
}

// writeFaults lists who got what wrong.
func writeFaults(w io.Writer, rows []Row) error {
	names := map[string][]string{}
	var order []string
	for _, row := range rows {
		for _, m := range row.Measurements {
			if m.Fault == "" {
				continue
			}
			label := m.Contender + ": " + m.Fault
			if !m.measured() {
				label += " (not measured)"
			}
			if names[label] == nil {
				order = append(order, label)
			}
			names[label] = append(names[label], row.Name)
		}
	}
	slices.Sort(order)
	for _, label := range order {
		if _, err := fmt.Fprintf(w, "* %s: %s\n", label, strings.Join(names[label], ", ")); err != nil {
			return err
		}
	}
	return nil
}

// A goal is what the rows of a group are to reach beside their best peers: in the geometric mean, and at least.
type goal struct {
	group       string
	label       string // which peers, if not all
	peers       func(Measurement) bool
	mean, least float64
	// Or what our own cost is to be at most.
	costMost float64
}

func allPeers(Measurement) bool { return true }

func only(name string) func(Measurement) bool {
	return func(m Measurement) bool { return m.Contender == name }
}

func but(name string) func(Measurement) bool {
	return func(m Measurement) bool { return m.Contender != name }
}

// offHeap are the caches that the garbage collector does not scan.
func offHeap(m Measurement) bool {
	return slices.Contains([]string{"freecache", "bigcache", "fastcache"}, m.Contender)
}

// goals are those of the rows that have one.
var goals = []goal{
	{group: "decode", mean: 2, least: 1.4},
	{group: "decode-any", mean: 1.5, least: 1.2},
	// sonic's default neither escapes HTML nor replaces what is not UTF-8, and does not sort.
	{group: "encode", label: "same semantics", peers: but("sonic"), mean: 1.3, least: 1},
	{group: "encode", label: "sonic", peers: only("sonic"), mean: 1.1, least: 1},
	{group: "encode-any", label: "same semantics", peers: but("sonic"), mean: 1.5, least: 1.2},
	{group: "kinds-encode", label: "same semantics", peers: but("sonic")},
	{group: "document", label: "simdjson", peers: only("simdjson"), mean: 0.6, least: 0.4},
	{group: "document", label: "in Go", peers: but("simdjson"), mean: 1.5, least: 0.4},
	{group: "stream", mean: 2, least: 1.5},
	{group: "body"},
	{group: "valid", mean: 3, least: 2},
	{group: "compact", mean: 3, least: 2},
	{group: "indent", mean: 3, least: 2},
	{group: "cache-get", label: "off the heap", peers: offHeap, mean: 1.3, least: 1.3},
	{group: "cache-get", label: "otter", peers: only("otter"), mean: 0.8, least: 0.8},
	{group: "cache-set", mean: 1, least: 1},
	{group: "cache-mixed", mean: 1, least: 1},
	{group: "cache-large", mean: 1.3, least: 1.3},
	{group: "cache-tail", label: "otter", peers: only("otter"), mean: 4, least: 4},
	{group: "cache-memory", mean: 1, least: 1},
	{group: "cache-heap", costMost: 1},
	{group: "cache-collection", costMost: 1},
	{group: "cache-goroutines", costMost: 1 / 1.8},
	{group: "cache-batch", costMost: 10},
}

// writeSummary prints what each group of rows has reached, and its goal.
func writeSummary(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nrows\tmean\tgoal\tleast\tgoal\t\t")
	var groups []string
	for _, row := range rows {
		if group, _ := row.split(); !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	for _, group := range groups {
		wanted := slices.DeleteFunc(slices.Clone(goals), func(g goal) bool { return g.group != group })
		if len(wanted) == 0 {
			wanted = []goal{{group: group}}
		}
		for _, g := range wanted {
			if g.costMost > 0 {
				continue
			}
			if mean, least, worst := g.reached(rows); worst != "" {
				fmt.Fprintf(t, "%s\t%.2f\t%s\t%.2f\t%s\t%s\t\n", strings.TrimSuffix(group+", "+g.label, ", "),
					mean, orDash(g.mean), least, orDash(g.least), worst)
			}
		}
	}
	for _, row := range rows {
		group, _ := row.split()
		ours, measured := row.find(own)
		for _, g := range goals {
			if g.group == group && measured && g.costMost > 0 {
				fmt.Fprintf(t, "%s\t\t\t%s\tat most %s\t\t\n", row.Name, row.format(ours.Cost), row.format(g.costMost))
			}
		}
	}
	return t.Flush()
}

func orDash(value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", value)
}

// reached returns the geometric mean of the ratios of the goal's rows, the least of them, and which row has that; no row if
// none of them can be compared.
func (g goal) reached(rows []Row) (mean, least float64, worst string) {
	peers := g.peers
	if peers == nil {
		peers = allPeers
	}
	sum, count := 0.0, 0.0
	for _, row := range rows {
		group, label := row.split()
		ratio, ok := row.ratioTo(peers)
		if !ok || group != g.group {
			continue
		}
		if worst == "" || ratio < least {
			least, worst = ratio, label
		}
		sum += math.Log(ratio)
		count++
	}
	return math.Exp(sum / count), least, worst
}

// split parts a row's name into that of its group and its own.
func (r Row) split() (group, label string) {
	group, label, _ = strings.Cut(r.Name, "/")
	return group, label
}
