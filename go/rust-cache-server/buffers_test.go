package main

import (
	"runtime"
	"strings"
	"testing"
)

// TestLongRequestsUseBuffersAgain has a request arrive in pieces, as long ones do.
func TestLongRequestsUseBuffersAgain(t *testing.T) {
	p := parser{max: 1 << 20, shared: make([]byte, readSize)}
	input := request("SET", "key", strings.Repeat("x", 512<<10)) + request("SET", "key", "y")
	run := func() {
		requests := 0
		for rest := input; len(rest) > 0; {
			n := copy(p.room(), rest[:min(readSize, len(rest))])
			p.read(n)
			rest = rest[n:]
			for args, err := p.next(); args != nil || err != nil; args, err = p.next() {
				if err != nil {
					t.Fatal(err)
				}
				requests++
			}
			p.settle()
		}
		if requests != 2 {
			t.Fatalf("%d requests", requests)
		}
	}
	const runs = 100
	var before, after runtime.MemStats
	run()
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	// The collector may take what is not in use, now and then; with the race detector some is thrown away on purpose.
	if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > 400<<10 {
		t.Errorf("%d bytes for each", each)
	}
}

// TestLengthsAreNotBelieved announces much, and sends little of it.
func TestLengthsAreNotBelieved(t *testing.T) {
	for _, sent := range []int{10, 1000, 60_000} {
		p := parser{max: 64 << 20, shared: make([]byte, readSize)}
		p.read(copy(p.room(), "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$60000000\r\n"+strings.Repeat("x", sent)))
		if args, err := p.next(); args != nil || err != nil {
			t.Fatal(args, err)
		}
		p.settle()
		p.room()
		if size := cap(p.buffer); size > 2*believed*max(sent, inputSize) {
			t.Errorf("with %d bytes there, a buffer has %d", sent, size)
		}
	}
}
