//go:build !purego

package literal

import "unsafe"

// Fast is whether the processor has what Write and Base64 need, as all of this kind do.
const Fast = true

// writeVectors writes n bytes from src, at least Least, up to one that a literal can't have, not even escaped as one byte is, or until there may be
// less room than a block needs. It returns how many it has read and written. A fault may be found up to three bytes late, and what the last character
// lacks is not found. Behind what it has written it writes up to Room bytes, and it reads nothing but the n bytes.
//
//go:noescape
func writeVectors(dst unsafe.Pointer, room int, src unsafe.Pointer, n int, form *Form) (read, written int)

// base64Vectors writes digits for the bytes at src, of which it leaves fewer than Base64Least, and returns how many it has read.
//
//go:noescape
func base64Vectors(dst, src unsafe.Pointer, n int) (read int)
