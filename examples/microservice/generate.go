package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

const sampleCount = 3000

// A productLine is what the products of a category are made of.
type productLine struct {
	category string
	kinds    []string
	variants []string
	sizes    []string
	price    float64 // of the smallest
	promise  string
}

var productLines = []productLine{
	{"coffee", []string{"Espresso", "Filter Coffee", "Decaf", "House Blend", "Single Origin"},
		[]string{"Ethiopian", "Colombian", "Guatemalan", "Kenyan", "Sumatran", "Brazilian"},
		[]string{"250 g", "500 g", "1 kg"}, 6.9, "Roasted in small batches every week."},
	{"tea", []string{"Sencha", "Darjeeling", "Earl Grey", "Oolong", "Rooibos", "Jasmine Tea"},
		[]string{"Organic", "First Flush", "Smoky", "Loose Leaf", "Hand-picked"},
		[]string{"50 g", "100 g", "250 g"}, 4.5, "Best steeped for three minutes."},
	{"kitchen", []string{"Saucepan", "Mixing Bowl", "Chopping Board", "Kettle", "Serving Tray", "Crème Brûlée Dish"},
		[]string{"Steel", "Copper", "Oak", "Stoneware", "Enamel"},
		[]string{"small", "medium", "large"}, 14.9, "Made to be used every day."},
	{"stationery", []string{"Notebook", "Sketchbook", "Pencil Case", "Desk Calendar", "Folder"},
		[]string{"Linen", "Leather", "Recycled", "Felt", "Cork"},
		[]string{"A6", "A5", "A4"}, 5.9, "Paper that takes ink well, from forests that are looked after."},
	{"lighting", []string{"Desk Lamp", "Pendant", "Floor Lamp", "Lantern", "Reading Light"},
		[]string{"Opal", "Matt Black", "Rattan", "Smoked Glass", "Brass"},
		[]string{"20 cm", "30 cm", "45 cm"}, 29, "Dimmable, with a warm white bulb."},
	{"garden", []string{"Watering Can", "Planter", "Bird Feeder", "Seed Tray", "Trug"},
		[]string{"Galvanised", "Terracotta", "Cedar", "Zinc", "Willow"},
		[]string{"small", "medium", "large"}, 8.5, "Built to stay outside all year."},
	{"bags", []string{"Backpack", "Tote", "Weekender", "Messenger Bag", "Wash Bag"},
		[]string{"Canvas", "Waxed", "Leather", "Recycled", "Felt"},
		[]string{"10 l", "20 l", "35 l"}, 24, "Repaired free of charge for as long as you carry it."},
	{"outdoor", []string{"Tent", "Sleeping Mat", "Rain Jacket", "Down Vest", "Hammock"},
		[]string{"Ultralight", "Alpine", "Trail", "Expedition", "Classic"},
		[]string{"S", "M", "L"}, 39, "Tested above the tree line."},
}

var makers = []string{
	"Ahlström", "Brook & Vale", "Casa Verde", "Dún Laoghaire Works", "Fjordlys", "Kintsugi", "Mill Lane", "Öresund",
}

// samples yields sampleCount products, the same each time.
func samples(yield func(record) bool) {
	random := rand.New(rand.NewPCG(2026, 11))
	for n := range sampleCount {
		line := productLines[random.IntN(len(productLines))]
		kind, variant, maker := pick(random, line.kinds), pick(random, line.variants), pick(random, makers)
		size := random.IntN(len(line.sizes))
		price := line.price * (1 + 0.7*float64(size)) * (1 + 0.5*random.Float64())
		p := Product{
			SKU:      fmt.Sprintf("%s-%04d", strings.ToUpper(line.category[:3]), n+1),
			Name:     fmt.Sprintf("%s %s %s, %s", maker, variant, kind, line.sizes[size]),
			Category: line.category,
			Price:    math.Round(price*10) / 10,
			Stock:    int64(random.IntN(200)),
			Tags:     tags{strings.ToLower(variant)},
		}
		p.Description = fmt.Sprintf("%s %s by %s. %s", variant, strings.ToLower(kind), maker, line.promise)
		if random.IntN(5) == 0 {
			p.Tags = append(p.Tags, "new")
		}
		if !yield(record{product: p}) {
			return
		}
	}
}

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }
