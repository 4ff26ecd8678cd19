//go:build (amd64 || arm64) && !purego

package literal

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"tandem.example/go/internal/guard"
)

// written returns how much of s can be written, and what that is in a literal.
func written(s string, html bool) (int, string) {
	var text strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"), r == '\u2028', r == '\u2029':
			return i, text.String()
		case r == '"', r == '\\':
			text.WriteString(`\` + string(r))
		case r >= '\b' && r <= '\r' && r != '\v':
			text.WriteString(`\` + string("btn_fr"[r-'\b']))
		case r < 0x20, html && (r == '<' || r == '>' || r == '&'):
			fmt.Fprintf(&text, `\u%04x`, r)
		default:
			text.WriteRune(r)
		}
	}
	return len(s), text.String()
}

// Base64 writes what encoding/base64 does, between pages that must not be touched.
func TestBase64(t *testing.T) {
	c := newChecker(t)
	random := rand.New(rand.NewPCG(1, 2))
	ways(t, func(name string) {
		for n := range 1000 {
			src, dst := c.src[len(c.src)-n:], c.dst[len(c.dst)-n/3*4:]
			if n%2 == 0 {
				src, dst = c.src[:n], c.dst[:n/3*4]
			}
			for i := range src {
				src[i] = byte(random.Uint32())
			}
			checkBase64(t, name, dst, src)
		}
		long := make([]byte, 3*pieceSize+100)
		for i := range long {
			long[i] = byte(random.Uint32())
		}
		checkBase64(t, name, make([]byte, len(long)/3*4), long)
	})
}

func checkBase64(t *testing.T, name string, dst, src []byte) {
	t.Helper()
	for i := range dst {
		dst[i] = '!'
	}
	read := Base64(unsafe.Pointer(unsafe.SliceData(dst)), src)
	written := read / 3 * 4
	want := base64.StdEncoding.EncodeToString(src[:read])
	if read%3 != 0 || len(src)-read >= Base64Least || string(dst[:written]) != want || strings.Trim(string(dst[written:]), "!") != "" {
		t.Fatalf("%s: %x, of which %d bytes are read, becomes %q, want %q", name, src, read, dst, want)
	}
}

type checker struct {
	src, dst []byte // between pages that must not be touched
}

func newChecker(t testing.TB) checker { return checker{guard.Memory(t, 4096), guard.Memory(t, 8*4096)} }

// check writes s, which lies before or behind a page that must not be touched, as what it becomes does: once with as much room as it may need, and
// once with as much as it needs at least.
func (c checker) check(t testing.TB, s string, html bool) {
	form := Plain
	if html {
		form = HTML
	}
	want, text := written(s, html)
	for _, first := range []bool{true, false} {
		for _, room := range []int{len(s) + Room, len(s) + Growth, longest*len(s) + Growth} {
			src, dst := c.src[:len(s)], c.dst[:room]
			if !first {
				src, dst = c.src[len(c.src)-len(s):], c.dst[len(c.dst)-room:]
			}
			copy(src, s)
			read, length := Write(unsafe.Pointer(unsafe.SliceData(dst)), room, unsafe.String(unsafe.SliceData(src), len(src)), form)
			got := string(dst[:max(length, 0)])
			if text == s[:want] || room == longest*len(s)+Growth {
				if read != want || got != text {
					t.Fatalf("%q, for HTML %t: %d bytes %q, want %d %q", s, html, read, got, want, text)
				}
				break
			}
			if read > want || room == len(s)+Growth && read < min(want, 32-3) || !strings.HasPrefix(text, got) || got != prefix(s[:read], html) {
				t.Fatalf("%q, for HTML %t, with room for %d: %d bytes %q", s, html, room, read, got)
			}
		}
	}
}

func prefix(s string, html bool) string {
	_, text := written(s, html)
	return text
}

func TestEachCharacterInEachPlace(t *testing.T) {
	ways(t, func(name string) {
		t.Run(name, func(t *testing.T) {
			c := newChecker(t)
			for r := rune(0); r <= utf8.MaxRune; r++ {
				if r >= 0x3000 && r&0xFF != 0xFF && r&0xFF != 0 && !(r >= 0xD700 && r < 0xE100) {
					continue
				}
				for _, at := range []int{0, 27 + int(r)%10, 59 + int(r)%10} {
					s := strings.Repeat("x", at) + string(r) + strings.Repeat("y", 40)
					c.check(t, s, r&1 == 0)
					c.check(t, s, r&1 != 0)
				}
			}
		})
	})
}

func TestBytesThatAreNoCharacters(t *testing.T) {
	// What the halves of bytes can tell.
	few := []byte{0x00, 0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xA8, 0xA9, 0xAA, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF}
	ways(t, func(name string) {
		t.Run(name, func(t *testing.T) {
			c := newChecker(t)
			for a := range 0x80 {
				for b := range 0x100 {
					for _, third := range few {
						for _, fourth := range []byte{0x20, 0x80, 0xBF, 0xE2} {
							s := string([]byte{byte(a + 0x80), byte(b), third, fourth})
							at := (a + b + int(third) + int(fourth)) % 70
							// At the end, the character may lack bytes.
							c.check(t, strings.Repeat("é", 16+at/2)[at&1:]+s, true)
							c.check(t, strings.Repeat("x", at)+s+strings.Repeat("日", 12), true)
						}
					}
				}
			}
		})
	})
}

// TestMarks does what arm64's vectors do, byte by byte, for all that the halves of five bytes in a row can tell.
func TestMarks(t *testing.T) {
	few := []byte{0x00, 0x20, '"', 0x80, 0x8F, 0x90, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF}
	set := Plain
	mark := func(b byte) byte {
		return set.markHigh[b>>4] & set.markLow[b&0x0F] &^ (set.careHigh[b>>4] & set.careLow[b&0x0F])
	}
	text := [...]byte{0x20, 0x20, 0x20, 5: 0, 8: 0x20, 0x20, 0x20}
	var each func(at int)
	each = func(at int) {
		if at < 8 {
			for _, text[at] = range few {
				each(at + 1)
			}
			return
		}
		n := -1
		for i := 3; i < len(text); i++ {
			first := set.firstHigh[text[i-1]>>4] & set.firstLow[text[i-1]&0x0F]
			if first&(set.secondHigh[text[i]>>4]^(mark(text[i-2])+mark(text[i-3])>>1)) != 0 {
				n = i - 3
				break
			}
		}
		s := string(text[3:8])
		if want, _ := written(s, false); want == len(s) && n >= 0 || want < len(s) && (n < 0 || n > len(s) || whole(s, n) != want) {
			t.Fatalf("%q: a fault at %d, want %d bytes", s, n, want)
		}
	}
	each(3)
}

func TestEachLengthAndPlace(t *testing.T) {
	ways(t, func(name string) {
		t.Run(name, func(t *testing.T) {
			c := newChecker(t)
			for _, letter := range []string{"a", "é", "日", "\U0001F600", "…", "a日"} {
				text := strings.Repeat(letter, 400)
				for length := Least; length < 300; length++ {
					c.check(t, text[:length], true)
					for _, bad := range []string{"<", "\"", "\n", "\x7F", "\u2028", "\u2029", "\u2027", "\u202A", "\x80", "\xFF", "\xE2\x80"} {
						for _, at := range []int{0, length / 3, length / 2, length - 1, length} {
							c.check(t, text[:at]+bad+text[at:length], true)
							c.check(t, text[:at]+bad+text[at:length], false)
						}
					}
				}
			}
		})
	})
}

func TestPieces(t *testing.T) {
	ways(t, func(name string) {
		for _, letter := range []string{"a", "日"} {
			s := strings.Repeat(letter, pieceSize)
			dst := make([]byte, len(s)+Room)
			at := 0
			for len(s)-at >= Least {
				n, _ := Write(unsafe.Pointer(&dst[at]), len(dst)-at, s[at:], HTML)
				if n < min(pieceSize-3, len(s)-at) {
					t.Fatalf("%s: %d bytes at %d", name, n, at)
				}
				at += n
			}
			if string(dst[:at]) != s[:at] {
				t.Fatal(name, "another text")
			}
		}
	})
}

// random returns a text of pieces of a few kinds, from what r returns below a bound.
func random(below func(int) int) string {
	pieces := []string{"a", "and so on, and so on", "é", "Привет", "日本語", "\U0001F600", "’", "\u2028", "\u2029", "\x80", "\xE2\x80", "\xF0\x90\x80", "\xED\xA0\x80", "<", `"`, `\`, "\n", "&"}
	var b strings.Builder
	from := below(len(pieces))
	count := 1 + below(len(pieces)-from)
	for range below(40) {
		b.WriteString(pieces[from+below(count)])
	}
	return b.String()
}

func TestRandom(t *testing.T) {
	ways(t, func(name string) {
		t.Run(name, func(t *testing.T) {
			c, r := newChecker(t), rand.New(rand.NewPCG(1, 2))
			for range 200_000 {
				if s := random(r.IntN); len(s) >= Least {
					c.check(t, s, r.IntN(2) == 0)
				}
			}
		})
	})
}

func FuzzWrite(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		f.Add(random(r.IntN))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < Least || len(s) > 4000 {
			return
		}
		ways(t, func(string) {
			c := newChecker(t)
			c.check(t, s, true)
			c.check(t, s, false)
		})
	})
}

func BenchmarkWrite(b *testing.B) {
	ways(b, func(name string) {
		for _, kind := range []struct{ name, letter string }{{"ascii", "abc "}, {"two", "é"}, {"three", "日"}, {"mixed", "日 日本語x"}, {"escapes", "a \"word\", <b>"}} {
			for _, size := range []int{20, 40, 100, 300, 4096} {
				s := strings.Repeat(kind.letter, size/len(kind.letter)+1)
				dst := make([]byte, longest*len(s)+Growth)
				b.Run(fmt.Sprintf("%s/%s/%d", name, kind.name, size), func(b *testing.B) {
					b.SetBytes(int64(len(s)))
					for b.Loop() {
						Write(unsafe.Pointer(&dst[0]), len(dst), s, HTML)
					}
				})
			}
		}
	})
}
