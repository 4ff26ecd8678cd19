//go:build cgo

package conformance

import (
	"bytes"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// All that encoding/json exports is there with the same types, methods and fields: of the Go that runs.
func TestInterface(t *testing.T) {
	standard, ours := load(t, "encoding/json"), load(t, "tandem.example/go/json")
	for _, name := range standard.Scope().Names() {
		want := standard.Scope().Lookup(name)
		if !want.Exported() {
			continue
		}
		got := ours.Scope().Lookup(name)
		if got == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		for _, difference := range differences(describe(got), describe(want)) {
			t.Errorf("%s: %s", name, difference)
		}
	}
}

// A difference is found.
func TestInterfaceDifferences(t *testing.T) {
	standard := load(t, "encoding/json")
	number, delim := describe(standard.Scope().Lookup("Number")), describe(standard.Scope().Lookup("Delim"))
	if found := differences(number, number); len(found) > 0 {
		t.Error(found)
	}
	found := strings.Join(differences(delim, number), "; ")
	if !strings.Contains(found, "lacks method Float64 func() (float64, error)") {
		t.Error(found)
	}
}

// load returns the types of a package, as the compiler exports them.
func load(t *testing.T, path string) *types.Package {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}", path)
	output, err := list.Output()
	if err != nil {
		t.Skip("no go command: ", err)
	}
	exports := map[string]string{}
	for line := range bytes.Lines(output) {
		path, file, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		exports[path] = file
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	loaded, err := importer.ForCompiler(token.NewFileSet(), "gc", lookup).Import(path)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// describe lists what users can see of an object. Both packages are called json.
func describe(object types.Object) []string {
	name := func(*types.Package) string { return "json" }
	var lines []string
	add := func(kind, what string, t types.Type) {
		lines = append(lines, strings.TrimSpace(kind+" "+what)+" "+types.TypeString(t, name))
	}
	declared, isType := object.(*types.TypeName)
	if !isType {
		add("is", "", object.Type())
		return lines
	}
	t := types.Unalias(declared.Type())
	if structure, ok := t.Underlying().(*types.Struct); ok {
		for i := range structure.NumFields() {
			if field := structure.Field(i); field.Exported() {
				add("field", field.Name(), field.Type())
			}
		}
	} else {
		add("is", "", t.Underlying())
	}
	methods := types.NewMethodSet(types.NewPointer(t))
	for i := range methods.Len() {
		if method := methods.At(i).Obj(); method.Exported() {
			add("method", method.Name(), method.Type())
		}
	}
	return lines
}

func differences(got, want []string) []string {
	var found []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			found = append(found, "lacks "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			found = append(found, "has "+line)
		}
	}
	return found
}
