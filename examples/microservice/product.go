package main

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Product as clients see it. Its id and the time of its last change are the service's.
type Product struct {
	ID          int64     `json:"id"`
	SKU         string    `json:"sku"`
	Name        string    `json:"name"`
	Category    string    `json:"category"`
	Description string    `json:"description"`
	Price       float64   `json:"price"` // in whole cents
	Stock       int64     `json:"stock"`
	Tags        tags      `json:"tags"`
	Updated     time.Time `json:"updated"`
}

type tags []string

// The members of products in requests.
var (
	requiredMembers = []string{"sku", "name", "category", "price"}
	optionalMembers = []string{"id", "description", "stock", "tags", "updated"}
)

const (
	maxPrice = 1_000_000
	maxStock = 1_000_000_000
	maxTags  = 32
	// maxID is the largest number that all JSON implementations agree on (RFC 8259, section 6).
	maxID = 1<<53 - 1
)

var skuPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (p Product) cents() int64 { return int64(math.Round(p.Price * 100)) }

// faults says what is wrong with the values of a product, member by member.
func (p Product) faults() []fault {
	var faults []fault
	check := func(ok bool, pointer, detail string, arguments ...any) {
		if !ok {
			faults = append(faults, fault{Pointer: pointer, Detail: fmt.Sprintf(detail, arguments...)})
		}
	}
	text := func(pointer, value string, shortest, longest int) {
		length := utf8.RuneCountInString(value)
		check(shortest <= length && length <= longest, pointer,
			"must have %d to %d characters, has %d", shortest, longest, length)
		check(strings.TrimSpace(value) == value, pointer, "must not begin or end with space")
		check(!strings.ContainsFunc(value, isControl), pointer, "must not have control characters")
	}
	check(p.ID >= 0 && p.ID <= maxID, "/id", "must be from 1 to %d", maxID)
	check(skuPattern.MatchString(p.SKU), "/sku",
		"must have 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit")
	text("/name", p.Name, 1, 200)
	text("/category", p.Category, 1, 64)
	text("/description", p.Description, 0, 4000)
	check(p.Price >= 0 && p.Price <= maxPrice, "/price", "must be from 0 to %d", maxPrice)
	check(math.Abs(p.Price*100-math.Round(p.Price*100)) < 1e-4, "/price", "must have at most two decimals")
	check(p.Stock >= 0 && p.Stock <= maxStock, "/stock", "must be from 0 to %d", maxStock)
	check(len(p.Tags) <= maxTags, "/tags", "must have at most %d elements, has %d", maxTags, len(p.Tags))
	for i, tag := range p.Tags {
		text(fmt.Sprintf("/tags/%d", i), tag, 1, 40)
	}
	return faults
}

func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
