//go:build cgo

package json

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
	"tandem.example/go/internal/literal"
)

// Buffers come back as long as they are not too large, each to documents of its kind.
func TestPooledBuffers(t *testing.T) {
	for _, test := range []struct {
		name        string
		document    int
		words, text int
		kept        bool
	}{
		{"a small document", 100, 100, 100, true},
		{"a small document that was large", 100, 0, 17 * largeDocument, false},
		{"a large document", largeDocument, largeDocument, largeDocument, true},
		{"many words", largeDocument, maxPooled/8 + 1, 0, false},
		{"many bytes", largeDocument, 0, maxPooled + 1, false},
	} {
		kept := false
		// With the race detector, pools forget at random.
		for round := 0; round == 0 || test.kept && round < 20 && !kept; round++ {
			b := takeBuffers(test.document)
			b.growWords(test.words, 0)
			b.growText(test.text, 0)
			b.release()
			kept = takeBuffers(test.document) == b
		}
		if kept != test.kept {
			t.Errorf("%s: kept: %t", test.name, kept)
		}
	}
	large, small := takeBuffers(largeDocument), takeBuffers(largeDocument-1)
	large.release()
	if small.pool == large.pool || takeBuffers(0) == large {
		t.Error("a large document's buffers went to a small one")
	}
}

// There is memory for as many strings and floats as interfaces point to in a document, and no more.
func TestBoxesAreCounted(t *testing.T) {
	type open struct {
		A any
		B string
		C float64
	}
	for _, test := range []struct {
		text            string
		flags           uint32
		target          any
		strings, floats int
	}{
		{`{"a":["b",1,"",true,null],"c":"d","e":-2.5}`, 0, new(any), 3, 2},
		{`["a"` + strings.Repeat(`,"b"`, 2*maxBoxes) + `]`, 0, new(any), 2*maxBoxes + 1, 0},
		{`["a"` + strings.Repeat(`,"b"`, 2*maxBoxes) + `]`, ffi.DecodeBorrow, new([]any), 2*maxBoxes + 1, 0},
		{`[1,2,"3"]`, ffi.DecodeUseNumber, new(any), 1, 0},
		{`7`, 0, new(any), 0, 1},
		{`{"A":{"a":[1,"x"]},"B":"y","C":2}`, 0, new(open), 1, 1},
		{`["y"]`, 0, new([]string), 0, 0},
	} {
		b := takeBuffers(len(test.text))
		plan, target := planFor(test.target), (*eface)(unsafe.Pointer(&test.target)).data
		f := plan.run([]byte(test.text), test.flags, b)
		f.begin(plan)
		if err := f.store(plan.root, target, f.next()); err != nil {
			t.Fatal(err)
		}
		if f.boxes.strings.given != test.strings || f.boxes.strings.left() != 0 || f.boxes.floats.given != test.floats || f.boxes.floats.left() != 0 {
			t.Errorf("%s: memory for %d strings and %d floats, %d and %d of it not used", test.text,
				f.boxes.strings.given, f.boxes.floats.given, f.boxes.strings.left(), f.boxes.floats.left())
		}
		b.release()
	}
}

// Buffers that come back hold nothing that the caller's values refer to, nor the text or an error.
func TestBuffersKeepNoValues(t *testing.T) {
	type open struct {
		A any
		B []any
		C []string
		D map[string]*strings.Builder
		E []byte
		F []*int
		G refusing
	}
	for _, test := range []struct {
		text  string
		flags uint32
	}{
		{`{"A":["x",1,[],[1,"y"],{"z":null}],"B":[1,"x"],"C":["x","y"],"D":{"x":{}},"F":[1,2]}`, 0},
		{`{"C":["x","y"],"E":"@"}`, 0},
		{`{"B":["x\n","y"],"C":["x","\t"]}`, ffi.DecodeBorrow},
		{`{"C":["` + strings.Repeat("x", smallText) + `"]}`, 0},
		{`{"C":["x"],"G":1}`, 0},
		{`{"A":1`, 0},
	} {
		b := takeBuffers(0)
		v := any(new(open))
		plan, target := planFor(v), (*eface)(unsafe.Pointer(&v)).data
		if f := plan.run([]byte(test.text), test.flags, b); f != nil {
			f.begin(plan)
			if err := f.store(plan.root, target, f.next()); err != nil && !strings.Contains(test.text, "G") {
				t.Fatal(err)
			}
		}
		b.release()
		f := b.filler
		if f.text != nil || f.input != nil || f.block != "" || f.copied != "" ||
			!reflect.DeepEqual(f.boxes, boxes{}) {
			t.Errorf("%s: the filler holds %+v", test.text, f)
		}
		for i, c := range b.chunks[:cap(b.chunks)] {
			if c != (chunk{}) {
				t.Errorf("%s: chunk %d is %+v", test.text, i, c)
			}
		}
	}
}

type refusing struct{}

func (*refusing) UnmarshalJSON([]byte) error { return errors.New("refused") }

// So do renderers. A large text that the caller gets is no memory of theirs.
func TestPooledRenderers(t *testing.T) {
	for _, test := range []struct {
		name           string
		document, text int
		kept           bool
	}{
		{"a small document", 100, 100, true},
		{"a small document with a large text", 100, 17 * largeDocument, false},
		{"a large document", largeDocument, 2 * largeDocument, true},
		{"a huge text", largeDocument, maxPooled, false},
	} {
		kept := false
		// With the race detector, pools forget at random.
		for round := 0; round == 0 || test.kept && round < 20 && !kept; round++ {
			r := takeRenderer(test.document, false)
			r.reserve(test.text)
			r.release()
			kept = takeRenderer(test.document, false) == r
		}
		if kept != test.kept {
			t.Errorf("%s: kept: %t", test.name, kept)
		}
	}
}

// Nothing that was encoded is in a renderer that comes back, whatever its stacks of members had to grow for.
func TestRenderersKeepNoMembers(t *testing.T) {
	type named string // which makes a map that is read by reflection
	value, strings, other := map[string]any{}, map[string]string{}, map[named]any{}
	for i := range 100 {
		name := fmt.Sprint("member ", i)
		strings[name], other[named(name)], value[name] = name, name, name
	}
	value["strings"], value["other"] = strings, other
	for name := range 3 {
		value = map[string]any{"within": value, "other": map[named]any{"other": value}}
		for i := range 10 {
			value[fmt.Sprint(name, i)] = strings
		}
	}
	r, err := render(value, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range r.anys[:cap(r.anys)] {
		if m.name != "" || m.value != nil {
			t.Errorf("member %d is %q", i, m.name)
		}
	}
	for i, m := range r.strings[:cap(r.strings)] {
		if m != (member[string]{}) {
			t.Errorf("member %d of strings is %q", i, m.name)
		}
	}
	r.release()
}

// A text that is as long as the one before, or large, is no memory of a renderer's: whatever is written later, it stays.
func TestMarshalOwnMemory(t *testing.T) {
	type list []string // whose plan no other test has used
	var texts [][]byte
	var want []string
	for _, length := range []int{100, ownMemory, largeDocument, 2 * largeDocument, ownMemory} {
		for _, length := range []int{length, length, length + 9, length, length, length / 3, length / 3, 3 * length, length} {
			value := strings.Repeat(string(rune('a'+len(texts)%26)), length)
			text, err := Marshal(list{value})
			if err != nil {
				t.Fatal(err)
			}
			if spare := cap(text) - len(text); spare > len(text)/3+64 {
				t.Errorf("%d bytes with room for %d more", len(text), spare)
			}
			texts, want = append(texts, text), append(want, `["`+value+`"]`)
		}
	}
	for i := range texts {
		if string(texts[i]) != want[i] {
			t.Fatalf("text %d changed", i)
		}
	}
}

func TestMarshalOwnMemoryAllocations(t *testing.T) {
	for length := ownMemory; length < 3*largeDocument; length += 577 {
		value := []string{strings.Repeat("x", length)}
		allocations := testing.AllocsPerRun(100, func() { _, _ = Marshal(&value) })
		if allocations > 1 {
			t.Errorf("%v allocations for a text of %d bytes, the usual length", allocations, length)
		}
	}
}

// A document that is used again has its memory, and reading it takes none.
func TestDocumentAllocations(t *testing.T) {
	var d Document
	text := []byte(`{"a":[1,2,3],"b":{"c":"d"}}`)
	if allocations := testing.AllocsPerRun(100, func() {
		if err := d.Reset(text); err != nil {
			t.Fatal(err)
		}
		if v, err := d.Find("/b/c"); err != nil || !v.Exists() {
			t.Fatal(err)
		}
		if n, ok := d.Root().Get("a").Index(2).Int64(); !ok || n != 3 {
			t.Fatal(n, ok)
		}
	}); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// Nothing is allocated for encoding but what the caller gets.
func TestMarshalAllocations(t *testing.T) {
	type member struct {
		A int
		B map[string]string
		C map[int]float64
		D any
		E *member
	}
	value := member{1, map[string]string{"a": "b"}, map[int]float64{1: 2}, map[string]any{"x": []any{1.5, "y", nil}}, &member{}}
	times := []*time.Time{new(time.Time), {}}
	addresses := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Loopback()}
	dst := make([]byte, 0, 1<<10)
	for name, test := range map[string]struct {
		encode func()
		want   float64
	}{
		"AppendMarshal of a struct":  {func() { dst, _ = AppendMarshal(dst[:0], &value) }, 0},
		"AppendMarshal of a map":     {func() { dst, _ = AppendMarshal(dst[:0], value.D) }, 0},
		"AppendMarshal of a pointer": {func() { dst, _ = AppendMarshal(dst[:0], value.E) }, 0},
		"AppendMarshal of times":     {func() { dst, _ = AppendMarshal(dst[:0], &times) }, 0},
		"AppendMarshal of addresses": {func() { dst, _ = AppendMarshal(dst[:0], &addresses) }, 0},
		"Marshal":                    {func() { _, _ = Marshal(&value) }, 1},
		"MarshalIndent":              {func() { _, _ = MarshalIndent(&value, "", "\t") }, 1},
	} {
		// With the race detector, pools forget at random.
		least := testing.AllocsPerRun(1, test.encode)
		for range 50 {
			least = min(least, testing.AllocsPerRun(1, test.encode))
		}
		if least != test.want {
			t.Errorf("%s: %v allocations, want %v", name, least, test.want)
		}
	}
}

// They are learnt, too, if the collector takes each renderer away, when few are new, and when there was no room for them.
func TestNamesOutliveRenderers(t *testing.T) {
	defer func(latest *nameList) { latestNames.Store(latest) }(latestNames.Load())
	latestNames.Store(nil)
	encode := func(prefix string, members int) (known bool) {
		record := map[string]any{}
		for i := range members {
			record[fmt.Sprint(prefix, i)] = nil
		}
		r := &renderer{plans: plainPlans, form: literal.Plain}
		r.names.settle(false)
		if err := r.any(record); err != nil {
			t.Fatal(err)
		}
		known = len(r.names.list) > 0
		for name := range record {
			known = known && r.names.find(prefixOf(name), name) >= 0
		}
		r.names.settle(false) // what the next call with it does first
		return known
	}
	learn := func(prefix string, members int) {
		for range 2 * giveUpAfter {
			if encode(prefix, members) {
				return
			}
		}
		t.Errorf("%d members %q are not learnt", members, prefix)
	}
	for i := range 7 {
		learn(fmt.Sprint("table ", i, " "), maxRecord)
	}
	learn("few ", 9)
	learn("more ", 60)
	if length := len(latestNames.Load().list); length > maxNames {
		t.Errorf("%d names", length)
	}
}

// Names of records are learnt, whatever else comes: names that never come again take no room for ever.
func TestNamesOfRecords(t *testing.T) {
	n := names{nameList: &nameList{html: true}}
	known := func(members ...string) bool {
		order := make([]memberPlace, len(members))
		var set nameSet
		all := len(n.list) > 0
		for i, name := range members {
			order[i] = memberPlace{prefixOf(name), i}
			all = all && n.place(&set, order[i].prefix, name, i)
		}
		if !all {
			n.learn(order, func(number int) string { return members[number] })
			return false
		}
		n.arrange(&set, order)
		for i, p := range order {
			if got := n.list[p.prefix].name; got != members[p.number] || i > 0 && got <= n.list[order[i-1].prefix].name {
				t.Fatalf("%q is at %d of %q", got, i, members)
			}
		}
		return true
	}
	record := []string{"profile_text_color", "id", "profile_link_color", "name", "", "profile_background_color", "id_str", "\xff"}
	for round := range 3 {
		for range 10_000 {
			if known(record...) != (round > 0) {
				t.Fatalf("known in round %d: %t", round, round == 0)
			}
		}
		n.settle(true)
	}
	for i := range 20_000 {
		known("id", fmt.Sprint(i))
		n.settle(true)
	}
	if len(n.list)+len(n.fresh) > maxNames {
		t.Errorf("%d names", len(n.list)+len(n.fresh))
	}
	for range 20_000 {
		known("id", "other")
		n.settle(true)
	}
	if !known("other", "id") {
		t.Error("there is no room for others")
	}
	n = names{}
	n.settle(true)
	if !known("other", "id") {
		t.Error("others begin with nothing")
	}
	n.settle(false)
	if known("id", "other") {
		t.Error("literals are for HTML")
	}
}
