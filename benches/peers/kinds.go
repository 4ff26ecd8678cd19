package main

import (
	"encoding/binary"
	std "encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"tandem.example/go/internal/corpus"
)

// Types whose values the documents have few of.
type (
	account struct {
		ID      int64   `json:"id"`
		Name    string  `json:"name"`
		Email   string  `json:"email"`
		Active  bool    `json:"active"`
		Balance float64 `json:"balance"`
	}
	// An account for which names have to be matched without regard to case, and one of which most is left out.
	untagged struct {
		ID      int64
		Name    string
		Email   string
		Active  bool
		Balance float64
	}
	identity struct {
		ID int64 `json:"id"`
	}
	dated struct {
		Created time.Time  `json:"created"`
		Updated *time.Time `json:"updated"`
	}
	optional struct {
		Name  *string           `json:"name,omitempty"`
		Count *int              `json:"count,omitempty"`
		Tags  []string          `json:"tags,omitempty"`
		Notes map[string]string `json:"notes,omitempty"`
		Rate  float64           `json:"rate,omitempty"`
		Next  *optional         `json:"next,omitempty"`
	}
	envelope struct {
		Type    string         `json:"type"`
		Payload std.RawMessage `json:"payload"`
	}
	Place struct {
		X int    `json:"x"`
		Y string `json:"y"`
	}
	placed struct {
		*Place
		Weight float32 `json:"weight"`
	}
	quoted struct {
		Whole int64   `json:"whole,string"`
		Part  float64 `json:"part,string"`
		Flag  bool    `json:"flag,string"`
	}
)

// kinds are documents of one kind of value each.
func kinds() []corpus.Document {
	random := rand.New(rand.NewPCG(7, 8))
	text := func(length int) string {
		b := make([]byte, length)
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz     ABC"[random.IntN(34)]
		}
		return string(b)
	}
	newAccount := func() account {
		return account{random.Int64N(1e9), text(12), text(20), random.IntN(2) == 0, float64(random.IntN(1e6)) / 100}
	}
	documents := []corpus.Document{
		kind("account", newAccount()),
		kind("accounts", list(20, newAccount)),
		as[[]untagged](kind("untagged", list(20, newAccount))),
		as[[]identity](kind("identities", list(20, newAccount))),
		kind("pointers", list(100, func() *account { a := newAccount(); return &a })),
		kind("strings", list(200, func() string { return text(random.IntN(30)) })),
		kind("letters", list(200, func() string {
			return []string{"東京都港区", "Привет, мир! Как дела?", "café au lait, s'il vous plaît", "on my way 🚗💨"}[random.IntN(4)]
		})),
		kind("ints", list(200, func() int { return random.IntN(2 << random.IntN(40)) })),
		kind("long-ints", list(200, func() int64 { return 1e18 + random.Int64N(1e18) })),
		kind("int8s", list(200, func() int8 { return int8(random.IntN(256) - 128) })),
		kind("floats", list(200, random.NormFloat64)),
		kind("float32s", list(200, func() float32 { return float32(random.NormFloat64()) })),
		kind("bools", list(200, func() bool { return random.IntN(2) == 0 })),
		kind("matrix", list(200, func() []int { return []int{random.IntN(10), random.IntN(100), random.IntN(1000)} })),
		kind("numbers", list(200, func() std.Number { return std.Number(fmt.Sprint(random.IntN(1e6))) })),
		kind("addresses", list(200, func() netip.Addr {
			return netip.AddrFrom4([4]byte(binary.LittleEndian.AppendUint32(nil, random.Uint32())))
		})),
		kind("bytes", map[string][]byte{"data": list(1000, func() byte { return byte(random.Uint32()) })}),
		kind("times", list(20, func() dated {
			t := time.UnixMilli(1_770_000_000_000 + random.Int64N(1e9)).UTC()
			return dated{t, &t}
		})),
		kind("optional", list(20, func() optional {
			name := text(10)
			return optional{Name: &name, Tags: []string{"x", "y"}, Rate: 1.5, Next: &optional{Notes: map[string]string{"k": "v"}}}
		})),
		kind("raw", list(20, func() envelope {
			payload, err := std.Marshal(newAccount())
			must(err)
			return envelope{text(6), payload}
		})),
		kind("embedded", list(20, func() placed { return placed{&Place{random.IntN(100), text(6)}, random.Float32()} })),
		kind("quoted", list(20, func() quoted { return quoted{random.Int64(), random.Float64(), random.IntN(2) == 0} })),
		kind("escapes", strings.Join(list(40, func() string { return text(40) }), "\n\t\"quoted\" <b>& \\ ")),
	}
	for _, members := range []int{5, 50} {
		documents = append(documents,
			kind(fmt.Sprint("map-text-", members), dictionary(members, func() (string, string) { return text(8), text(15) })),
			kind(fmt.Sprint("map-int-", members), dictionary(members, func() (string, int) { return text(8), random.IntN(10_000) })),
			kind(fmt.Sprint("map-of-int-", members), dictionary(members, func() (int, string) { return random.IntN(1e6), text(10) })),
			kind(fmt.Sprint("map-account-", members), dictionary(members, func() (string, account) { return text(8), newAccount() })))
	}
	return documents
}

func kind[T any](name string, value T) corpus.Document {
	data, err := std.Marshal(value)
	must(err)
	return corpus.Document{Name: name, Data: data, New: func() any { return new(T) }}
}

// as returns a document that is decoded into values of another type.
func as[T any](d corpus.Document) corpus.Document {
	d.New = func() any { return new(T) }
	return d
}

func list[T any](length int, element func() T) []T {
	list := make([]T, length)
	for i := range list {
		list[i] = element()
	}
	return list
}

func dictionary[K comparable, V any](members int, member func() (K, V)) map[K]V {
	m := make(map[K]V, members)
	for len(m) < members {
		key, value := member()
		m[key] = value
	}
	return m
}
