//go:build (!amd64 && !arm64) || purego

package literal

import "unsafe"

// Fast is whether the processor has what Write and Base64 need.
const Fast = false

func writeVectors(unsafe.Pointer, int, unsafe.Pointer, int, *Form) (read, written int) { return 0, 0 }

func base64Vectors(unsafe.Pointer, unsafe.Pointer, int) (read int) { return 0 }
