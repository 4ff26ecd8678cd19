//go:build !cgo

package json

// lineValues would decode many lines at once, which takes the core.
type lineValues struct{}

func (lineValues) prepare(any, LinesOptions)                           {}
func (lineValues) decode([]byte, int, int, any) (done bool, err error) { return false, nil }
func (lineValues) fail()                                               {}
func (lineValues) drop()                                               {}
