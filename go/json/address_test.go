package json_test

import (
	"fmt"
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
