package main

import (
	"strings"
	"testing"
)

// TestSumsOfLongDoubles has replies of a Redis on x86-64.
func TestSumsOfLongDoubles(t *testing.T) {
	for _, test := range []struct{ a, b, sum string }{
		{"0.1", "0.2", "0.3"},
		{"10.50", "0.1", "10.6"},
		{"5.0e3", "2.0e2", "5200"},
		{"3.0", "1.000000000000000005", "4.00000000000000001"},
		{"1", "1e-17", "1.00000000000000001"},
		{"0", "-1e-20", "0"},
		{"-0", "-0", "0"},
		{"0x1.8p1", "-0XA", "-7"},
		{"9223372036854775807", "9223372036854775808", "18446744073709551615"},
		{"18446744073709551615", "2", "18446744073709551616"},
		{"123456789012345678901234567890", "0", "123456789012345678899921813504"},
		{"1e-4950", "0", "0"},
		{"0e99999999999999999999", "1", "1"},
		{"1.18e4932", "1.18e4932", ""},
		{"inf", "-inf", ""},
	} {
		a, ok := parseLongDouble([]byte(test.a))
		b, ok2 := parseLongDouble([]byte(test.b))
		if !ok || !ok2 {
			t.Errorf("%s or %s is taken for no number", test.a, test.b)
			continue
		}
		got := ""
		if sum, ok := addLongDoubles(a, b); ok {
			got = formatLongDouble(sum)
		}
		if got != test.sum {
			t.Errorf("%s + %s is %q, not %q", test.a, test.b, got, test.sum)
		}
	}
	for _, text := range []string{"", " 1", "1 ", ".", "1e", "1_0", "1p3", "0b1", "0x", "nan", "1,5", "1\x00", "1.19e4932", "1e-4951", "1e99999999999999999999",
		"1e-99999999999999999999", strings.Repeat("0", 5120)} {
		if number, ok := parseLongDouble([]byte(text)); ok {
			t.Errorf("%.50q is taken for %v", text, number)
		}
	}
}
