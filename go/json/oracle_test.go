//go:build goexperiment.jsonv2

package json_test

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(*testing.M) {
	fmt.Fprintln(os.Stderr, "these tests compare with the encoding/json of Go 1.25 and 1.26; later ones have another, with other errors: set GOEXPERIMENT=nojsonv2")
	os.Exit(1)
}
