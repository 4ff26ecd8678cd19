package corpus

import "fmt"

// The type of a small document: the order that a shop takes.
type (
	PurchaseOrder struct {
		ID       string          `json:"id"`
		Customer Customer        `json:"customer"`
		Items    []PurchasedItem `json:"items"`
		Total    float64         `json:"total"`
		Currency string          `json:"currency"`
		Paid     bool            `json:"paid"`
		Created  int64           `json:"created"`
		Coupon   *string         `json:"coupon"`
		Notes    string          `json:"notes,omitempty"`
	}
	Customer struct {
		ID    int64    `json:"id"`
		Name  string   `json:"name"`
		Email string   `json:"email"`
		Tags  []string `json:"tags"`
	}
	PurchasedItem struct {
		SKU      string            `json:"sku"`
		Name     string            `json:"name"`
		Quantity int               `json:"quantity"`
		Price    float64           `json:"price"`
		Options  map[string]string `json:"options"`
	}
)

// Order generates an order of that many items; one of two items takes about 440 bytes.
func Order(items int) Document {
	return document[PurchaseOrder]("order", order(newSource(1), items), "")
}

// Orders generates that many orders of one to four items, one on each line.
func Orders(lines int) Document {
	s := newSource(9)
	return documentLines[PurchaseOrder]("orders", lines, func() any { return order(s, s.between(1, 4)) })
}

func order(s source, items int) object {
	total := 0.0
	lines := several(items, func(int) any {
		price, quantity := s.cents(200), s.between(1, 4)
		total += price * float64(quantity)
		return object{
			{"sku", fmt.Sprintf("%s-%04d", pick(s, []string{"CHR", "DSK", "LMP", "SHF"}), s.IntN(10000))},
			{"name", pick(s, []string{"Walnut \"Ada\" chair", "Oak desk, 160 cm", "Reading lamp", "Wall shelf"})},
			{"quantity", quantity},
			{"price", price},
			{"options", object{{"color", pick(s, []string{"black", "oak", "weiß"})}}},
		}
	})
	return object{
		{"id", "ord_" + s.hex(16)},
		{"customer", object{
			{"id", s.id(7)},
			{"name", "Zoë Almeida"},
			{"email", "zoe.almeida@example.com"},
			{"tags", array{"business", "newsletter"}},
		}},
		{"items", lines},
		{"total", float64(int(total*100)) / 100},
		{"currency", "EUR"},
		{"paid", true},
		{"created", 1700000000 + s.IntN(1000000)},
		{"coupon", nil},
		{"notes", "Ring twice"},
	}
}
