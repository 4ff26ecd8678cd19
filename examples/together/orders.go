package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const exampleCount = 20_000

// exampleOrders returns orders of a shop, one a line, the same each time.
func exampleOrders() string {
	var (
		random  = rand.New(rand.NewPCG(2026, 11))
		pick    = func(from ...string) string { return from[random.IntN(len(from))] }
		text    strings.Builder
		goods   = []string{"Sencha", "Darjeeling", "Earl Grey", "Oolong", "Rooibos", "Kettle, copper", "Cup, weiß", "Tray, oak"}
		created = 1_790_000_000
	)
	for n := range exampleCount {
		created += random.IntN(600)
		fmt.Fprintf(&text, `{"id":"order-%05d","created":%d,"customer":{"name":%q,"city":%q},"items":[`, n+1, created,
			pick("Zoë", "Ada", "Grace", "Linus", "Barbara", "Niklaus")+" "+pick("Almeida", "Brook", "Öberg", "Nakamura", "Díaz"),
			pick("Lisboa", "Göteborg", "Kyoto", "Galway", "Montréal"))
		total := 0
		for i := range 1 + random.IntN(4) {
			if i > 0 {
				text.WriteByte(',')
			}
			product, quantity := random.IntN(len(goods)), 1+random.IntN(5)
			cents := 100*(4+3*product) + 10*random.IntN(10)
			total += quantity * cents
			fmt.Fprintf(&text, `{"sku":"T-%04d","name":%q,"quantity":%d,"price":%d.%02d}`,
				product*100+random.IntN(100), goods[product], quantity, cents/100, cents%100)
		}
		fmt.Fprintf(&text, `],"total":%d.%02d,"currency":"EUR","paid":%t,"note":%s}`+"\n",
			total/100, total%100, random.IntN(4) > 0, pick(`null`, `null`, `"Ring twice"`, `"Für Oma \u2615"`))
	}
	return text.String()
}
