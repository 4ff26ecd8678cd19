package json_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tandem.example/go/json"
)

// Times of all years that have a text and some that have none, with few digits and many, in zones of whole hours, minutes and seconds.
func TestTimesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	count := 200_000
	if testing.Short() {
		count = 10_000
	}
	for range count {
		const year = 366 * 24 * 60 * 60
		seconds := random.Int64N(10_020*year) - 1980*year
		nanos := []int64{0, 1, 10, 1e6, 123e6, 999_999_999, random.Int64N(1e9)}[random.IntN(7)]
		value := time.Unix(seconds, nanos)
		switch random.IntN(4) {
		case 0:
			value = value.UTC()
		case 1:
			unit := []int{60 * 60, 15 * 60, 60, 1}[random.IntN(4)]
			value = value.In(time.FixedZone("", (random.IntN(60*60*50)-25*60*60)/unit*unit))
		}
		text, err := json.Marshal(&value)
		want, wantErr := value.MarshalJSON()
		if string(text) != string(want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%v: %s and error %v, want %s and %v", value, text, err, want, wantErr)
		}
		if err != nil {
			continue
		}
		if i := random.IntN(2 * len(text)); i < len(text) {
			text[i] = "0123456789-:.TZ+\"\x80,"[random.IntN(19)]
		}
		sameDecode(t, text, func() any { return new(time.Time) })
	}
}

// Offsets are those of the local zone where they can be, which a program may set, to UTC most often.
func TestTimesInLocalZones(t *testing.T) {
	defer func(local *time.Location) { time.Local = local }(time.Local)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for _, time.Local = range []*time.Location{time.UTC, berlin, time.FixedZone("", 0), time.FixedZone("east", 3600)} {
		for _, text := range []string{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+02:00"} {
			sameDecode(t, []byte(`["`+text+`"]`), func() any { return new([]time.Time) })
		}
	}
}

func TestTimesInManyForms(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"2026-01-02T03:04:05Z"`, `"2024-02-29T23:59:59Z"`, `"2026-02-29T00:00:00Z"`, `"2000-02-29T00:00:00Z"`, `"1900-02-29T00:00:00Z"`, `"2026-04-31T00:00:00Z"`, `"2026-00-01T00:00:00Z"`,
		`"2026-13-01T00:00:00Z"`, `"2026-01-00T00:00:00Z"`, `"2026-01-02T24:00:00Z"`, `"2026-01-02T23:60:00Z"`, `"2026-01-02T23:59:60Z"`, `"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999999Z"`,
		`"2026-01-02T03:04:05.Z"`, `"2026-01-02T03:04:05.1Z"`, `"2026-01-02T03:04:05.1234567891234Z"`, `"2026-01-02T03:04:05,1Z"`, `"2026-01-02T03:04:05.1"`, `"2026-01-02T03:04:05"`, `"2026-01-02T03:04:05.12x"`,
		`"2026-01-02T03:04:05+00:00"`, `"2026-01-02T03:04:05-00:00"`, `"2026-01-02T03:04:05.5+05:30"`, `"2026-01-02T03:04:05-23:59"`, `"2026-01-02T03:04:05+24:00"`, `"2026-01-02T03:04:05+23:60"`,
		`"2026-01-02T03:04:05 01:00"`, `"2026-01-02T03:04:05+0100"`, `"2026-01-02T03:04:05+01:0"`, `"2026-01-02T03:04:05+01-00"`, `"2026-01-02T3:04:05Z"`, `"2026-01-02 03:04:05Z"`, `"2026-01-02t03:04:05z"`,
		`"\u0032026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05\u005a"`, `"2026-01-02T03:04:05Z "`, `""`, `"2026-01-02"`, `null`, `1`, `{}`, `[1]`, `true`,
	} {
		for _, form := range []string{"%", `{"A":%}`, `{"A":%,"b":%,"B":1}`, `[%,%]`, `{"C":{"x":%}}`} {
			var document []byte
			for _, b := range []byte(form) {
				if b == '%' {
					document = append(document, text...)
				} else {
					document = append(document, b)
				}
			}
			type all struct {
				A time.Time
				B *time.Time
				C map[string]time.Time
			}
			for _, fresh := range []func() any{
				func() any { return new(all) }, func() any { return &all{A: time.Unix(1, 0), B: new(time.Time)} }, func() any { return new(time.Time) },
				func() any { return new([]time.Time) }, func() any { return new([]*time.Time) }, func() any { return new([1]time.Time) }, func() any { return &struct{ time.Time }{} },
			} {
				sameDecode(t, document, fresh)
			}
		}
	}
}

// Each day of many years, and of those next to it that are none.
func TestDaysMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, year := range []int{0, 1, 4, 99, 100, 101, 399, 400, 1600, 1899, 1900, 1969, 1970, 1972, 1999, 2000, 2001, 2023, 2024, 2100, 9999} {
		for month := range 14 {
			for day := range 33 {
				text := fmt.Appendf(nil, `"%04d-%02d-%02dT01:02:03.%0*dZ"`, year, month, day, 1+day%10, 1)
				sameDecode(t, text, func() any { return new(time.Time) })
			}
		}
	}
}

// Lists that are made by decoding end with the time that fails.
func TestTimesThatFailInLists(t *testing.T) {
	t.Parallel()
	type event struct {
		A time.Time
		B []*time.Time
		C [1]time.Time
		D struct{ A map[string]time.Time }
	}
	const good, bad = `"2026-01-02T03:04:05Z"`, `"2026-13-02T03:04:05Z"`
	for _, value := range []string{`{"A":%s}`, `{"B":[` + good + `,%s]}`, `{"C":[%s]}`, `{"D":{"A":{"x":%s}}}`} {
		for _, last := range []string{good, bad, `1`, `null`} {
			list := fmt.Appendf(nil, `[`+value+`,`+value+`,{"A":`+good+`}]`, good, last)
			sameDecode(t, list, func() any { return new([]event) })
			sameDecode(t, list, func() any { return &[]event{{}, {}, {}} })
			sameDecode(t, []byte(`{"A":`+string(list)+`}`), func() any { return new(map[string][]event) })
		}
	}
	for _, list := range []string{`[` + good + `,` + bad + `,` + good + `]`, `[[` + good + `],[` + bad + `]]`, `[null,` + bad + `]`} {
		for _, target := range []func() any{
			func() any { return new([]time.Time) },
			func() any { return new([]*time.Time) },
			func() any { return new([][]time.Time) },
			func() any { return new([][1]time.Time) },
			func() any { return new([2][]time.Time) },
		} {
			sameDecode(t, []byte(list), target)
		}
	}
}
