package main

import (
	"slices"
	"strings"
	"testing"
)

// parse returns the requests of an input that arrives in pieces of a size, and the error that ends them. Others use the shared
// buffer in between, if there is one.
func parse(input []byte, size int, shared []byte) (requests []string, err error) {
	p := parser{max: 1 << 20, shared: shared}
	for len(input) > 0 {
		for i := range shared {
			shared[i] = '*'
		}
		n := copy(p.room(), input[:min(size, len(input))])
		p.read(n)
		input = input[n:]
		for {
			args, err := p.next()
			if err != nil {
				return requests, err
			}
			if args == nil {
				break
			}
			var request []string
			for _, arg := range args {
				request = append(request, string(arg))
				_ = append(arg, plain) // as commands may
			}
			requests = append(requests, strings.Join(request, "\x1f"))
		}
		p.settle()
	}
	return requests, nil
}

// FuzzRequests: what a client says does not depend on how it arrives.
func FuzzRequests(f *testing.F) {
	for _, input := range []string{
		request("SET", "a", "b", "EX", "10") + request("GET", "a") + "GET a\r\n", "*1\r\n$4\r\nPI", "*0\r\n*-1\r\n\r\n \r\nPING\n",
		"*2\r\n$9223372036854775807\r\n", "*2147483647\r\n$-1\r\n", `ECHO "a\x41\"" 'b\''` + "\r\n", "*1\r\n$0\r\n\r\n$", "\x00 a\r\n",
		request("SET", "a", strings.Repeat("x", 40_000)) + request("GET", "a"),
	} {
		f.Add([]byte(input), 3)
	}
	f.Fuzz(func(t *testing.T, input []byte, size int) {
		whole, wholeErr := parse(input, len(input), nil)
		for _, shared := range [][]byte{nil, make([]byte, 1000)} {
			pieces, err := parse(input, 1+int(uint(size)%5000), shared)
			if !slices.Equal(whole, pieces) || wholeErr != err {
				t.Errorf("as a whole: %q, %v; in pieces, with %d bytes shared: %q, %v", whole, wholeErr, len(shared), pieces, err)
			}
		}
	})
}
