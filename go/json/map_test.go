package json_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Names that begin alike, end early, or have bytes that are no text are in encoding/json's order, few and many of them.
func TestMarshalSortsMaps(t *testing.T) {
	type word string
	names := []string{
		"", "\x00", "\x00\x00", "a", "a\x00", "aa", "abcdefg", "abcdefg\x00", "abcdefgh", "abcdefghi", "abcdefghj", "abcdefgi",
		"b", "\x7f", "\u0080", "\u00e4", "\u2028", "\ufffd", "\U0001F600", "\xff", "\xff\xff", "<", ">", "&", "\"", "\\",
		"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyy", "10", "9", "-1",
	}
	for count := range len(names) + 1 {
		open, strings, words, lists := map[string]any{}, map[string]string{}, map[word]int{}, map[string][]any{}
		numbers, small := map[int64]any{}, map[uint8]bool{}
		for i, name := range names[:count] {
			open[name] = map[string]any{name: i, "x": []any{i, name}, "a": nil}
			strings[name], words[word(name)], lists[name] = name, i, []any{name, i}
			numbers[int64(i*i*i*7919-1000)], small[uint8(i*7)] = i, i%2 == 0
		}
		for _, m := range []any{open, strings, words, lists, numbers, small, map[string]any{"m": numbers, "s": strings}} {
			sameEncodeAnywhere(t, m)
		}
	}
}

// noting fails if it is asked to, and notes that it was called.
type noting struct {
	name  string
	fails bool
	calls *[]string
}

func (n noting) MarshalJSON() ([]byte, error) {
	*n.calls = append(*n.calls, n.name)
	if n.fails {
		return nil, fmt.Errorf("%s fails", n.name)
	}
	return []byte(`"` + n.name + `"`), nil
}

// Methods of members are called once, in the order of names, and the first error counts.
func TestMarshalCallsMethodsOfMembersInOrder(t *testing.T) {
	for _, fails := range []string{"", "c", "cdf", "abcdefghijklmnopqrst"} {
		var calls []string
		value := func(name string) noting { return noting{name, strings.Contains(fails, name), &calls} }
		typed, open, nested := map[string]noting{}, map[string]any{}, map[int]map[string]any{}
		var names []string
		for i := range 20 {
			name := string(rune('a' + i))
			names = append(names, name)
			typed[name], open[name], nested[i+10] = value(name), value(name), map[string]any{"x": 1, "y": value(name)}
		}
		for _, m := range []any{typed, open, nested, []any{1, open}, map[string]any{"m": typed}} {
			// The first call does not know yet that methods will be called.
			for range 2 {
				sameEncode(t, m)
				calls = nil
				_, err := ours.marshal(m)
				want := names
				if fails != "" {
					want = names[:strings.Index(strings.Join(names, ""), fails[:1])+1]
				}
				if !slices.Equal(calls, want) || (err == nil) != (fails == "") {
					t.Errorf("%T: calls of %q, want %q, error %v", m, calls, want, err)
				}
			}
		}
	}
}

// shrinking takes members from the map that it is in.
type shrinking struct{ m map[string]any }

func (s shrinking) MarshalJSON() ([]byte, error) {
	delete(s.m, "z")
	return []byte("1"), nil
}

func TestMarshalMapsThatChange(t *testing.T) {
	fresh := func() any {
		m := map[string]any{"z": 1}
		m["a"] = shrinking{m}
		return m
	}
	got, err := ours.marshal(fresh())
	want, wanted := json.Marshal(fresh())
	if string(got) != string(want) || err != nil || wanted != nil {
		t.Errorf("%s, %v, want %s, %v", got, err, want, wanted)
	}
}

// paired is a key that has its name in common with another.
type paired int

func (p paired) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "pair %02d", p/2), nil }

// Members of one name are written all, also where their names are known from maps before.
func TestMarshalWritesMembersOfOneName(t *testing.T) {
	m, others := map[paired]int{}, map[string]int{}
	for i := range 20 {
		m[paired(i)] = i / 2
		others[fmt.Sprint(i)] = i
	}
	for range 10 {
		sameEncodeAnywhere(t, []any{others, m})
	}
}
