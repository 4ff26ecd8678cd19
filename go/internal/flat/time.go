package flat

import (
	"encoding/binary"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A time is seconds, nanoseconds and a zone: what a clock says that only runs while the process does is left out.
const leastTime = 8 + 4 + 1

// Zones.
const (
	zoneUTC    = iota
	zoneLocal  // wherever that is
	zoneFixed  // name, seconds east of UTC
	zoneLoaded // likewise, the name being one of the IANA database
	zones
)

func (e *encoder) time(from unsafe.Pointer) {
	t := *(*time.Time)(from)
	e.dst = binary.NativeEndian.AppendUint64(e.dst, uint64(t.Unix()))
	e.dst = binary.NativeEndian.AppendUint32(e.dst, uint32(t.Nanosecond()))
	switch location := t.Location(); location {
	case time.UTC:
		e.dst = append(e.dst, zoneUTC)
	case time.Local:
		e.dst = append(e.dst, zoneLocal)
	default:
		abbreviation, offset := t.Zone()
		start, end := t.ZoneBounds()
		kind := byte(zoneLoaded)
		if abbreviation == location.String() && start.IsZero() && end.IsZero() {
			kind = zoneFixed
		}
		e.dst = append(e.dst, kind)
		e.text(location.String())
		e.dst = binary.NativeEndian.AppendUint32(e.dst, uint32(offset))
	}
}

func (d *decoder) time(to unsafe.Pointer) bool {
	if len(d.data)-d.at < leastTime {
		return false
	}
	seconds := binary.NativeEndian.Uint64(d.data[d.at:])
	nanoseconds := binary.NativeEndian.Uint32(d.data[d.at+8:])
	kind := d.data[d.at+12]
	d.at += leastTime
	if nanoseconds >= 1e9 || kind >= zones {
		return false
	}
	t := time.Unix(int64(seconds), int64(nanoseconds))
	switch kind {
	case zoneUTC:
		t = t.UTC()
	case zoneFixed, zoneLoaded:
		name, ok := d.text()
		if !ok || len(d.data)-d.at < 4 {
			return false
		}
		offset := int(int32(binary.NativeEndian.Uint32(d.data[d.at:])))
		d.at += 4
		t = in(t, kind, name, offset)
	}
	*(*time.Time)(to) = t
	return true
}

// in returns a time in a zone that has that offset then: a fixed one where the database, maybe another than that of
// the process that stored the time, does not have it.
func in(t time.Time, kind byte, name string, offset int) time.Time {
	if kind == zoneLoaded {
		if location := known(zone{name: name, loaded: true}); location != nil {
			t := t.In(location)
			if _, is := t.Zone(); is == offset {
				return t
			}
		}
	}
	return t.In(known(zone{name: name, offset: offset}))
}

type zone struct {
	name   string
	offset int
	loaded bool
}

// Locations take long to load, and are looked up all over again. What is read may have any names, so they are
// remembered only as long as there are few. Another map takes the place of this one when a location is added.
var (
	locations     atomic.Pointer[map[zone]*time.Location] // nil for one that the database does not have
	locationsLock sync.Mutex
)

const maxLocations = 1000

// known returns the location of a zone. It does not keep the zone's name, which may be a part of a value.
func known(z zone) *time.Location {
	var all map[zone]*time.Location
	if loaded := locations.Load(); loaded != nil {
		all = *loaded
	}
	location, found := all[z]
	if found {
		return location
	}
	z.name = strings.Clone(z.name)
	if z.loaded {
		location, _ = time.LoadLocation(z.name)
	} else {
		location = time.FixedZone(z.name, z.offset)
	}
	if len(all) < maxLocations {
		remember(z, location)
	}
	return location
}

func remember(z zone, location *time.Location) {
	locationsLock.Lock()
	defer locationsLock.Unlock()
	more := map[zone]*time.Location{}
	if all := locations.Load(); all != nil {
		maps.Copy(more, *all)
	}
	more[z] = location
	locations.Store(&more)
}
