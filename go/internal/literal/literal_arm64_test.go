//go:build !purego

package literal

import "testing"

// ways are the instructions that can be chosen here.
func ways(_ testing.TB, run func(name string)) { run("NEON") }
