package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tandem.example/go/json"
)

// start starts a process of the service and returns it with its URL.
func start(t *testing.T, db string) (*exec.Cmd, string) {
	t.Helper()
	command := exec.Command(os.Args[0], "-addr", "127.0.0.1:0", "-db", db)
	command.Env = append(os.Environ(), "MICROSERVICE_TEST_PROCESS=1")
	command.Stderr = t.Output()
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // for the end of its output; it may have been waited for already
	})
	url := regexp.MustCompile(`Listening on (http://\S+)`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := url.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return command, found[1]
		}
	}
	t.Fatal("the process ended without an address")
	return nil, ""
}

// Each round, writers add and change products until the process is killed. The next process must have all that was
// acknowledged, and nothing that is in pieces.
func TestKill(t *testing.T) {
	db := filepath.Join(t.TempDir(), "kill.db")
	var lock sync.Mutex
	acknowledged := map[string]Product{} // by URL path
	process, url := start(t, db)
	for round := range 4 {
		enough, writes := make(chan struct{}), 0
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				path, method := "/products", http.MethodPost
				for n := 0; ; n++ {
					sku := fmt.Sprintf("K-%d-%d-%d", round, w, n/3)
					body := fmt.Sprintf(`{"sku":%q,"name":"name %d","category":"killed","description":%q,"price":%d,"stock":%d,"tags":["%d"]}`,
						sku, n, strings.Repeat(fmt.Sprintf("%d ", n), 300)+"end", n, n, n)
					if n%3 == 0 {
						path, method = "/products", http.MethodPost
					} else {
						method = http.MethodPut
					}
					request, err := http.NewRequest(method, url+path, strings.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					request.Header.Set("Content-Type", "application/json")
					response, err := http.DefaultClient.Do(request)
					if err != nil {
						return // it is dead
					}
					text, err := io.ReadAll(response.Body)
					_ = response.Body.Close()
					if err != nil {
						return
					}
					var p Product
					if err := json.Unmarshal(text, &p); err != nil || response.StatusCode/100 != 2 {
						t.Errorf("%d %s", response.StatusCode, text)
						return
					}
					path = fmt.Sprintf("/products/%d", p.ID)
					lock.Lock()
					acknowledged[path] = p
					if writes++; writes == 100 {
						close(enough)
					}
					lock.Unlock()
				}
			})
		}
		ended := make(chan struct{})
		go func() { writers.Wait(); close(ended) }()
		select {
		case <-enough:
		case <-ended:
			t.Fatal("the writers gave up")
		}
		if err := process.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-ended
		_ = process.Wait()

		process, url = start(t, db)
		for path, want := range acknowledged {
			response, err := http.Get(url + path)
			if err != nil {
				t.Fatal(err)
			}
			var got Product
			if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			// One change after the last that was acknowledged may have been on its way.
			if got.Stock != want.Stock && got.Stock != want.Stock+1 {
				t.Errorf("%s: stock %d, acknowledged %d", path, got.Stock, want.Stock)
			}
			n := fmt.Sprint(got.Stock)
			if got.Name != "name "+n || fmt.Sprint(got.Price) != n || got.Tags[0] != n ||
				got.Description != strings.Repeat(n+" ", 300)+"end" {
				t.Errorf("%s is in pieces: %+v", path, got)
			}
		}
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if _, err := os.Stat(db + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the log is left behind: %v", err)
	}
	s, err := openStore(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var check string
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
		t.Errorf("integrity check: %s, %v", check, err)
	}
	if _, err := s.write.ExecContext(t.Context(), "INSERT INTO product_words (product_words) VALUES ('integrity-check')"); err != nil {
		t.Errorf("integrity check of the search: %v", err)
	}
}

func TestShutdownFinishesRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	arrived, release := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "complete")
	})
	served, answered := make(chan error), make(chan string)
	go func() { served <- serve(ctx, listener, handler, slog.New(slog.NewTextHandler(t.Output(), nil))) }()
	url := "http://" + listener.Addr().String()
	go func() {
		response, err := http.Get(url)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		answered <- string(text)
	}()
	<-arrived
	stop()
	for { // the port closes while the request is still there
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(release)
	if got := <-answered; got != "complete" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	db := filepath.Join(t.TempDir(), "none.db")
	err = run(t.Context(), config{addr: listener.Addr().String(), db: db, cacheBytes: 1 << 20}, os.Stdout, os.Stderr)
	if err == nil || !strings.Contains(err.Error(), "is in use") || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
	if _, err := os.Stat(db); !os.IsNotExist(err) {
		t.Errorf("a database was made: %v", err)
	}
}

// A body whose length says that it is too long is refused without being sent.
func TestLongBodyIsRefusedUnread(t *testing.T) {
	s := newTestService(t)
	connection, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(connection, "POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n{")
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close {
		t.Errorf("%s, connection closed: %v", response.Status, response.Close)
	}
}

// One whose length is not known is read no further than the limit.
func TestLongBodyInChunks(t *testing.T) {
	s := newTestService(t)
	body := &endless{}
	response, err := s.Client().Post(s.URL+"/products", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%s", response.Status)
	}
}

// Whatever clients send, it is never the service that is at fault, and refusals are problem documents.
func TestGarbage(t *testing.T) {
	s := newTestService(t)
	random := rand.New(rand.NewPCG(1, 2))
	garble := func(text string, times int) string {
		b := []byte(text)
		for range times {
			switch at := random.IntN(len(b) + 1); random.IntN(4) {
			case 0:
				b = b[:at]
			case 1:
				b = append(b[:at:at], append([]byte{byte(random.IntN(256))}, b[at:]...)...)
			case 2:
				from := random.IntN(at + 1)
				b = append(b[:at:at], b[from:]...)
			default:
				if at < len(b) {
					b[at] ^= 1 << random.IntN(8)
				}
			}
		}
		return string(b)
	}
	refused := 0
	check := func(a answer, what string) {
		if a.StatusCode >= 500 {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
		if a.StatusCode >= 400 {
			refused++
			checkProblem(t, a)
		}
	}
	for range 1000 {
		body := garble(valid, 1+random.IntN(3))
		method, path := http.MethodPost, "/products"
		if random.IntN(2) == 0 {
			method, path = http.MethodPut, "/products/1"
		}
		check(s.do(t, method, path, body, "If-Match", "*"), body)

		query := strings.Map(func(r rune) rune {
			if r <= ' ' || r == '#' || r == 0x7f {
				return '+'
			}
			return r
		}, garble("category=tea&q=sencha%20NOT&limit=5&cursor=12", 1+random.IntN(4)))
		check(s.get(t, "/products?"+query), query)
	}
	if refused < 500 {
		t.Errorf("only %d of 2000 requests were refused", refused)
	}
	for range 200 {
		connection, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(connection, garble("PUT /products/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 3))
		_ = connection.(*net.TCPConn).CloseWrite()
		text, _ := io.ReadAll(connection)
		_ = connection.Close()
		if bytes.HasPrefix(text, []byte("HTTP/1.1 5")) && !bytes.HasPrefix(text, []byte("HTTP/1.1 501")) && !bytes.HasPrefix(text, []byte("HTTP/1.1 505")) {
			t.Errorf("%s", text)
		}
	}
	if a := s.get(t, "/healthz"); a.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.StatusCode, a.body)
	}
}

func TestMetrics(t *testing.T) {
	s := newTestService(t)
	for range 3 {
		s.get(t, "/products/5")
	}
	s.get(t, "/products/x")
	s.do(t, "DELETE", "/products/5", "")
	text := string(s.get(t, "/metrics").body)
	for _, want := range []string{
		`tandem_cache_loads_total{cache="products",result="success"} 1`, `tandem_cache_hits_total{cache="products"} 2`,
		`tandem_cache_misses_total{cache="products"} 1`, `tandem_cache_entries{cache="products"} 0`,
		`tandem_cache_deletes_total{cache="products"} 1`,
		`http_request_duration_seconds_count{code="200",method="get",route="/products/{id}"} 3`,
		`http_request_duration_seconds_count{code="404",method="get",route="/products/{id}"} 1`,
		`http_request_duration_seconds_count{code="204",method="delete",route="/products/{id}"} 1`,
		`go_sql_open_connections{db_name="read"}`, "\nprocess_cpu_seconds_total ", "\ngo_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%.3000s", want, text)
		}
	}
}
