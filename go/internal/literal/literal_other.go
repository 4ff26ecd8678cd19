//go:build (!amd64 && !arm64) || purego

package literal

import "unsafe"

// Fast is whether the processor has what Copy needs.
const Fast = false

func copyVectors(unsafe.Pointer, unsafe.Pointer, int, *tables) int { return 0 }
