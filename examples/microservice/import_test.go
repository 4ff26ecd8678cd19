package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecords(t *testing.T) {
	const a = `{"sku":"A","name":"Ant","category":"x","price":1,"colour":"ignored"}`
	const b = `{"id":7,"title":" Bee ","category":"x","price":2.5,"tags":null}`
	for _, c := range []struct {
		name, text string
		want       string // records: line, then the SKU or the beginning of the reason
	}{
		{"lines", a + "\n" + b + "\n", "1:A 2:7"},
		{"no last newline", a + "\n" + b, "1:A 2:7"},
		{"blank lines, CRLF, byte order mark", "\ufeff\r\n" + a + "\r\n\r\n  \r\n" + b + "\r\n", "2:A 5:7"},
		{"bad lines", a + "\n{\"sku\":\n[]\nnull\n\"x\"\n" + b, "1:A 2:unexpected 3:must 4:sku 5:must 6:7"},
		{"bad values", `{"sku":"A","name":5,"category":"x","price":1}` + "\n" + `{"sku":true,"name":"n","category":"x","price":1}` +
			"\n" + `{"sku":"A b","name":"n","category":"","price":-1}`, "1:name 2:sku 3:sku"},
		{"array", "[" + a + "," + b + "]\n", "1:A 1:7"},
		{"indented array", "\n[\n  " + a + ",\n\n  " + strings.ReplaceAll(b, ",", ",\n   ") + ",\n {}\n]\n", "3:A 5:7 10:sku"},
		{"empty array", " [ ] ", ""},
		{"empty", "", ""},
		{"cut array", "[" + a + ",\n" + b[:20], "1:A 1:the"},
		{"array without its end", "[" + a + ",\n" + b, "1:A 2:7 2:the"},
		{"broken array", "[" + a + ",\n" + b + "\n" + a + "]", "1:A 2:7 3:the"},
		{"two arrays", "[" + a + "]\n[" + b + "]", "1:A 2:the"},
		{"identifiers", `{"id":"x-1","name":"n","category":"x","price":1}` + "\n" + `{"id":1,"sku":2,"name":"n","category":"x","price":1}`, "1:x-1 2:2"},
	} {
		var got []string
		for r := range readRecords(strings.NewReader(c.text)) {
			what := r.product.SKU
			if r.err != nil {
				what, _, _ = strings.Cut(r.err.Error(), " ")
			}
			got = append(got, fmt.Sprintf("%d:%s", r.line, what))
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// endless is a record that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestRecordWithoutEnd(t *testing.T) {
	for _, begin := range []string{`[{"name":"`, `{"name":"`} {
		rest := &endless{}
		count := 0
		for r := range readRecords(io.MultiReader(strings.NewReader(begin), rest)) {
			if count++; r.err == nil {
				t.Errorf("%s: %+v", begin, r)
			}
		}
		if count != 1 || rest.read > 4*maxRecord {
			t.Errorf("%s: %d records in %d bytes", begin, count, rest.read)
		}
	}
}

// snapshot is all that the store holds, times included.
func snapshot(t *testing.T, s *store) string {
	t.Helper()
	products, err := s.list(t.Context(), filter{limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(products)
}

func TestImport(t *testing.T) {
	s := newTestStore(t)
	var text strings.Builder
	for n := range 2*batchSize + 10 {
		fmt.Fprintf(&text, `{"id":%d,"sku":"S-%d","name":"Name %d","category":"c","price":%d.5}`+"\n", n+1, n+1, n, n)
	}
	text.WriteString(`{"id":1,"sku":"S-2","name":"Name","category":"c","price":1}` + "\n") // SKU of another
	text.WriteString(`{"sku":"S-3","name":"Name 2","category":"c","price":2.5}` + "\n")    // as it is there
	text.WriteString(`not JSON` + "\n")
	for round := range 2 {
		i := load(t, s, readRecords(strings.NewReader(text.String())))
		if i.committed != 2*batchSize+11 || i.refused != 2 {
			t.Fatalf("round %d: imported %d, refused %d", round, i.committed, i.refused)
		}
	}
	before := snapshot(t, s)
	load(t, s, readRecords(strings.NewReader(text.String())))
	if snapshot(t, s) != before {
		t.Error("importing the same again changed something")
	}

	load(t, s, readRecords(strings.NewReader(`[{"sku":"S-5","name":"Zebra","category":"d","price":9.99,"tags":["a"]}]`)))
	p, err := s.get(t.Context(), 5)
	if err != nil || p.Name != "Zebra" || p.Category != "d" || p.Price != 9.99 || len(p.Tags) != 1 {
		t.Errorf("replaced by SKU: %+v, %v", p, err)
	}
	load(t, s, readRecords(strings.NewReader(`{"id":6,"sku":"other","name":"Name 5","category":"c","price":5.5}`)))
	if p, err := s.get(t.Context(), 6); err != nil || p.SKU != "other" {
		t.Errorf("given another SKU: %+v, %v", p, err)
	}
	for word, want := range map[string]bool{"zebra": true, "name": false} {
		found, err := s.list(t.Context(), filter{words: []string{word}, after: 4, limit: 1})
		if err != nil || len(found) != 1 || (found[0].ID == 5) != want {
			t.Errorf("%s finds %+v, %v", word, found, err)
		}
	}
}

// What was committed before an interruption stays, and importing again completes it.
func TestImportInterrupted(t *testing.T) {
	s := newTestStore(t)
	ctx, interrupt := context.WithCancel(t.Context())
	records := func(yield func(record) bool) {
		for n := range 2*batchSize + 1 {
			if n == batchSize+batchSize/2 {
				interrupt()
			}
			p := Product{SKU: fmt.Sprint("S-", n), Name: "Name", Category: "c"}
			if !yield(record{product: p}) {
				return
			}
		}
	}
	i := importer{store: s, stderr: t.Output()}
	if err := i.run(ctx, records); err == nil || i.committed != batchSize {
		t.Errorf("%d committed, %v", i.committed, err)
	}
	for _, want := range []int{batchSize, 2*batchSize + 1} {
		products, err := s.list(t.Context(), filter{limit: 100_000})
		if err != nil || len(products) != want {
			t.Errorf("%d products, want %d; %v", len(products), want, err)
		}
		load(t, s, records)
	}
}

// fillFrom starts the service's database with the given -data, and returns what it printed.
func fillFrom(t *testing.T, s *store, data string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := fill(t.Context(), s, config{db: "test.db", data: data}, out, out); err != nil {
		return err.Error()
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFill(t *testing.T) {
	s := newTestStore(t)
	if out := fillFrom(t, s, ""); !strings.Contains(out, "3000 sample products") {
		t.Error(out)
	}
	before := snapshot(t, s)
	if out := fillFrom(t, s, ""); !strings.Contains(out, "as it was left") || snapshot(t, s) != before {
		t.Error(out)
	}
	if out := fillFrom(t, s, "no such file"); !strings.Contains(out, "no such file") {
		t.Error(out)
	}
	file := filepath.Join(t.TempDir(), "bad.ndjson")
	if err := os.WriteFile(file, []byte(strings.Repeat("{}\n", 50)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := fillFrom(t, s, file)
	if strings.Count(out, "bad.ndjson:") != maxReported || !strings.Contains(out, "bad.ndjson:20: ") ||
		!strings.Contains(out, "Imported 0 products") || !strings.Contains(out, "refused 50 records") {
		t.Error(out)
	}
}
