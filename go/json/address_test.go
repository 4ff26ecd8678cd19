package json_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// Addresses in all forms, right and wrong, with zones, escapes and none, in texts that are short and long.
func TestAddressesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	type addresses struct {
		A netip.Addr
		B *netip.AddrPort
		C []netip.Prefix
		D map[string]netip.Addr
	}
	for _, text := range []string{
		`"1.2.3.4"`, `"255.255.255.255"`, `"1.2.3.256"`, `"01.2.3.4"`, `"1.2.3"`, `"::"`, `"2001:db8::1"`, `"2001:DB8:0:0:0:0:0:1"`, `"::ffff:1.2.3.4"`, `"fe80::1%eth0"`, `"fe80::1%"`, `"::ffff:1.2.3.4%eth0"`,
		`"1.2.3.4:80"`, `"[::1]:65535"`, `"[::1]:65536"`, `"[fe80::1%eth0]:80"`, `"1.2.3.4:"`, `":80"`, `"10.0.0.0/8"`, `"10.0.0.0/33"`, `"2001:db8::/32"`, `"fe80::1%eth0/64"`, `"10.0.0.0/08"`,
		`"\u0031.2.3.4"`, `"1.2.3.4\u0000"`, `"fe80::1%\ud800"`, `"ä"`, `""`, `null`, `1`, `{}`, `["::1"]`,
	} {
		for _, form := range []string{`{"A":%[1]s}`, `{"B":%[1]s}`, `{"C":[%[1]s,%[1]s]}`, `{"D":{"x":%[1]s,"y":%[1]s}}`, `{"A":%[1]s,"b":%[1]s,"a":"::1"}`} {
			document := []byte(fmt.Sprintf(form, text))
			sameDecode(t, document, func() any { return new(addresses) })
			sameDecode(t, document, func() any {
				port := netip.MustParseAddrPort("9.9.9.9:9")
				return &addresses{port.Addr(), &port, []netip.Prefix{{}, netip.PrefixFrom(port.Addr(), 9)}, nil}
			})
			sameDecode(t, fmt.Appendf(nil, `{"A":%s,"E":"%02000d"}`, text, 0), func() any { return new(addresses) })
		}
		for _, target := range []func() any{
			func() any { return new(netip.Addr) },
			func() any { return new(netip.AddrPort) },
			func() any { return new(netip.Prefix) },
			func() any { return new([2]netip.Addr) },
			func() any { return new(struct{ netip.Addr }) },
			func() any { return new(map[netip.Addr]netip.Prefix) },
		} {
			sameDecode(t, []byte(text), target)
			sameDecode(t, []byte(`[`+text+`,`+text+`,`+text+`]`), target)
		}
	}
}

// Addresses are written as their methods do, whatever they hold.
func TestAddressesAreWrittenAsByStandardLibrary(t *testing.T) {
	t.Parallel()
	type addresses struct {
		A netip.Addr      `json:"a"`
		B netip.AddrPort  `json:"b,omitzero"`
		C netip.Prefix    `json:"c,omitempty"`
		D *netip.Addr     `json:"d"`
		E *netip.AddrPort `json:"e,omitempty"`
		F []*netip.Prefix
		G map[string]netip.Prefix
		H any
		I [2]netip.AddrPort
		J netip.Addr
	}
	random := rand.New(rand.NewPCG(5, 6))
	list := []netip.Addr{{}, netip.IPv4Unspecified(), netip.IPv6Unspecified(), netip.IPv6Loopback(), netip.MustParseAddr("::ffff:1.2.3.4"),
		netip.MustParseAddr("fe80::1%eth0"), netip.IPv6Loopback().WithZone("<\"\u2028\xff>"), netip.MustParseAddr("::ffff:1.2.3.4%x")}
	// Each row of groups that are 0, and groups of each length.
	for zeros := range 256 {
		var ip [16]byte
		for i := range 8 {
			if zeros>>i&1 == 0 {
				group := max(random.Uint32()%0x10000>>(4*random.IntN(4)), 1)
				ip[2*i], ip[2*i+1] = byte(group>>8), byte(group)
			}
		}
		list = append(list, netip.AddrFrom16(ip), netip.AddrFrom4([4]byte(ip[8:12])), netip.AddrFrom4([4]byte{byte(zeros), 0, 255, ip[9]}))
	}
	for _, a := range list {
		port, prefix := netip.AddrPortFrom(a, uint16(random.Uint32())), netip.PrefixFrom(a, random.IntN(131)-1)
		for _, v := range []any{a, &a, port, prefix, []netip.Addr{a, a}, addresses{
			a, port, prefix, &a, &port, []*netip.Prefix{nil, &prefix}, map[string]netip.Prefix{"x": prefix}, a, [2]netip.AddrPort{port}, a,
		}} {
			sameEncode(t, v)
		}
	}
	sameEncode(t, addresses{})
	// A prefix that no text gives: bits, and no address.
	sameEncode(t, netip.PrefixFrom(netip.Addr{}, 8))
}
