//go:build !purego

package literal

import "unsafe"

// Fast is whether the processor has what Copy needs, as all of this kind do.
const Fast = true

// copyVectors copies n bytes from src, at least Least, up to one that needs care, and returns how many. A fault may be found up to
// three bytes late, and what the last character lacks is not found. Behind the copy it writes up to Room bytes, and it reads nothing but
// the n bytes.
//
//go:noescape
func copyVectors(dst, src unsafe.Pointer, n int, set *tables) int
