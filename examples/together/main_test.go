package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram makes a process of the tests' program be the program.
const asProgram = "TOGETHER_TEST_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// An output can be written and read at once.
type output struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.lock.Lock()
	defer o.lock.Unlock()
	return o.text.String()
}

// A process is the program with both services.
type process struct {
	*exec.Cmd
	t                     *testing.T
	api, cache, cacheHTTP string
	output                output
	ended                 chan struct{}
}

// newProcess returns a process that has not been started, with addresses that were free.
func newProcess(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	bin := t.TempDir()
	for program, variable := range map[string]string{
		"fastjson-api": "TANDEM_FASTJSON_API", "rust-cache-server": "TANDEM_CACHE_SERVER"} {
		path, err := filepath.Abs(setting(variable, "../../bin/"+program))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Skip("not built: make services")
		}
		if err := os.Symlink(path, filepath.Join(bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	p := &process{t: t, api: freeAddr(t), cache: freeAddr(t), cacheHTTP: freeAddr(t)}
	p.Cmd = exec.Command(os.Args[0], append([]string{"-bin", bin, "-var", dir}, args...)...)
	p.Env = append(os.Environ(), asProgram+"=1", "FASTJSON_ADDR="+p.api,
		"RUST_CACHE_SERVER_ADDR="+p.cache, "RUST_CACHE_SERVER_HTTP="+p.cacheHTTP, "RUST_CACHE_SERVER_MAX_BYTES=64MiB")
	p.Stdout, p.Stderr = &p.output, &p.output
	return p
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// start starts the process and waits until it greets.
func (p *process) start() {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan struct{})
	go func() { _ = p.Wait(); close(p.ended) }()
	p.t.Cleanup(func() { _ = p.Process.Signal(syscall.SIGTERM); <-p.ended })
	for !strings.Contains(p.output.String(), "Try") {
		select {
		case <-p.ended:
			p.t.Fatalf("it ended: %s", p.output.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (p *process) stop() {
	p.t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	if code := p.ProcessState.ExitCode(); code != 0 {
		p.t.Fatalf("exit code %d: %s", code, p.output.String())
	}
}

// pid returns the number of the process that is one of the services.
func (p *process) pid(name string) int {
	p.t.Helper()
	statuses, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, status := range statuses {
		text, _ := os.ReadFile(status) // it may have ended
		if !strings.Contains(string(text), fmt.Sprintf("\nPPid:\t%d\n", p.Process.Pid)) {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(status), "cmdline"))
		program, _, _ := strings.Cut(string(command), "\x00")
		if filepath.Base(program) != name {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(status)))
		if err != nil {
			p.t.Fatal(err)
		}
		return pid
	}
	p.t.Fatal(name, " does not run")
	return 0
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", url, response.Status, text, err)
	}
	return string(text)
}

func TestTogether(t *testing.T) {
	dir := t.TempDir()
	first := newProcess(t, dir)
	first.start()
	if out := first.output.String(); !strings.Contains(out, fmt.Sprintf("Imported %d documents into /v1/orders", exampleCount)) {
		t.Error(out)
	}
	order := get(t, "http://"+first.api+"/v1/orders/order-00007")

	// The other level has what the database has.
	if text := get(t, "http://"+first.cacheHTTP+"/v1/stats"); !strings.Contains(text, `"entries"`) {
		t.Error(text)
	}
	// Nobody else may have the port.
	second := newProcess(t, t.TempDir())
	second.Env = append(second.Env, "FASTJSON_ADDR="+first.api)
	err := second.Run()
	if text := second.output.String(); err == nil || strings.Count(text, "\n") != 1 ||
		!strings.Contains(text, first.api+" is in use") {
		t.Errorf("with a port in use: %v %s", err, text)
	}

	// Without the second level everything goes on.
	if err := syscall.Kill(first.pid("rust-cache-server"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(first.output.String(), "goes on without it") {
		time.Sleep(10 * time.Millisecond)
	}
	if again := get(t, "http://"+first.api+"/v1/orders/order-00007"); again != order {
		t.Error(again)
	}
	first.stop()

	// The next start goes on with what is there, and imports what it is given.
	data := filepath.Join(t.TempDir(), "My teas.ndjson")
	if err := os.WriteFile(data, []byte("{\"id\":\"sencha\",\"price\":7.90}\n{\n{\"id\":2}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	third := newProcess(t, dir, "-data", data)
	third.start()
	if out := third.output.String(); !strings.Contains(out, "Imported 2 documents into /v1/My-teas") ||
		!strings.Contains(out, "; 1 lines were refused.") || !strings.Contains(out, data+":2: ") {
		t.Error(out)
	}
	if tea := get(t, "http://"+third.api+"/v1/My-teas/sencha"); tea != `{"id":"sencha","price":7.90}` {
		t.Error(tea)
	}
	if again := get(t, "http://"+third.api+"/v1/orders/order-00007"); again != order {
		t.Error(again)
	}
	third.stop()

	fourth := newProcess(t, dir)
	fourth.start()
	if out := fourth.output.String(); !strings.Contains(out, "Going on with the documents that are there") {
		t.Error(out)
	}
	fourth.stop()
}

func TestPrograms(t *testing.T) {
	c := config{bin: t.TempDir(), dir: t.TempDir(), api: freeAddr(t), cache: freeAddr(t), cacheHTTP: "off"}
	err := run(t.Context(), c, os.Stdout, os.Stderr)
	if err == nil || !strings.Contains(err.Error(), "make rust-cache-server builds it") {
		t.Error(err)
	}
	c.data = filepath.Join(c.dir, "missing.ndjson")
	if err := run(t.Context(), c, os.Stdout, os.Stderr); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestExampleOrders(t *testing.T) {
	ids := map[string]bool{}
	for line := range strings.Lines(exampleOrders()) {
		var order struct {
			ID    string
			Total float64
			Items []struct {
				Quantity int
				Price    float64
			}
		}
		if err := json.Unmarshal([]byte(line), &order); err != nil {
			t.Fatal(err, line)
		}
		sum := 0.0
		for _, item := range order.Items {
			sum += float64(item.Quantity) * item.Price
		}
		if d := sum - order.Total; d > 0.001 || d < -0.001 {
			t.Fatal("the total is not the sum: ", line)
		}
		ids[order.ID] = true
	}
	if len(ids) != exampleCount {
		t.Errorf("%d ids", len(ids))
	}
}

func TestCollectionOf(t *testing.T) {
	for path, want := range map[string]string{
		"teas.ndjson":            "teas",
		"/a/b/My teas.2024.json": "My-teas",
		".hidden":                "documents",
		"_x.ndjson":              "x",
		"日本.ndjson":              "documents",
		strings.Repeat("a", 70):  strings.Repeat("a", 64),
	} {
		if got := collectionOf(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ addr, password, base, level2 string }{
		{"127.0.0.1:7379", "", "http://127.0.0.1:7379", "redis://127.0.0.1:7379"},
		{":7379", "", "http://127.0.0.1:7379", "redis://127.0.0.1:7379"},
		{"0.0.0.0:1", "", "http://127.0.0.1:1", "redis://127.0.0.1:1"},
		{"[::1]:1", "p@s", "http://[::1]:1", "redis://:p%40s@[::1]:1"},
		{"db.local:1", "", "http://db.local:1", "redis://db.local:1"},
	} {
		if base := baseURL(c.addr); base != c.base {
			t.Errorf("%s: %s", c.addr, base)
		}
		if u := level2URL(config{cache: c.addr, cachePassword: c.password}); u != c.level2 {
			t.Errorf("%s: %s", c.addr, u)
		}
	}
}

func TestClientErrors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-API-Key") != "secret" {
			http.Error(w, "who are you", http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	err := client{base: server.URL}.ready()
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized: who are you") {
		t.Error(err)
	}
	if err := (client{base: server.URL, key: "secret"}).ready(); err != nil {
		t.Error(err)
	}
}
