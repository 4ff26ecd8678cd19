package corpus

import "fmt"

// LogLine is the type of one line of a service's log.
type LogLine struct {
	Time     string         `json:"time"`
	Level    string         `json:"level"`
	Message  string         `json:"msg"`
	Service  string         `json:"service"`
	Status   int            `json:"status,omitempty"`
	Duration float64        `json:"duration_ms,omitempty"`
	Fields   map[string]any `json:"fields,omitempty"`
}

// Logs generates a log of that many lines: newline-delimited JSON, a value of [LogLine] on each line.
func Logs(lines int) Document {
	s := newSource(8)
	return documentLines[LogLine]("logs", lines, func() any {
		line := object{
			{"time", s.moment().UTC().Format("2006-01-02T15:04:05.000Z")},
			{"level", pick(s, []string{"debug", "info", "info", "info", "warn", "error"})},
			{"msg", pick(s, []string{"request handled", "cache miss", "retrying: \"connection reset by peer\"", "slow query:\n\tSELECT *"})},
			{"service", pick(s, []string{"checkout", "catalogue", "search"})},
		}
		if s.chance(60) {
			line = append(line,
				member{"status", pick(s, []int{200, 200, 200, 304, 404, 500})},
				member{"duration_ms", float64(s.IntN(1000000)) / 1000})
		}
		if s.chance(40) {
			line = append(line, member{"fields", object{
				{"trace", s.hex(32)},
				{"path", fmt.Sprintf("/v1/products/%d?lang=en&page=%d", s.id(5), s.IntN(9))},
				{"attempt", s.IntN(5)},
				{"cached", s.chance(50)},
			}})
		}
		return line
	})
}
