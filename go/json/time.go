//go:build cgo

package json

import (
	"math"
	"math/bits"
	"time"
	"unsafe"
)

// putTime writes a time in its JSON form to dst, which has room for a number, and returns its length, or 0 if it has none: years have four
// digits, offsets are less than a day.
func putTime(dst unsafe.Pointer, t *time.Time) int {
	_, offset := t.Zone()
	// What the clock there says. Its parts are found without looking for the zone again.
	clock := time.Unix(t.Unix()+int64(offset), 0).UTC()
	year, month, day := clock.Date()
	if uint(year) > 9999 || max(offset, -offset) >= 24*60*60 {
		return 0
	}
	hour, minute, second := clock.Clock()
	d := eightDigits(uint64(year*10_000 + int(month)*100 + day))
	c := eightDigits(uint64(hour*10_000 + minute*100 + second))
	store64(dst, 0, '"'|d&0xFFFFFFFF<<8|'-'<<40|d>>32<<48)
	store64(dst, 8, '-'|d>>48<<8|'T'<<24|c>>16&0xFFFF<<32|':'<<48|c>>32<<56)
	store64(dst, 15, c>>32&0xFFFF|':'<<16|c>>48<<24)
	n := 20
	if nanos := uint64(t.Nanosecond()); nanos != 0 {
		high := nanos / 10
		digits, last := eightDigits(high), nanos-10*high
		*(*byte)(unsafe.Add(dst, n)) = '.'
		store64(dst, n+1, digits)
		*(*byte)(unsafe.Add(dst, n+9)) = byte('0' + last)
		n += 10
		if last == 0 {
			n -= 1 + bits.LeadingZeros64(digits^zeros)/8
		}
	}
	if offset == 0 {
		store32(dst, n, 'Z'|'"'<<8)
		return n + 2
	}
	sign, minutes := uint64('+'), offset/60
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	z := eightDigits(uint64(minutes/60*100 + minutes%60))
	store64(dst, n, sign|z>>32&0xFFFF<<8|':'<<24|z>>48<<32|'"'<<48)
	return n + 7
}

// storeTime stores the time that a JSON text is.
func storeTime(p *time.Time, text []byte) error {
	t, ok := parseTime(text)
	if !ok {
		return p.UnmarshalJSON(text)
	}
	*p = t
	return nil
}

// parseTime reads a time from its JSON form, as [time.Time.UnmarshalJSON] does. It reports false for all that is rare or wrong.
func parseTime(text []byte) (time.Time, bool) {
	if len(text) < len(`"2006-01-02T15:04:05Z"`) || text[0] != '"' || text[len(text)-1] != '"' {
		return time.Time{}, false
	}
	text = text[1 : len(text)-1]
	p := unsafe.Pointer(unsafe.SliceData(text))
	// Ones where there are no digits.
	const hyphens, third, sixth, colons = 1<<32 | 1<<56, 1 << 16, 1 << 40, 1<<16 | 1<<40
	years, ok := pairs(load64(p, 0), zeros^('0'^'-')*hyphens, hyphens)
	days, daysOK := pairs(load64(p, 8), zeros^('0'^'T')*third^('0'^':')*sixth, third|sixth)
	hours, hoursOK := pairs(load64(p, 11), zeros^('0'^':')*colons, colons)
	at := func(pairs uint64, i int) int { return int(pairs >> (8 * i) & 0xFF) }
	year, month, day := at(years, 0)*100+at(years, 2), at(years, 5), at(days, 0)
	hour, minute, second := at(hours, 0), at(hours, 3), at(hours, 6)
	if !ok || !daysOK || !hoursOK || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	if day < 1 || day > 28 && day > daysOf(year, month) {
		return time.Time{}, false
	}
	nanos, rest := 0, text[len("2006-01-02T15:04:05"):]
	if rest[0] == '.' {
		count := len(rest) - len(".Z")
		if rest[len(rest)-1] != 'Z' {
			count = len(rest) - len(".-07:00")
		}
		if count < 1 || count > 9 {
			return time.Time{}, false
		}
		// The last eight bytes, of which those before the point count for nothing, and the ninth digit.
		few, ninth := min(count, 8), byte(0)
		if count == 9 {
			ninth = rest[9] - '0'
		}
		digits := (load64(p, len("2006-01-02T15:04:05.")+few-8) ^ zeros) & (math.MaxUint64 << (64 - 8*few))
		if (digits|(digits+0x76*ones))&highs != 0 || ninth > 9 {
			return time.Time{}, false
		}
		nanos = int(valueOf(digits)*nanoseconds[few]) + int(ninth)
		rest = rest[1+count:]
	}
	seconds := int64(daysSince1970(year, month, day))*(24*60*60) + int64(hour*60*60+minute*60+second)
	if len(rest) == 1 {
		return time.Unix(seconds, int64(nanos)).UTC(), rest[0] == 'Z'
	}
	if len(rest) != len("-07:00") {
		return time.Time{}, false
	}
	zone, ok := pairs(load64(p, len(text)-8)>>24|zeros&^(1<<40-1), zeros^('0'^':')*third, third)
	offset := (at(zone, 0)*60 + at(zone, 3)) * 60
	switch rest[0] {
	case '-':
		offset = -offset
	case '+':
	default:
		ok = false
	}
	if !ok || at(zone, 0) > 23 || at(zone, 3) > 59 {
		return time.Time{}, false
	}
	t := time.Unix(seconds-int64(offset), int64(nanos)) // there
	if _, local := t.Zone(); local != offset {
		t = t.In(time.FixedZone("", offset))
	} else if time.Local == time.UTC {
		t = t.UTC() // which has no location, by which == tells it from others
	}
	return t, true
}

// daysOf returns how many days a month of the year has.
func daysOf(year, month int) int {
	if month != 2 {
		return 30 + (month^month>>3)&1
	}
	if year%4 != 0 || year%100 == 0 && year%400 != 0 {
		return 28
	}
	return 29
}

// daysSince1970 counts the days up to a date, of a year from 0 on. Years begin with March here, so that a leap day is the last.
func daysSince1970(year, month, day int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	y := uint(year + 400) // which have 146,097 days, as all 400 years
	return int(365*y+y/4-y/100+y/400) + (153*month-457)/5 + day - 1 - 719_468 - 146_097
}

// valueOf returns the number that eight digits make, of which the lowest byte comes first: neighbours are joined to pairs, these to fours,
// these to eight.
func valueOf(digits uint64) uint64 {
	const pair = 0x0000_00FF_0000_00FF
	digits = 10*digits + digits>>8
	return (digits&pair*(100+1_000_000<<32) + digits>>16&pair*(1+10_000<<32)) >> 32
}

// nanoseconds are how many nanoseconds the last of that many digits counts.
var nanoseconds = [9]uint64{1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10}

// pairs reads digits that stand two by two, in a text of the given form, which has the digit 0 for all digits. The number at each place is that of
// the digit there and the next. It reports whether the text has that form; marks are ones where that has no digits.
func pairs(text, form, marks uint64) (uint64, bool) {
	text ^= form
	return 10*text + text>>8, (text|(text+0x76*ones+9*marks))&highs == 0
}
