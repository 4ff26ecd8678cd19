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
		best, _ := row.bestPeer()
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

// means returns the geometric mean of the ratios of each group of rows: those whose names begin alike.
func means(rows []Row) (groups []string, mean map[string]float64) {
	logs, counts := map[string]float64{}, map[string]float64{}
	for _, row := range rows {
		ratio, ok := row.ratio()
		if !ok {
			continue
		}
		group, _ := row.split()
		if counts[group] == 0 {
			groups = append(groups, group)
		}
		logs[group] += math.Log(ratio)
		counts[group]++
	}
	mean = map[string]float64{}
	for _, group := range groups {
		mean[group] = math.Exp(logs[group] / counts[group])
	}
	return groups, mean
}

// split parts a row's name into that of its group and its own.
func (r Row) split() (group, label string) {
	group, label, _ = strings.Cut(r.Name, "/")
	return group, label
}
