package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const valid = `{"sku":"T-1","name":"Teapot","category":"tea","price":19.9,"stock":3,"tags":["new"]}`

func TestRefusals(t *testing.T) {
	s := newTestService(t)
	long := strings.Repeat("x", maxBody)
	with := func(old, new string) string { return strings.Replace(valid, old, new, 1) }
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		method, path, body string
		header             []string
		status             int
		where              string // the pointer, parameter or position of the first fault
	}{
		{"GET", "/products/0", "", nil, 404, ""},
		{"GET", "/products/-1", "", nil, 404, ""},
		{"GET", "/products/007", "", nil, 404, ""},
		{"GET", "/products/99999", "", nil, 404, ""},
		{"GET", "/products/99999999999999999999", "", nil, 404, ""},
		{"GET", "/products/%00%ff", "", nil, 404, ""},
		{"GET", "/products/", "", nil, 404, ""},
		{"GET", "/favicon.ico", "", nil, 404, ""},
		{"PATCH", "/products/1", "", nil, 405, ""},
		{"DELETE", "/products", "", nil, 405, ""},
		{"POST", "/healthz", "", nil, 405, ""},
		{"POST", "/metrics", "", nil, 405, ""},
		{"POST", "/", "", nil, 405, ""},

		{"GET", "/products?limit=0", "", nil, 400, "limit"},
		{"GET", "/products?limit=101", "", nil, 400, "limit"},
		{"GET", "/products?limit=1e1", "", nil, 400, "limit"},
		{"GET", "/products?limit=1&limit=2", "", nil, 400, "limit"},
		{"GET", "/products?cursor=x", "", nil, 400, "cursor"},
		{"GET", "/products?cursor=-5", "", nil, 400, "cursor"},
		{"GET", "/products?q=%22!*", "", nil, 400, "q"},
		{"GET", "/products?q=a+b+c+d+e+f+g+h+i+j+k", "", nil, 400, "q"},
		{"GET", "/products?colour=red", "", nil, 400, "colour"},
		{"GET", "/products?q=%zz", "", nil, 400, ""},
		{"GET", "/products?a;b", "", nil, 400, ""},

		{"POST", "/products", valid, form, 415, ""},
		{"POST", "/products", valid, []string{"Content-Type", "application/json; charset"}, 415, ""},
		{"POST", "/products", valid, []string{"Content-Encoding", "gzip"}, 415, ""},
		{"POST", "/products", "", nil, 415, ""},
		{"PUT", "/products/1", valid, form, 415, ""},
		{"POST", "/products", long + valid, nil, 413, ""},

		{"POST", "/products", "{", nil, 400, "1 1:2"},
		{"POST", "/products", " ", nil, 400, "1 1:2"},
		{"POST", "/products", "{\"sku\":\n \"é\",}", nil, 400, "14 2:6"},
		{"POST", "/products", valid + "x", nil, 400, fmt.Sprintf("%d 1:%d", len(valid), len(valid)+1)},
		{"POST", "/products", strings.Repeat("[", 20_000), nil, 400, "10000 1:10001"},
		{"POST", "/products", with("Teapot", "Tea\xffpot"), nil, 400, "24 1:25"},
		{"POST", "/products", with("Teapot", "Tea\npot"), nil, 400, "24 1:25"},

		{"POST", "/products", "null", nil, 422, "0 1:1"},
		{"POST", "/products", "[]", nil, 422, "0 1:1"},
		{"POST", "/products", `"x"`, nil, 422, "0 1:1"},
		{"POST", "/products", "{}", nil, 422, "/sku"},
		{"POST", "/products", with(`"name"`, `"Name"`), nil, 422, "/name"},
		{"POST", "/products", with(`"stock"`, `"a/b~c"`), nil, 422, "/a~1b~0c"},
		{"POST", "/products", with(`3`, `null`), nil, 422, "/stock"},
		{"POST", "/products", with(`3`, `3.5`), nil, 422, "/stock"},
		{"POST", "/products", with(`3`, `"3"`), nil, 422, "/stock"},
		{"POST", "/products", with(`3`, `-3`), nil, 422, "/stock"},
		{"POST", "/products", with(`3`, `1e400`), nil, 422, "/stock"},
		{"POST", "/products", with(`19.9`, `1e400`), nil, 422, "/price"},
		{"POST", "/products", with(`19.9`, `19.999`), nil, 422, "/price"},
		{"POST", "/products", with(`19.9`, `1000000.01`), nil, 422, "/price"},
		{"POST", "/products", with(`T-1`, `-1`), nil, 422, "/sku"},
		{"POST", "/products", with(`Teapot`, ` Teapot`), nil, 422, "/name"},
		{"POST", "/products", with(`Teapot`, `Tea\u0000pot`), nil, 422, "/name"},
		{"POST", "/products", with(`Teapot`, strings.Repeat("é", 201)), nil, 422, "/name"},
		{"POST", "/products", with(`Teapot`, ``), nil, 422, "/name"},
		{"POST", "/products", with(`["new"]`, `["new",null]`), nil, 422, "/tags/1"},
		{"POST", "/products", with(`["new"]`, `["new",["x"]]`), nil, 422, "/tags"},
		{"POST", "/products", with(`{`, `{"id":5,`), nil, 422, "/id"},
		{"PUT", "/products/1", with(`{`, `{"id":5,`), nil, 422, "/id"},
		{"PUT", "/products/99999", valid, nil, 404, ""},
		{"DELETE", "/products/99999", "", nil, 404, ""},
		{"POST", "/products", with("T-1", "BAG-0001"), nil, 409, "/sku"},
		{"PUT", "/products/2", with("T-1", "BAG-0001"), nil, 409, "/sku"},
		{"PUT", "/products/2", valid, []string{"If-Match", `"x", W/"y"`}, 412, ""},
		{"DELETE", "/products/2", "", []string{"If-Match", `"x"`}, 412, ""},
	} {
		a := s.do(t, c.method, c.path, c.body, c.header...)
		if a.StatusCode != c.status {
			t.Errorf("%s %s %.100s: %d, want %d: %s", c.method, c.path, c.body, a.StatusCode, c.status, a.body)
			continue
		}
		p := checkProblem(t, a)
		where := ""
		if len(p.Errors) > 0 {
			f := p.Errors[0]
			where = f.Pointer + f.Parameter
			if f.Position != nil {
				where += fmt.Sprintf("%d %d:%d", f.Position.Offset, f.Position.Line, f.Position.Column)
			}
		}
		if where != c.where {
			t.Errorf("%s %s %.100s: at %q, want %q: %s", c.method, c.path, c.body, where, c.where, a.body)
		}
		if (a.Header.Get("Allow") != "") != (c.status == http.StatusMethodNotAllowed) {
			t.Errorf("%s %s: Allow is %q", c.method, c.path, a.Header.Get("Allow"))
		}
	}
	for id := 1; id <= 2; id++ {
		if p := decode[Product](t, s.get(t, fmt.Sprintf("/products/%d", id))); p.SKU == "T-1" {
			t.Error("a refused request changed a product")
		}
	}
}

func TestLifeOfAProduct(t *testing.T) {
	s := newTestService(t)
	created := s.do(t, "POST", "/products", valid)
	path := created.Header.Get("Location")
	if created.StatusCode != http.StatusCreated || path != fmt.Sprintf("/products/%d", sampleCount+1) {
		t.Fatalf("created: %d, at %q: %s", created.StatusCode, path, created.body)
	}
	want := Product{ID: sampleCount + 1, SKU: "T-1", Name: "Teapot", Category: "tea", Price: 19.9, Stock: 3, Tags: tags{"new"}}
	same := func(a answer) bool {
		p := decode[Product](t, a)
		want.Updated = p.Updated
		return fmt.Sprint(p) == fmt.Sprint(want) && !p.Updated.IsZero()
	}
	got := s.get(t, path)
	if !same(created) || !same(got) || string(got.body) != string(created.body) {
		t.Errorf("created %s, got %s", created.body, got.body)
	}
	tag := got.Header.Get("ETag")
	if tag == "" || tag != created.Header.Get("ETag") {
		t.Errorf("ETag %q, was created with %q", tag, created.Header.Get("ETag"))
	}
	if a := s.get(t, path, "If-None-Match", `"x", W/`+tag); a.StatusCode != http.StatusNotModified || len(a.body) > 0 {
		t.Errorf("If-None-Match: %d %s", a.StatusCode, a.body)
	}
	if a := s.do(t, "HEAD", path, ""); a.StatusCode != http.StatusOK || a.ContentLength != int64(len(got.body)) {
		t.Errorf("HEAD: %d, %d bytes", a.StatusCode, a.ContentLength)
	}

	// What was read can be sent back with a change, as long as nobody else has changed it.
	want.Price = 17
	changed := strings.Replace(string(got.body), "19.9", "17.0000", 1)
	replaced := s.do(t, "PUT", path, changed, "If-Match", `"x", `+tag)
	if replaced.StatusCode != http.StatusOK || !same(replaced) || !same(s.get(t, path)) {
		t.Errorf("replaced: %d %s", replaced.StatusCode, replaced.body)
	}
	if a := s.do(t, "PUT", path, changed, "If-Match", tag); a.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("replaced what another had replaced: %d %s", a.StatusCode, a.body)
	}
	if a := s.get(t, path, "If-None-Match", tag); a.StatusCode != http.StatusOK {
		t.Errorf("If-None-Match with an old tag: %d", a.StatusCode)
	}

	if a := s.do(t, "DELETE", path, "", "If-Match", "*"); a.StatusCode != http.StatusNoContent {
		t.Errorf("deleted: %d %s", a.StatusCode, a.body)
	}
	if a := s.get(t, path); a.StatusCode != http.StatusNotFound {
		t.Errorf("after deletion: %d %s", a.StatusCode, a.body)
	}
	if a := s.do(t, "POST", "/products", valid); a.Header.Get("Location") == path {
		t.Errorf("the id of %s was used again", path)
	}
}

// pages follows the cursors of a list; between is called after each page.
func (s testService) pages(t *testing.T, parameters url.Values, between func()) []Product {
	var all []Product
	for {
		a := s.get(t, "/products?"+parameters.Encode())
		p := decode[page](t, a)
		all = append(all, p.Items...)
		if between(); p.NextCursor == "" {
			return all
		}
		parameters.Set("cursor", p.NextCursor)
	}
}

func TestLists(t *testing.T) {
	s := newTestService(t)
	var all []Product
	for r := range samples {
		all = append(all, r.product)
	}
	for _, c := range []struct {
		parameters string
		want       func(Product) bool
	}{
		{"limit=100", func(Product) bool { return true }},
		{"limit=7&category=tea", func(p Product) bool { return p.Category == "tea" }},
		{"category=&q=&cursor=&limit=", func(Product) bool { return true }},
		{"limit=100&q=SENCHA", func(p Product) bool { return strings.Contains(p.Name, "Sencha") }},
		{"limit=10&q=senc+or%C3%A9sund", func(p Product) bool {
			return strings.Contains(p.Name, "Sencha") && strings.Contains(p.Name, "Öresund")
		}},
		{"limit=10&q=espresso&category=coffee", func(p Product) bool { return strings.Contains(p.Name, "Espresso") }},
		{"q=espresso&category=tea", func(Product) bool { return false }},
		{"category=%00%ff", func(Product) bool { return false }},
		{"q=NOT+OR+NEAR%2F2", func(Product) bool { return false }},
		{"q=%F0%9E%A4%80", func(Product) bool { return false }}, // a letter that the index does not know
	} {
		parameters, err := url.ParseQuery(c.parameters)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, p := range all {
			if c.want(p) {
				want = append(want, p.SKU)
			}
		}
		var got []string
		for _, p := range s.pages(t, parameters, func() {}) {
			got = append(got, p.SKU)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d products, want %d", c.parameters, len(got), len(want))
		}
	}
	if a := s.get(t, "/products?q=nothingatall"); string(a.body) != `{"items":[]}`+"\n" {
		t.Errorf("an empty list is %s", a.body)
	}
}

// Deleting what was listed shifts no product over the edge of a page.
func TestPagesWhileProductsGo(t *testing.T) {
	s := newTestService(t)
	next := 1
	listed := s.pages(t, url.Values{"limit": {"100"}}, func() {
		for range 10 {
			if a := s.do(t, "DELETE", fmt.Sprintf("/products/%d", next), ""); a.StatusCode != http.StatusNoContent {
				t.Fatalf("%d: %s", a.StatusCode, a.body)
			}
			next++
		}
	})
	for i, p := range listed {
		if p.ID != int64(i+1) {
			t.Fatalf("product %d of the list has id %d", i+1, p.ID)
		}
	}
	if len(listed) != sampleCount {
		t.Errorf("listed %d products", len(listed))
	}
}

// Each list reads an index in its order: nothing is scanned or sorted.
func TestListsUseIndexes(t *testing.T) {
	s := newTestStore(t)
	for _, f := range []filter{{}, {category: "tea"}, {words: []string{"a"}}, {category: "tea", words: []string{"a"}}} {
		query, arguments := f.query()
		rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, arguments...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "; ")
		t.Log(text)
		if strings.Contains(text, "SCAN products") || strings.Contains(text, "TEMP B-TREE") || len(plan) == 0 {
			t.Errorf("%+v: %s", f, text)
		}
	}
}

// Once a write is acknowledged, no reader sees what was before it: not from the cache, nor from a load that was under way.
func TestReadersSeeAcknowledgedWrites(t *testing.T) {
	s := newTestService(t)
	const id, writes = 1, 150
	done := make(chan struct{})
	var acknowledged atomic.Int64 // the stock
	var readers sync.WaitGroup
	defer readers.Wait()
	defer close(done)
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				least := acknowledged.Load()
				a := s.get(t, fmt.Sprintf("/products/%d", id))
				if p := decode[Product](t, a); p.Stock < least {
					t.Errorf("read stock %d after %d was acknowledged", p.Stock, least)
					return
				}
			}
		})
	}
	for n := range int64(writes) {
		stock := 1000 + n
		a := s.do(t, "PUT", fmt.Sprintf("/products/%d", id), strings.Replace(valid, `"stock":3`, fmt.Sprintf(`"stock":%d`, stock), 1))
		if a.StatusCode != http.StatusOK {
			t.Fatalf("%d: %s", a.StatusCode, a.body)
		}
		acknowledged.Store(stock)
	}
}

// A discarded response costs nothing itself.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d discarded) WriteHeader(int)             {}

// What the service does for a GET, without the network: from the cache, and from the database and into the cache.
func BenchmarkGetProduct(b *testing.B) {
	s := newTestService(b)
	handler := s.routes()
	request := httptest.NewRequest("GET", "/products/42", nil)
	w := discarded{http.Header{}}
	for _, c := range []struct {
		name   string
		before func()
	}{
		{"cached", func() {}},
		{"loaded", func() { s.products.Delete(42) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.before()
				handler.ServeHTTP(w, request)
			}
		})
	}
}
