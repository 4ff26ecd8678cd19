//go:build cgo

package json

import (
	"reflect"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// lineValues decodes the values of lines many at a time.
type lineValues struct {
	ahead ahead
	flags uint32
	// After lines for which that was in vain, the next ones are decoded by themselves: more each time, so that broken
	// texts take linear time.
	alone, failed int
}

// prepare makes ready for values of the type that pointer points to.
func (l *lineValues) prepare(pointer any, options LinesOptions) {
	l.ahead.plan = decodePlanOf(reflect.TypeOf(pointer).Elem())
	l.flags = options.Config.decodeFlags()
}

// decode decodes the line text[start:end], which is not blank. If it is not done, nothing was stored.
func (l *lineValues) decode(text []byte, start, end int, target any) (done bool, err error) {
	if l.ahead.count == 0 {
		if l.ahead.plan == nil {
			return false, nil
		}
		if l.alone > 0 {
			l.alone--
			return false, nil
		}
		if l.ahead.look(text[start:], start, l.flags, maxAhead) != ffi.OK {
			l.fail()
			return false, nil
		}
	}
	// The value began in this line. It is the line's if it ends there too, and nothing follows it.
	if last := l.ahead.end(); last > end || skipSpace(text[:end], last) < end {
		l.fail()
		return false, nil
	}
	l.failed = 0
	return true, l.ahead.store((*eface)(unsafe.Pointer(&target)).data)
}

func (l *lineValues) fail() {
	l.drop()
	l.alone, l.failed = l.failed, min(2*l.failed+1, 255)
}

// drop gives up what was decoded of the lines to come.
func (l *lineValues) drop() { l.ahead.drop() }
