package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSoak has clients use both services for as long as TANDEM_SOAK says, each on names of its own, so that it knows what each
// answer has to be. It is `make soak`.
func TestSoak(t *testing.T) {
	duration, err := time.ParseDuration(os.Getenv("TANDEM_SOAK"))
	if err != nil {
		t.Skip("set TANDEM_SOAK to a time such as 2m, or run make soak")
	}
	p := newProcess(t, t.TempDir())
	p.Env = append(p.Env, "FASTJSON_CACHE_MAX_BYTES=16MiB", "RUST_CACHE_SERVER_MAX_BYTES=16MiB") // full soon, on a busy machine too
	p.start()
	var operations atomic.Uint64
	end := time.Now().Add(duration)
	var clients sync.WaitGroup
	for n := range 8 {
		random := rand.New(rand.NewPCG(uint64(n), 4))
		work := newDocumentClient(t, p.api, n, random).step
		if n%2 == 1 {
			work = newCacheClient(t, p.cache, n, random).step
		}
		clients.Go(func() {
			for time.Now().Before(end) && !t.Failed() {
				work()
				operations.Add(1)
				time.Sleep(time.Millisecond) // other programs run on this machine
			}
		})
	}

	// Memory may grow while caches fill, which is what the first third is for.
	services := []string{"fastjson-api", "rust-cache-server"}
	usage := make([][]int, len(services))
	for time.Now().Before(end) && !t.Failed() {
		for i, name := range services {
			usage[i] = append(usage[i], residentKiB(t, p.pid(name)))
		}
		time.Sleep(min(time.Second, duration/60))
	}
	clients.Wait()
	if t.Failed() {
		return
	}
	for i, name := range services {
		third := len(usage[i]) / 3
		before, after := median(usage[i][third:2*third]), median(usage[i][2*third:])
		t.Logf("%s: %d MiB resident, and %d MiB at the end", name, before>>10, after>>10)
		if after > before+before/20+8<<10 {
			t.Errorf("%s grows: %d KiB, then %d KiB", name, before, after)
		}
	}
	t.Logf("%d operations", operations.Load())
	p.stop()
	if out := p.output.String(); strings.Contains(out, "ERROR") || strings.Contains(out, "panic") {
		t.Error(out)
	}
}

func median(values []int) int {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

func residentKiB(t *testing.T, pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

// A documentClient changes and reads documents of fastjson-api.
type documentClient struct {
	t      *testing.T
	base   string
	random *rand.Rand
	want   map[string]map[string]any // by id
}

func newDocumentClient(t *testing.T, addr string, n int, random *rand.Rand) *documentClient {
	return &documentClient{t, fmt.Sprintf("http://%s/v1/soak-%d", addr, n), random, map[string]map[string]any{}}
}

func (c *documentClient) document() map[string]any {
	return map[string]any{"n": c.random.Int64(), "text": strings.Repeat("süß \"tea\" ", c.random.IntN(400)),
		"list": []any{c.random.Float64(), nil, map[string]any{"a/b": "c"}}}
}

// do sends a request, and returns the status and the body.
func (c *documentClient) do(method, path string, body []byte, header ...string) (int, []byte, http.Header) {
	request, err := http.NewRequest(method, c.base+path, bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return 0, nil, nil
	}
	if len(header) > 0 {
		request.Header.Set(header[0], header[1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Error(err)
		return 0, nil, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Error(err)
	}
	return response.StatusCode, text, response.Header
}

func (c *documentClient) step() {
	id := fmt.Sprintf("d%d", c.random.IntN(300))
	have := c.want[id]
	switch c.random.IntN(14) {
	case 0, 1:
		document := c.document()
		text, _ := json.Marshal(document)
		status, answer, _ := c.do(http.MethodPut, "/"+id, text)
		c.expect(id, "PUT", status, answer, pick(have == nil, 201, 204))
		c.want[id] = document
	case 2:
		n := c.random.Int64()
		status, answer, _ := c.do(http.MethodPatch, "/"+id, fmt.Appendf(nil, `{"n":%d,"text":null}`, n))
		c.expect(id, "PATCH", status, answer, pick(have == nil, 404, 200))
		if have != nil {
			have = maps.Clone(have)
			have["n"] = n
			delete(have, "text")
			c.want[id] = have
		}
	case 3:
		status, answer, _ := c.do(http.MethodDelete, "/"+id, nil)
		c.expect(id, "DELETE", status, answer, pick(have == nil, 404, 204))
		delete(c.want, id)
	case 4:
		var lines bytes.Buffer
		batch := map[string]map[string]any{}
		for range 20 {
			id := fmt.Sprintf("d%d", c.random.IntN(300))
			document := c.document()
			document["id"] = id
			text, _ := json.Marshal(document)
			lines.Write(append(text, '\n'))
			batch[id] = document
		}
		status, answer, _ := c.do(http.MethodPost, "/_import", lines.Bytes())
		c.expect(id, "import", status, answer, 200)
		maps.Copy(c.want, batch)
	case 5:
		c.list()
	case 6:
		status, answer, _ := c.do(http.MethodGet, "/"+id+"?pointer=/list/2/a~1b", nil)
		c.expect(id, "pointer", status, answer, pick(have == nil, 404, 200))
		if have != nil && string(answer) != `"c"` {
			c.t.Errorf("%s: the pointer leads to %.100s", id, answer)
		}
	case 7:
		// No document has this tag, so nothing changes.
		status, answer, _ := c.do(http.MethodPut, "/"+id, []byte("1"), "If-Match", `"0"`)
		c.expect(id, "PUT with another's tag", status, answer, 412)
	case 8:
		status, answer, _ := c.do(http.MethodGet, "/_export", nil)
		c.expect("", "export", status, answer, 200)
		if lines := bytes.Count(answer, []byte("\n")); lines != len(c.want) {
			c.t.Errorf("an export of %s has %d documents, want %d", c.base, lines, len(c.want))
		}
	default:
		status, answer, header := c.do(http.MethodGet, "/"+id, nil)
		c.expect(id, "GET", status, answer, pick(have == nil, 404, 200))
		if have == nil || status != 200 {
			return
		}
		if want, _ := json.Marshal(have); !sameJSON(answer, want) {
			c.t.Errorf("%s: got %.300s, want %.300s", id, answer, want)
		}
		if status, answer, _ := c.do(http.MethodGet, "/"+id, nil, "If-None-Match", header.Get("ETag")); status != 304 {
			c.t.Errorf("%s with its entity tag: %d %.100s", id, status, answer)
		}
	}
}

func (c *documentClient) expect(id, what string, status int, answer []byte, want int) {
	if status != want {
		c.t.Errorf("%s of %s/%s: %d %.300s, want %d", what, c.base, id, status, answer, want)
	}
}

// list compares the names of all documents.
func (c *documentClient) list() {
	var ids []string
	for cursor, more := "", true; more; {
		status, answer, _ := c.do(http.MethodGet, "?limit=100&cursor="+cursor, nil)
		var page struct {
			Items  []struct{ ID string }
			Cursor *string
		}
		if err := json.Unmarshal(answer, &page); err != nil || status != 200 {
			c.t.Errorf("list: %d %.300s", status, answer)
			return
		}
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		if more = page.Cursor != nil; more {
			cursor = *page.Cursor
		}
	}
	if want := slices.Sorted(maps.Keys(c.want)); !slices.Equal(ids, want) {
		c.t.Errorf("list of %s: %v, want %v", c.base, ids, want)
	}
}

// sameJSON compares values; integers in all their digits.
func sameJSON(a, b []byte) bool {
	parse := func(text []byte) string {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return err.Error()
		}
		sorted, _ := json.Marshal(value)
		return string(sorted)
	}
	return parse(a) == parse(b)
}

func pick(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}

// A cacheClient uses rust-cache-server, which may forget what it was given, but must not give anything else.
type cacheClient struct {
	t      *testing.T
	conn   net.Conn
	in     *bufio.Reader
	n      int
	random *rand.Rand
	want   map[string]entry
	count  int
}

// An entry is a value, and the time after which it must not be there any more; the zero time is never.
type entry struct {
	value string
	until time.Time
}

func newCacheClient(t *testing.T, addr string, n int, random *rand.Rand) *cacheClient {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &cacheClient{t: t, conn: conn, in: bufio.NewReader(conn), n: n, random: random, want: map[string]entry{}}
}

// send writes a command; read reads a reply, where nil is "".
func (c *cacheClient) send(args ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		c.t.Error(err)
	}
}

func (c *cacheClient) read() string {
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Error(err)
		return ""
	}
	line = strings.TrimSuffix(line, "\r\n")
	switch line[0] {
	case '$':
		length, err := strconv.Atoi(line[1:])
		if err != nil || length < 0 {
			return ""
		}
		value := make([]byte, length+2)
		if _, err := io.ReadFull(c.in, value); err != nil {
			c.t.Error(err)
		}
		return string(value[:length])
	case '-':
		c.t.Error(line)
	}
	return line
}

func (c *cacheClient) step() {
	key := fmt.Sprintf("soak:%d:%d", c.n, c.random.IntN(50_000))
	switch c.random.IntN(8) {
	case 0:
		c.send("DEL", key)
		c.read()
		delete(c.want, key)
	case 1:
		counter := fmt.Sprintf("soak:%d:counter", c.n)
		c.send("INCR", counter)
		// Counters may be evicted like all others, and then begin again.
		if got := c.read(); got == ":1" {
			c.count = 1
		} else if c.count++; got != fmt.Sprintf(":%d", c.count) {
			c.t.Errorf("the counter is %s, want %d", got, c.count)
		}
	case 2, 3:
		// A pipeline, some of it with a time to live.
		var lives [16]time.Duration
		var keys [16]string
		for i := range 16 {
			key := fmt.Sprintf("soak:%d:%d", c.n, c.random.IntN(50_000))
			value := fmt.Sprintf("%s=%d %s", key, c.random.Int64(), strings.Repeat("v", c.random.IntN(2000)))
			if i%4 == 0 {
				lives[i] = time.Duration(1+c.random.IntN(2000)) * time.Millisecond
				c.send("SET", key, value, "PX", strconv.FormatInt(lives[i].Milliseconds(), 10))
			} else {
				c.send("SET", key, value)
			}
			keys[i], c.want[key] = key, entry{value: value}
		}
		for range 16 {
			if got := c.read(); got != "+OK" {
				c.t.Error(got)
			}
		}
		// The server's time to live began before its reply. Of the same key twice, the last counts.
		for i, life := range lives {
			var until time.Time
			if life > 0 {
				until = time.Now().Add(life)
			}
			c.want[keys[i]] = entry{c.want[keys[i]].value, until}
		}
	default:
		want := c.want[key]
		if !want.until.IsZero() && time.Now().After(want.until) {
			want.value = ""
		}
		c.send("GET", key)
		if got := c.read(); got != "" && got != want.value {
			c.t.Errorf("%s is %.100q, want %.100q", key, got, want.value)
		}
	}
}
