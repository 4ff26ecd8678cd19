//go:build cgo

package cache

import (
	"bytes"
	"encoding/gob"
	stdjson "encoding/json"
	"reflect"
	"sync"
	"testing"
	"time"
)

type session struct {
	ID       int64
	User     string
	Email    *string
	Roles    []string
	Created  time.Time
	LastSeen time.Time
	Quota    float64
	Admin    bool
	Groups   []int64
}

type position struct {
	X, Y, Z float64
	At      int64
}

func oneSession() session {
	email := "ada@example.com"
	created := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	return session{
		ID: 1 << 40, User: "Ada Lovelace", Email: &email, Roles: []string{"admin", "author", "reader"},
		Created: created, LastSeen: created.Add(time.Hour), Quota: 0.25, Admin: true, Groups: []int64{1, 2, 3},
	}
}

// What one caller does to its value is not seen by others.
func TestValuesAreCopies(t *testing.T) {
	c := open(t, Options[string, session]{})
	stored := oneSession()
	if err := c.Set("key", stored); err != nil {
		t.Fatal(err)
	}
	stored.Roles[0], *stored.Email = "changed", "changed"
	got, _ := c.Get("key")
	got.Roles[1], got.Groups[0], *got.Email = "changed", -1, "changed"
	_ = append(got.Groups, 7)
	if again, found := c.Get("key"); !found || !reflect.DeepEqual(again, oneSession()) {
		t.Errorf("%+v, %t", again, found)
	}
}

// A type that can't be stored is an error of New, and none with a codec.
func TestUnstorableValues(t *testing.T) {
	if _, err := New(Options[string, chan int]{}); err == nil {
		t.Error("channels should not be stored")
	}
	open(t, Options[string, chan int]{Codec: jsonCodec[chan int]{}})
}

// A value of many goroutines with small stacks, which grow while it is read and stored.
func TestSmallStacks(t *testing.T) {
	type deep struct {
		Numbers [40]int64
		Named   map[int]position
		Next    *deep
	}
	c := open(t, Options[int, deep]{})
	var running sync.WaitGroup
	for i := range 200 {
		running.Go(func() {
			value := deep{Named: map[int]position{i: {X: float64(i)}}}
			for range i {
				next := value
				value = deep{Named: value.Named, Next: &next}
			}
			if err := c.Set(i, value); err != nil {
				t.Error(err)
			}
			if got, found := c.Get(i); !found || !reflect.DeepEqual(got, value) {
				t.Errorf("the value of %d is another", i)
			}
		})
	}
	running.Wait()
}

type gobCodec[V any] struct{}

func (gobCodec[V]) Append(dst []byte, value V) ([]byte, error) {
	buffer := bytes.NewBuffer(dst)
	err := gob.NewEncoder(buffer).Encode(value)
	return buffer.Bytes(), err
}

func (gobCodec[V]) Decode(data []byte, value *V) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(value)
}

type standardCodec[V any] struct{}

func (standardCodec[V]) Append(dst []byte, value V) ([]byte, error) {
	data, err := stdjson.Marshal(value)
	return append(dst, data...), err
}

func (standardCodec[V]) Decode(data []byte, value *V) error { return stdjson.Unmarshal(data, value) }

func BenchmarkValues(b *testing.B) {
	benchmarkValues(b, "numbers", position{1, 2, 3, 4})
	benchmarkValues(b, "session", oneSession())
}

func benchmarkValues[V any](b *testing.B, name string, value V) {
	for _, codec := range []struct {
		name  string
		codec Codec[V]
	}{
		{"flat", nil}, {"json", jsonCodec[V]{}}, {"encoding/json", standardCodec[V]{}}, {"gob", gobCodec[V]{}},
	} {
		c := open(b, Options[string, V]{Codec: codec.codec})
		b.Run(name+"/set/"+codec.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Set("key", value); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/get/"+codec.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, found := c.Get("key"); !found {
					b.Fatal("it is not there")
				}
			}
		})
	}
}
