//go:build cgo

package json

import (
	"net/netip"
	"reflect"
	"unsafe"
)

// addressParser returns what stores the value of a text at p, as UnmarshalText of a type of net/netip does, which copies the text first;
// nil for other types. It reports false, and stores nothing, for all that is wrong or empty, and for addresses with zones.
func addressParser(t reflect.Type) func(p unsafe.Pointer, text string) bool {
	switch t {
	case reflect.TypeFor[netip.Addr]():
		return parser(netip.ParseAddr, func(a netip.Addr) netip.Addr { return a })
	case reflect.TypeFor[netip.AddrPort]():
		return parser(netip.ParseAddrPort, netip.AddrPort.Addr)
	case reflect.TypeFor[netip.Prefix]():
		return parser(netip.ParsePrefix, netip.Prefix.Addr)
	}
	return nil
}

func parser[T any](parse func(string) (T, error), address func(T) netip.Addr) func(unsafe.Pointer, string) bool {
	return func(p unsafe.Pointer, text string) bool {
		value, err := parse(text)
		if err != nil || address(value).Zone() != "" {
			return false
		}
		*(*T)(p) = value
		return true
	}
}
