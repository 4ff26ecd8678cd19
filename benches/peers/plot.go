package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// writePlot draws a chart for each group of rows, one below the other: for each row a bar for each contender, as long as
// the contender is fast, the best peer's being 1.
func writePlot(path string, rows []Row) error {
	var groups []string
	members := map[string][]Row{}
	for _, row := range rows {
		group, _ := row.split()
		if members[group] == nil {
			groups = append(groups, group)
		}
		members[group] = append(members[group], row)
	}
	const width, height = 30 * vg.Centimeter, 8 * vg.Centimeter
	canvas := vgsvg.New(width, height*vg.Length(len(groups)))
	tiles := draw.Tiles{Rows: len(groups), Cols: 1, PadX: vg.Centimeter, PadY: vg.Centimeter}
	for i, group := range groups {
		chart, err := groupChart(group, members[group])
		if err != nil {
			return err
		}
		chart.Draw(tiles.At(draw.New(canvas), 0, i))
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func groupChart(group string, rows []Row) (*plot.Plot, error) {
	var labels, contenders []string
	seen := map[string]bool{}
	for _, row := range rows {
		_, label := row.split()
		labels = append(labels, label)
		for _, m := range row.Measurements {
			if !seen[m.Contender] {
				seen[m.Contender] = true
				contenders = append(contenders, m.Contender)
			}
		}
	}
	chart := plot.New()
	chart.Title.Text = group
	chart.Y.Label.Text = "best peer = 1, more is better"
	chart.Y.Min = 0
	chart.NominalX(labels...)
	chart.Legend.Top = true

	const space = 22 * vg.Centimeter // for bars, beside the axis and the legend
	width := space / vg.Length(len(rows)*(len(contenders)+1))
	for i, contender := range contenders {
		bars, err := plotter.NewBarChart(heights(rows, contender), width)
		if err != nil {
			return nil, err
		}
		bars.Color = barColor(i, contender)
		bars.LineStyle.Width = 0
		bars.Offset = width * vg.Length(float64(i)-float64(len(contenders)-1)/2)
		chart.Add(bars)
		chart.Legend.Add(contender, bars)
	}
	// Adding the bars has set the limits to theirs: half a group more on the left, and the legend on the right.
	chart.X.Min, chart.X.Max = -0.5, float64(len(rows))*1.12-0.5
	return chart, nil
}

// heights are a contender's bars, zero where it was not measured.
func heights(rows []Row, contender string) plotter.Values {
	values := make(plotter.Values, len(rows))
	for i, row := range rows {
		best, found := row.bestPeer(allPeers)
		if m, ok := row.find(contender); ok && found {
			values[i] = best.Cost / m.Cost
		}
	}
	return values
}

// barColor is black for this project, and light for its peers.
func barColor(i int, contender string) color.Color {
	if contender == own {
		return color.Black
	}
	return plotutil.SoftColors[i%len(plotutil.SoftColors)]
}
