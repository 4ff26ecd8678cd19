//go:build cgo

package cache

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"
)

// What can be a key, and what a compiler says no to.
func TestKeyTypes(t *testing.T) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "key.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("cache", files, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	constraint := pkg.Scope().Lookup("Key").Type().Underlying().(*types.Interface)
	for key, want := range map[string]bool{
		"string": true, "[]byte": true, "[16]byte": true, "int": true, "uint8": true, "rune": true, "uint64": true,
		"bool": false, "float64": false, "any": false, "error": false, "*int": false, "func()": false,
		"struct{ A, B int }": false, "[]string": false, "[3]byte": false, "[16]int8": false, "map[string]int": false,
	} {
		value, err := types.Eval(files, pkg, token.NoPos, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := types.Satisfies(value.Type, constraint); got != want {
			t.Errorf("%s as a key: %t, want %t", key, got, want)
		}
	}
}
