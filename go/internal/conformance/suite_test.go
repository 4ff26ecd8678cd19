//go:build cgo

// Package conformance holds tandem.example/go/json to the encoding/json of the Go that runs: its interface, and its own tests.
package conformance

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "tandem.example/go/json" // results are kept only until it changes
)

// leftOut are the files of Go's tests that are not run, each for a reason. All others are.
var leftOut = map[string]string{
	"bench_test.go":    "benchmarks only, two of them of internals",
	"fold_test.go":     "tests foldName, a function that is not exported",
	"number_test.go":   "tests isValidNumber, a function that is not exported",
	"tags_test.go":     "tests parseTag, a function that is not exported",
	"v2_bench_test.go": "benchmarks only, which import an internal package",
}

// differing are tests that fail where encoding/json is made of encoding/json/v2, which is from Go 1.27 on unless
// GOEXPERIMENT=nojsonv2 is set: how many of each, and why.
var differing = map[string]struct {
	count  int
	reason string
}{
	"TestMarshalInvalidUTF8": {5, `what is not UTF-8 is written as \ufffd, as up to Go 1.26, not as U+FFFD itself`},
	"TestInvalidUTF8":        {1, "the same"},
	"TestUnmarshal":          {2, "errors that methods return are told their place in the outermost struct, as up to Go 1.26"},
	"TestDecodeInStream":     {5, "offsets of errors are those of encoding/json/v2, but in places those of the value, not of the stream"},
	"TestTokenError":         {1, "the same"},
}

// The tests of encoding/json itself, as the Go distribution has them, pass for tandem.example/go/json.
func TestGoSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another test program")
	}
	source, files := standardTests(t)
	folder, err := filepath.Abs("../../json")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(own) == 0 {
		t.Fatal("no tests in ", folder, err)
	}
	// An overlay puts the files into the package for one run of the go command, and takes its own tests away.
	replace := map[string]string{}
	for _, name := range own {
		replace[name] = ""
	}
	scratch := t.TempDir()
	add := func(name string, source []byte) {
		path := filepath.Join(scratch, name)
		if err := os.WriteFile(path, source, 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(folder, name)] = path
	}
	for _, name := range files {
		if reason, ok := leftOut[name]; ok {
			t.Logf("%s is left out: %s", name, reason)
			continue
		}
		text, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		add(name, adapt(t, text))
	}
	isV2 := slices.Contains(files, "v2_decode_test.go")
	if isV2 {
		add("internals_test.go", []byte(internals))
	} else {
		add("internals_test.go", []byte(internals+"\ntype isZeroer interface{ IsZero() bool }\n"))
	}
	// Nobody else may import this package.
	if cases := filepath.Join(source, "internal", "jsontest", "testcase.go"); exists(cases) {
		replace[filepath.Join(folder, "internal", "jsontest", "testcase.go")] = cases
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	test := exec.Command("go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-v", ".")
	test.Dir = folder
	output, err := test.CombinedOutput()
	passed := 0
	var names []string
	for _, result := range regexp.MustCompile(`(?m)^ *--- (PASS|FAIL): (\S+)`).FindAllStringSubmatch(string(output), -1) {
		if result[1] == "PASS" {
			passed++
		} else {
			names = append(names, result[2])
		}
	}
	failed := map[string]int{}
	for _, name := range names {
		isPart := func(other string) bool { return strings.HasPrefix(other, name+"/") }
		if !slices.ContainsFunc(names, isPart) {
			test, _, _ := strings.Cut(name, "/")
			failed[test]++
		}
	}
	t.Logf("%d tests passed", passed)
	for name, count := range failed {
		if known := differing[name]; isV2 && count <= known.count {
			t.Logf("%s fails %d times: %s", name, count, known.reason)
			delete(failed, name)
			err = nil
		}
	}
	if err != nil || len(failed) > 0 || passed < 50 {
		t.Errorf("%v, failed: %v\n%s", err, failed, output)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// standardTests returns where the tests of encoding/json are, and the files that the Go that runs takes of them.
func standardTests(t *testing.T) (folder string, files []string) {
	output, err := exec.Command("go", "list", "-json=Dir,TestGoFiles,XTestGoFiles", "encoding/json").Output()
	if err != nil {
		t.Skip("no go command: ", err)
	}
	var list struct {
		Dir                       string
		TestGoFiles, XTestGoFiles []string
	}
	if err := json.Unmarshal(output, &list); err != nil {
		t.Fatal(err)
	}
	files = slices.Concat(list.TestGoFiles, list.XTestGoFiles)
	if len(files) == 0 {
		t.Skip("this Go comes without its tests")
	}
	return list.Dir, files
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
			switch node.Path.Value {
			case `"encoding/json"`:
				replace(node.Path.Pos(), node.Path.End(), `"tandem.example/go/json"`)
			case `"encoding/json/internal/jsontest"`:
				replace(node.Path.Pos(), node.Path.End(), `"tandem.example/go/json/internal/jsontest"`)
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
	"errors"
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

var errUnexpectedEnd = errors.New("unexpected end of JSON input")

func checkValid(text []byte, _ ...*scanner) error {
	var raw json.RawMessage
	return json.Unmarshal(text, &raw)
}
`
