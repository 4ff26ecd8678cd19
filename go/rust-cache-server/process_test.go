package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asServer makes a process of the tests' program be the server.
const asServer = "RUST_CACHE_SERVER_TEST_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A process is a server that can be killed.
type process struct {
	*exec.Cmd
	t    *testing.T
	addr string
	log  *bytes.Buffer
	done chan struct{} // the log is whole
}

var listening = regexp.MustCompile(`listening for Redis's protocol" address=(\S+)`)

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	args = append([]string{"--addr", "127.0.0.1:0", "--http", "off", "--max-bytes", "64MiB"}, args...)
	p := &process{Cmd: exec.Command(os.Args[0], args...), t: t, log: new(bytes.Buffer), done: make(chan struct{})}
	p.Env = append(os.Environ(), asServer+"=1")
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	lines := bufio.NewReader(stderr)
	for p.addr == "" {
		line, err := lines.ReadString('\n')
		p.log.WriteString(line)
		if match := listening.FindStringSubmatch(line); match != nil {
			p.addr = match[1]
		} else if err != nil {
			t.Fatal("the server did not start: ", p.log)
		}
	}
	go func() {
		_, _ = io.Copy(p.log, lines)
		close(p.done)
	}()
	return p
}

// end sends a signal and waits for the end.
func (p *process) end(signal os.Signal) error {
	p.t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.t.Fatal("the server does not end")
	}
	return p.Wait()
}

func TestWarmStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "var", "snapshot")
	first := startProcess(t, "--snapshot", path)
	s := dial(t, first.addr)
	s.do("SET", "a", "1", "EX", "1000")
	s.do("SET", "b", strings.Repeat("x", 3<<20))
	if err := first.end(syscall.SIGTERM); err != nil {
		t.Fatal(err, first.log)
	}
	if !strings.Contains(first.log.String(), "wrote the snapshot") {
		t.Error(first.log)
	}

	second := startProcess(t, "--snapshot", path)
	s = dial(t, second.addr)
	if a, ttl, length := s.do("GET", "a"), s.do("TTL", "a"), s.do("STRLEN", "b"); a != `$"1"` || !isNear(ttl, ":1000") || length != ":3145728" {
		t.Error("after a warm start:", a, ttl, length)
	}
	s.do("SET", "a", "2")
	// After a crash nothing is better than the values of before.
	if second.end(syscall.SIGKILL) == nil {
		t.Error("a killed process ends well")
	}
	third := startProcess(t, "--snapshot", path)
	if got := dial(t, third.addr).do("GET", "a"); got != "$-1" {
		t.Error("after a crash there is", got)
	}
	if err := third.end(os.Interrupt); err != nil {
		t.Fatal(err, third.log)
	}

	// A damaged one is told about, and no reason not to start.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	fourth := startProcess(t, "--snapshot", path)
	if err := fourth.end(syscall.SIGTERM); err != nil || !strings.Contains(fourth.log.String(), "cut off or damaged") {
		t.Error(err, fourth.log)
	}
}

// TestALogThatNobodyReads has the reader of the log end, as tee does on Ctrl-C: that must not cost more than the log.
func TestALogThatNobodyReads(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "snapshot")
	command := exec.Command(os.Args[0], "--addr", "127.0.0.1:0", "--http", "off", "--max-bytes", "64MiB", "--snapshot", path)
	command.Env = append(os.Environ(), asServer+"=1")
	command.Stderr = writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	writer.Close()
	if line, err := bufio.NewReader(reader).ReadString('\n'); !listening.MatchString(line) {
		t.Fatal(line, err)
	}
	reader.Close()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Error("the server ends with", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestRefusals starts servers that must end by themselves, with one line that says why.
func TestRefusals(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	other := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(other, []byte("dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--addr", listener.Addr().String()}, "is in use"},
		{[]string{"--addr", "127.0.0.1:0", "--http", listener.Addr().String()}, "is in use"},
		{[]string{"--addr", "127.0.0.1:0", "--http", "off", "--snapshot", other}, "it is no snapshot"},
		{[]string{"--addr", "127.0.0.1:0", "--http", "off", "--max-bytes", "100000TB"}, "--max-bytes"},
	} {
		command := exec.Command(os.Args[0], test.args...)
		command.Env = append(os.Environ(), asServer+"=1")
		output, err := command.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(output)), "\n")
		if last := lines[len(lines)-1]; err == nil || !strings.HasPrefix(last, "rust-cache-server: ") || !strings.Contains(last, test.want) {
			t.Errorf("%q: %v, %s", test.args, err, output)
		}
	}
	if data, err := os.ReadFile(other); string(data) != "dear diary" {
		t.Errorf("another file is %q now, %v", data, err)
	}
}

// TestKill kills the server under writers, and starts it again at the same address: no reply is ever of another command.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server over and over")
	}
	for range 5 {
		p := startProcess(t)
		errs := make(chan error)
		for i := range 16 {
			go func() { errs <- work(p.addr, i) }()
		}
		time.Sleep(50 * time.Millisecond)
		_ = p.end(syscall.SIGKILL)
		for range 16 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
}

// work sets and gets until the connection ends.
func work(addr string, i int) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for n := 0; ; n++ {
		key, value := fmt.Sprint("k", i), fmt.Sprint(n)
		if _, err := io.WriteString(conn, request("SET", key, value)+request("GET", key)); err != nil {
			return nil
		}
		for _, want := range []string{"+OK", fmt.Sprintf("$%q", value)} {
			got, err := readReply(reader)
			if err != nil {
				return nil
			}
			if got != want {
				return fmt.Errorf("the reply is %s, not %s", got, want)
			}
		}
	}
}
