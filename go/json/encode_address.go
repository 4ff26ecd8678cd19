//go:build cgo

package json

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"reflect"
	"unsafe"
)

// addressKind returns the kind of a type of net/netip, whose texts are written here, or encodeUnsupported.
func addressKind(t reflect.Type) encodeKind {
	switch t {
	case reflect.TypeFor[netip.Addr]():
		return encodeAddr
	case reflect.TypeFor[netip.AddrPort]():
		return encodeAddrPort
	case reflect.TypeFor[netip.Prefix]():
		return encodePrefix
	}
	return encodeUnsupported
}

// address writes the value of such a kind at p, as MarshalText does.
func (r *renderer) address(kind encodeKind, p unsafe.Pointer) {
	r.scratch = r.scratch[:0]
	switch kind {
	case encodeAddr:
		r.scratch = (*netip.Addr)(p).AppendTo(r.scratch)
	case encodeAddrPort:
		r.scratch = (*netip.AddrPort)(p).AppendTo(r.scratch)
	case encodePrefix:
		r.scratch = (*netip.Prefix)(p).AppendTo(r.scratch)
	}
	r.string(unsafe.String(unsafe.SliceData(r.scratch), len(r.scratch)))
}

// putAddress writes it and returns its length, or 0 for what has a zone or is not valid.
func putAddress(dst unsafe.Pointer, kind encodeKind, p unsafe.Pointer) int {
	*(*byte)(dst) = '"'
	n := 1
	switch kind {
	case encodeAddr:
		a := (*netip.Addr)(p)
		if !isPlain(a) {
			return 0
		}
		n += putIP(unsafe.Add(dst, 1), a)
	case encodeAddrPort:
		a := (*netip.AddrPort)(p)
		ip := a.Addr()
		if !isPlain(&ip) {
			return 0
		}
		if ip.Is4() {
			n += putIP(unsafe.Add(dst, n), &ip)
		} else {
			*(*byte)(unsafe.Add(dst, n)) = '['
			n += 1 + putIP(unsafe.Add(dst, n+1), &ip)
			*(*byte)(unsafe.Add(dst, n)) = ']'
			n++
		}
		*(*byte)(unsafe.Add(dst, n)) = ':'
		n += 1 + putUint(unsafe.Add(dst, n+1), uint64(a.Port()))
	case encodePrefix:
		a := (*netip.Prefix)(p)
		if !a.IsValid() {
			return 0
		}
		ip := a.Addr()
		n += putIP(unsafe.Add(dst, n), &ip)
		*(*byte)(unsafe.Add(dst, n)) = '/'
		n += 1 + putSmall(unsafe.Add(dst, n+1), uint64(a.Bits()))
	}
	*(*byte)(unsafe.Add(dst, n)) = '"'
	return n + 1
}

// isPlain reports whether an address is one, and without a zone.
func isPlain(a *netip.Addr) bool { return a.IsValid() && a.Zone() == "" }

// putIP writes an address without its zone, and returns its length.
func putIP(dst unsafe.Pointer, a *netip.Addr) int {
	ip := a.As16()
	n := 0
	switch {
	case a.Is4():
	case a.Is4In6():
		n = copy(unsafe.Slice((*byte)(dst), numberRoom), "::ffff:")
	default:
		return putGroups(dst, binary.BigEndian.Uint64(ip[:8]), binary.BigEndian.Uint64(ip[8:]))
	}
	for _, octet := range ip[12:] {
		n += putSmall(unsafe.Add(dst, n), uint64(octet))
		*(*byte)(unsafe.Add(dst, n)) = '.'
		n++
	}
	return n - 1
}

// putGroups writes an address of IPv6 in the form of RFC 5952: the first of the longest rows of zeros, if it has two groups or more, is left out.
func putGroups(dst unsafe.Pointer, high, low uint64) int {
	group := func(i int) uint64 {
		if i < 4 {
			return high >> (48 - 16*i) & 0xFFFF
		}
		return low >> (112 - 16*i) & 0xFFFF
	}
	zero := uint(0) // a bit for each group
	for i := range 8 {
		zero |= uint(isLess(group(i), 1)) << i
	}
	// A bit for each group that a row of so many begins with.
	rows, length := zero&(zero>>1), 1
	first := 8
	for ; rows != 0; rows &= zero >> length {
		first = bits.TrailingZeros(rows)
		length++
	}
	n := 0
	for i := 0; i < 8; i++ {
		if i == first {
			*(*byte)(unsafe.Add(dst, n)) = ':'
			n++
			i += length
			if i == 8 {
				*(*byte)(unsafe.Add(dst, n)) = ':'
				n++
				break
			}
		}
		if i > 0 {
			*(*byte)(unsafe.Add(dst, n)) = ':'
			n++
		}
		n += putHex(unsafe.Add(dst, n), group(i))
	}
	return n
}

// putHex writes a number of 16 bits without zeros before it, and returns its length.
func putHex(dst unsafe.Pointer, v uint64) int {
	digits := v>>12 | v>>8&0xF<<8 | v>>4&0xF<<16 | v&0xF<<24
	leading := min(bits.TrailingZeros64(digits)&^7, 24)
	// What is beyond 9 gets the distance from there to the letters.
	letters := (digits + 0x76767676) & 0x80808080 >> 7
	store32(dst, 0, (digits+0x30303030+letters*('a'-'0'-10))>>leading)
	return 4 - leading/8
}
