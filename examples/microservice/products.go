package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// getProduct answers from the cache: what it holds of a product is its ETag and its JSON, ready to be sent.
func (s *server) getProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := productID(r)
	if err != nil {
		return err
	}
	product, err := s.products.GetOrLoad(r.Context(), id, s.loadProduct)
	if err != nil {
		return err
	}
	tag, body := rendered(product).split()
	w.Header().Set("ETag", tag)
	// Tags that a proxy made weak are as good as ours here.
	if lists(strings.ReplaceAll(r.Header.Get("If-None-Match"), "W/", ""), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeBody(w, http.StatusOK, "application/json", body)
	return nil
}

// A page is a part of a list. The cursor, if there is one, is the parameter that leads to the next.
type page struct {
	Items      []Product `json:"items"`
	NextCursor string    `json:"next_cursor,omitempty"`
}

func (s *server) listProducts(w http.ResponseWriter, r *http.Request) error {
	f, err := readFilter(r)
	if err != nil {
		return err
	}
	limit := f.limit
	f.limit++ // one more tells whether there is another page
	products, err := s.store.list(r.Context(), f)
	if err != nil {
		return err
	}
	p := page{Items: products}
	if len(products) > limit {
		p.Items = products[:limit]
		p.NextCursor = strconv.FormatInt(p.Items[limit-1].ID, 10)
	}
	return writeJSON(w, http.StatusOK, p)
}

func (s *server) createProduct(w http.ResponseWriter, r *http.Request) error {
	p, err := readProduct(w, r)
	if err != nil {
		return err
	}
	if p.ID != 0 {
		return newProblem(http.StatusUnprocessableEntity, "a new product is given its id",
			fault{Pointer: "/id", Detail: "must be absent"})
	}
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	p, err = s.store.insert(ctx, p)
	s.products.Delete(p.ID)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/products/"+strconv.FormatInt(p.ID, 10))
	return writeProduct(w, http.StatusCreated, p)
}

func (s *server) replaceProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := productID(r)
	if err != nil {
		return err
	}
	p, err := readProduct(w, r)
	if err != nil {
		return err
	}
	if p.ID != 0 && p.ID != id {
		return newProblem(http.StatusUnprocessableEntity, "the body is about another product than the URL",
			fault{Pointer: "/id", Detail: fmt.Sprintf("must be %d or absent", id)})
	}
	p.ID = id
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	p, err = s.store.update(ctx, p, matches(r))
	s.products.Delete(id) // also after an error: a commit that failed may have been carried out
	if err != nil {
		return err
	}
	return writeProduct(w, http.StatusOK, p)
}

func (s *server) deleteProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := productID(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), writeTimeout)
	defer cancel()
	err = s.store.delete(ctx, id, matches(r))
	s.products.Delete(id)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// writeTimeout bounds how long a write waits for those before it.
const writeTimeout = 10 * time.Second

// A rendered product is what clients get: its ETag, a hash of what follows, and its JSON.
type rendered []byte

const tagLength = len(`"0123456789abcdef"`)

func render(p Product) (rendered, error) {
	var b bytes.Buffer
	b.Write(make([]byte, tagLength))
	if err := encode(&b, p); err != nil {
		return nil, err
	}
	text := b.Bytes()
	hash := sha256.Sum256(text[tagLength:])
	copy(text, fmt.Sprintf(`"%x"`, hash[:8]))
	return text, nil
}

func (r rendered) split() (tag string, body []byte) { return string(r[:tagLength]), r[tagLength:] }

func writeProduct(w http.ResponseWriter, status int, p Product) error {
	text, err := render(p)
	if err != nil {
		return err
	}
	tag, body := text.split()
	w.Header().Set("ETag", tag)
	writeBody(w, status, "application/json", body)
	return nil
}

// matches checks If-Match against what is about to be changed, so that clients can see to it that they
// overwrite only what they have read.
func matches(r *http.Request) func(Product) error {
	header := r.Header.Get("If-Match")
	return func(p Product) error {
		if header == "" {
			return nil
		}
		text, err := render(p)
		if err != nil {
			return err
		}
		if tag, _ := text.split(); !lists(header, tag) {
			return newProblem(http.StatusPreconditionFailed, "the product was changed: its ETag is now "+tag)
		}
		return nil
	}
}

// lists reports whether a tag is in the list of a header, or all are.
func lists(header, tag string) bool {
	for listed := range strings.SplitSeq(header, ",") {
		if listed = strings.TrimSpace(listed); listed == tag || listed == "*" {
			return true
		}
	}
	return false
}

// productID is the id in the URL. What is not written as an id is written leads nowhere.
func productID(r *http.Request) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return 0, newProblem(http.StatusNotFound, fmt.Sprintf("an id is a positive integer, not %.40q", text))
	}
	return id, nil
}
