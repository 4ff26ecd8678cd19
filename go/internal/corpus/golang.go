package corpus

import "math"

// The type of a file tree: it contains itself, and most of it is integers.
type (
	GolangSource struct {
		Tree     *GolangNode `json:"tree"`
		Username string      `json:"username"`
	}
	GolangNode struct {
		Name     string       `json:"name"`
		Kids     []GolangNode `json:"kids"`
		CLWeight float64      `json:"cl_weight"`
		Touches  int          `json:"touches"`
		MinT     uint64       `json:"min_t"`
		MaxT     uint64       `json:"max_t"`
		MeanT    uint64       `json:"mean_t"`
	}
)

// Golang generates a source tree of about that many files.
func Golang(files int) Document {
	s := newSource(3)
	return document[GolangSource]("golang", object{
		{"tree", golangFolder(s, "/", files)},
		{"username", "gopher"},
	}, "")
}

// golangFolder spreads its files over folders of its own until few are left: a tree as deep as source trees are.
func golangFolder(s source, name string, files int) object {
	kids := array{}
	for files > 0 {
		if files < 4 || s.chance(70) {
			kids = append(kids, golangNode(s, golangName(s)+pick(s, []string{".go", "_test.go", ".s", ".html"}), array{}))
			files--
			continue
		}
		inside := s.between(1, files*3/4)
		kids = append(kids, golangFolder(s, golangName(s), inside))
		files -= inside
	}
	return golangNode(s, name, kids)
}

func golangNode(s source, name string, kids array) object {
	first := 1200000000 + s.IntN(100000000)
	last := first + s.IntN(30000000)
	return object{
		{"name", name},
		{"kids", kids},
		{"cl_weight", math.Max(0.1, float64(s.IntN(40))*0.1)},
		{"touches", s.between(1, 30)},
		{"min_t", first},
		{"max_t", last},
		{"mean_t", (first + last) / 2},
	}
}

func golangName(s source) string {
	return pick(s, []string{"buffer", "channel", "cipher", "decode", "draw", "exec", "parse", "server", "syntax", "time"}) +
		pick(s, []string{"", "_amd64", "_linux", "er", "s"})
}
