package json_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// Goroutines use the package in random ways for as long as TANDEM_SOAK says, such as 2m: results stay those of
// encoding/json, also where methods panic, and memory stays within bounds.
func TestSoak(t *testing.T) {
	setting := os.Getenv("TANDEM_SOAK")
	if setting == "" {
		t.Skip("TANDEM_SOAK is not set")
	}
	duration, err := time.ParseDuration(setting)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(duration)
	var marks []memory
	for number := 0; time.Now().Before(end) && !t.Failed(); number++ {
		var goroutines sync.WaitGroup
		for worker := range 16 {
			goroutines.Go(func() {
				random := rand.New(rand.NewPCG(uint64(number), uint64(worker)))
				for stop := time.Now().Add(duration / 20); time.Now().Before(stop) && !t.Failed(); {
					soakStep(t, random)
				}
			})
		}
		goroutines.Wait()
		marks = append(marks, memoryInUse(t))
		t.Logf("%+v", marks[number])
	}
	// By then, all types were met and all pools are full.
	if quarter := len(marks) / 4; len(marks) >= 8 {
		first, last := marks[quarter], marks[len(marks)-1]
		if last.heap > first.heap+first.heap/4+8<<20 || last.resident > first.resident+first.resident/4+64<<20 {
			t.Errorf("memory grew from %+v to %+v", first, last)
		}
	}
}

var soakSamples = corpus.Samples()

// soakStep does one thing of many.
func soakStep(t *testing.T, random *rand.Rand) {
	sample := pick(random, soakSamples)
	typ := pick(random, zoo)
	switch random.IntN(8) {
	case 0:
		sameDecode(t, sample.Data, sample.New)
	case 1:
		sameDecode(t, mutate(random, sample.Data), sample.New)
	case 2:
		value := sample.New()
		if err := json.Unmarshal(sample.Data, value); err != nil {
			t.Error(err)
		}
		sameEncode(t, value)
	case 3:
		sameDecode(t, mutate(random, []byte(pick(random, scalars))), zero(typ))
	case 4:
		value := reflect.New(typ)
		fill(random, value.Elem(), 5)
		sameEncode(t, value.Interface())
	case 5:
		// A few thousand types at most: they are never freed.
		typ := randomType(rand.New(rand.NewPCG(random.Uint64N(2000), 18)), 4)
		value := reflect.New(typ)
		fill(random, value.Elem(), 5)
		sameEncode(t, value.Interface())
	case 6:
		// A method that panics while buffers are lent, and one that uses the package meanwhile.
		sameEncode(t, []any{sample.New(), panicking(pick(random, []string{"a", "F"})), nested{sample.New()}})
		sameDecode(t, fmt.Appendf(nil, `[{"A":1,"B":"a"},{"A":%q,"B":"F"},{"B":1}]`, strings.Repeat("long", random.IntN(2000))), func() any {
			return new([]struct {
				A any
				B panicking
			})
		})
	case 7:
		large := bytes.Repeat([]byte(" "), random.IntN(1<<20))
		text := append(large, sample.Data...)
		sameDecode(t, text, sample.New)
		if !json.Valid(text) {
			t.Error("not valid")
		}
	}
}

// nested encodes what it holds by a call of its own.
type nested struct{ value any }

func (n nested) MarshalJSON() ([]byte, error) { return json.MarshalIndent(n.value, "", " ") }

// memory is what a process uses, in bytes: Go's heap, and all there is, with that of Rust.
type memory struct{ heap, resident int64 }

func memoryInUse(t *testing.T) (m memory) {
	m.heap = heap()
	debug.FreeOSMemory() // what Go keeps for later comes and goes
	if runtime.GOOS == "linux" {
		statm, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		if _, err := fmt.Sscan(string(statm), &total, &m.resident); err != nil {
			t.Fatal(err)
		}
		m.resident *= int64(os.Getpagesize())
	}
	return m
}
