package main

import (
	"github.com/bytedance/sonic/ast"
	"github.com/minio/simdjson-go"

	"tandem.example/go/internal/corpus"
	tandem "tandem.example/go/json"
)

// documentBenchmarks parse texts to what can be navigated, in memory that is used again where that is possible.
func documentBenchmarks(documents []corpus.Document) []benchmark {
	var benchmarks []benchmark
	for _, document := range documents {
		name := "document/" + document.Name
		benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
			contenders := documentContenders(document.Data)
			for i, c := range contenders {
				if err := guard(func() error { c.run(1); return nil }); err != nil {
					contenders[i].run, contenders[i].fault = nil, err.Error()
				}
			}
			return s.measure(name, "ns", len(document.Data), contenders), nil
		}})
	}
	return benchmarks
}

func documentContenders(text []byte) []contender {
	var ours tandem.Document
	contenders := []contender{{name: own, run: func(n int) {
		for range n {
			must(ours.Reset(text))
		}
	}}, {name: "sonic-ast", run: func(n int) {
		for range n {
			root, err := ast.NewSearcher(string(text)).GetByPath()
			must(err)
			must(root.LoadAll())
		}
	}}}
	if simdjson.SupportedCPU() {
		var parsed *simdjson.ParsedJson
		contenders = append(contenders, contender{name: "simdjson-go", run: func(n int) {
			for range n {
				var err error
				parsed, err = simdjson.Parse(text, parsed, simdjson.WithCopyStrings(false))
				must(err)
			}
		}})
	}
	if simdjsonParse != nil {
		contenders = append(contenders, contender{name: "simdjson", run: simdjsonParse(text)})
	}
	return contenders
}

// simdjsonParse makes a function that has the C++ library parse a text n times, where that is there.
var simdjsonParse func(text []byte) func(n int)
