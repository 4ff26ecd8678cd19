//go:build !purego

package literal

import "testing"

// ways are the instructions that can be chosen here.
func ways(t testing.TB, run func(name string)) {
	if !Fast {
		t.Skip("no AVX2")
	}
	chosen := avx512
	defer func() { avx512 = chosen }()
	if chosen {
		run("AVX-512")
	}
	avx512 = false
	run("AVX2")
}
