//go:build cgo

package cache

// Key is what a key can be: strings, byte slices, integers, and arrays of as many bytes as identifiers and hashes have.
// Keys are equal if their bytes are. Another type does not compile. Of several parts, a key can be made by formatting
// them into a string.
type Key interface {
	~string | ~[]byte |
		~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~[4]byte | ~[8]byte | ~[12]byte | ~[16]byte | ~[20]byte | ~[24]byte | ~[28]byte | ~[32]byte | ~[48]byte | ~[64]byte
}
