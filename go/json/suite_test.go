//go:build cgo

package json_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// The tests of encoding/json itself, as the Go distribution has them, pass for this package.
func TestGoSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another test program")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no go command: ", err)
	}
	own, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	// An overlay puts the files into this package for one run of the go command, and takes its own tests away.
	replace := map[string]string{}
	for _, name := range own {
		replace[filepath.Join(folder, name)] = ""
	}
	scratch := t.TempDir()
	add := func(name string, source []byte) {
		path := filepath.Join(scratch, name)
		if err := os.WriteFile(path, source, 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(folder, name)] = path
	}
	for _, name := range []string{
		"decode_test.go", "encode_test.go", "stream_test.go", "scanner_test.go", "tagkey_test.go",
		"example_test.go", "example_marshaling_test.go", "example_text_marshaling_test.go",
	} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "encoding", "json", name))
		if err != nil {
			t.Skip("this Go comes without its tests: ", err)
		}
		add(name, adapt(t, source))
	}
	add("internals_test.go", []byte(internals))
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-v", ".").CombinedOutput()
	passed := strings.Count(string(output), "\n--- PASS")
	if err != nil || passed < 50 {
		t.Errorf("%v, %d tests passed\n%s", err, passed, output)
	}
	t.Logf("%d tests passed", passed)
}

// adapt changes a file of Go's tests where it uses what is not exported: errors are made by functions, not literals.
func adapt(t *testing.T, source []byte) []byte {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	type edit struct {
		start, end int
		text       string
	}
	var edits []edit
	replace := func(start, end token.Pos, text string) {
		edits = append(edits, edit{files.Position(start).Offset, files.Position(end).Offset, text})
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			if node.Path.Value == `"encoding/json"` {
				replace(node.Pos(), node.End(), `"tandem.example/go/json"`)
			}
		case *ast.UnaryExpr:
			literal, ok := node.X.(*ast.CompositeLit)
			if !ok || len(literal.Elts) == 0 {
				break
			}
			name, ok := literal.Type.(*ast.Ident)
			if !ok || name.Name != "SyntaxError" && name.Name != "MarshalerError" {
				break
			}
			replace(node.Pos(), literal.Lbrace+1, "make"+name.Name+"(")
			for _, element := range literal.Elts {
				if pair, ok := element.(*ast.KeyValueExpr); ok {
					replace(pair.Pos(), pair.Value.Pos(), "")
				}
			}
			replace(literal.Rbrace, literal.End(), ")")
		}
		return true
	})
	slices.SortFunc(edits, func(a, b edit) int { return b.start - a.start })
	for _, e := range edits {
		source = fmt.Append(nil, string(source[:e.start]), e.text, string(source[e.end:]))
	}
	return source
}

// internals is what Go's tests use of encoding/json that is not exported.
const internals = `package json

import (
	"encoding/json"
	"reflect"
	"unsafe"
)

func set(target any, field, value string) {
	*(*string)(unsafe.Pointer(reflect.ValueOf(target).Elem().FieldByName(field).UnsafeAddr())) = value
}

func makeSyntaxError(msg string, offset int64) *SyntaxError {
	e := &SyntaxError{Offset: offset}
	set(e, "msg", msg)
	return e
}

func makeMarshalerError(typ reflect.Type, err error, sourceFunc string) *MarshalerError {
	e := &MarshalerError{Type: typ, Err: err}
	set(e, "sourceFunc", sourceFunc)
	return e
}

const startDetectingCyclesAfter = 1000

type scanner struct{}

func checkValid(text []byte, _ *scanner) error {
	var raw json.RawMessage
	return json.Unmarshal(text, &raw)
}
`
