package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 3000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it does not come to this:", what)
}

// isClosed tells whether the server ends a connection, and not only keeps silent.
func (s *session) isClosed() bool {
	_ = s.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err := io.Copy(io.Discard, s.reader)
	timeout, ok := err.(net.Error)
	return !ok || !timeout.Timeout()
}

func TestTooManyClientsAreRefused(t *testing.T) {
	server := start(t, config{MaxClients: 2})
	first, second := dial(t, server.addr()), dial(t, server.addr())
	first.do("PING")
	second.do("PING")
	third := dial(t, server.addr())
	if line, err := third.reader.ReadString('\n'); err != nil || line != "-ERR max number of clients reached\r\n" {
		t.Errorf("a third client gets %q, %v", line, err)
	}
	if !third.isClosed() {
		t.Error("the third client's connection is not closed")
	}
	first.conn.Close()
	eventually(t, "one client is left", func() bool { return server.connected() == 1 })
	if got := dial(t, server.addr()).do("PING"); got != "+PONG" {
		t.Error("when one has gone, another gets", got)
	}
}

func TestLongRequestsAreRefused(t *testing.T) {
	server := start(t, config{MaxRequest: 1 << 20})
	for _, test := range []struct{ name, input, want string }{
		{"an argument", "*2\r\n$3\r\nGET\r\n$1048577\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
		{"many arguments", "*3\r\n$3\r\nSET\r\n$600000\r\n" + strings.Repeat("x", 600000) + "\r\n$600000\r\n",
			"-ERR Protocol error: the request is larger than --max-request\r\n"},
		{"small arguments", "*1000000\r\n" + strings.Repeat("$1\r\nx\r\n", 200_000),
			"-ERR Protocol error: the request is larger than --max-request\r\n"},
	} {
		s := dial(t, server.addr())
		s.send(test.input)
		if line, err := s.reader.ReadString('\n'); err != nil || line != test.want {
			t.Errorf("%s: %q, %v", test.name, line, err)
		}
		if !s.isClosed() {
			t.Errorf("%s: the connection is not closed", test.name)
		}
	}
	s := dial(t, server.addr())
	half := strings.Repeat("x", 600_000)
	if got := s.do("SET", "a", half); got != "+OK" {
		t.Error("a long request is answered with", got)
	}
	if got := s.do("APPEND", "a", half); got != "-ERR string exceeds maximum allowed size (--max-request)" {
		t.Error("an append beyond the limit is answered with", got)
	}
}

func TestValuesThatTheCacheCannotHold(t *testing.T) {
	s := dial(t, start(t, config{MaxBytes: 1 << 20}).addr())
	s.do("SET", "a", "old")
	for _, command := range [][]string{
		{"SET", "a", ""}, {"SET", "a", "", "XX", "GET"}, {"SETEX", "a", "10", ""}, {"GETSET", "a", ""}, {"MSET", "a", ""}, {"MSET", "a", "new", "b", "", "c", "new"},
		{"MSETNX", "b", "new", "c", "", "b", "new"}, {"APPEND", "a", ""}, {"SETNX", "b", ""},
	} {
		for i := range command {
			if command[i] == "" {
				command[i] = strings.Repeat("x", 2<<20)
			}
		}
		if got := s.do(command...); got != "-"+errTooLarge {
			t.Errorf("%s is answered with %.100s", command[0], got)
		}
	}
	if got := s.do("MGET", "a", "b", "c"); got != `*($"old" $-1 $-1)` {
		t.Error("afterwards the values are", got)
	}
	if got := s.do("MSET", "a", "1", "a", strings.Repeat("x", 1000), "a", "2"); got != "+OK" || s.do("GET", "a") != `$"2"` {
		t.Error("of several values of a key the last one does not count:", got, s.do("GET", "a"))
	}
}

// TestIdleAndSlowClients has the watch look at a time of its choice.
func TestIdleAndSlowClients(t *testing.T) {
	server := start(t, config{IdleTimeout: time.Hour, RequestTimeout: time.Minute})
	idle, half, busy := dial(t, server.addr()), dial(t, server.addr()), dial(t, server.addr())
	idle.do("PING")
	half.send("*1\r\n$4\r\nPI")
	busy.send("PING\r\nPING\r\n*2\r\n")
	busy.do2("+PONG", "+PONG")
	eventually(t, "half a request is seen of two clients", func() bool {
		n := 0
		server.mu.Lock()
		defer server.mu.Unlock()
		for c := range server.clients {
			if c.halfSince.Load() != 0 {
				n++
			}
		}
		return n == 2
	})
	server.look(server.ticks.Load() + 55)
	half.send("NG\r\n*1\r\n$4\r\nPI") // the next half begins anew
	half.do2("+PONG")
	if n := server.connected(); n != 3 {
		t.Fatalf("%d clients are left before the time is over", n)
	}
	server.look(server.ticks.Load() + 65)
	if !half.isClosed() || !busy.isClosed() {
		t.Error("a client with half a request is kept")
	}
	if got := idle.do("PING"); got != "+PONG" {
		t.Error("an idle client gets", got)
	}
	server.look(server.ticks.Load() + 3605)
	if !idle.isClosed() {
		t.Error("an idle client is kept")
	}
	if n := server.evicted.Load(); n != 3 {
		t.Errorf("%d clients count as evicted", n)
	}
}

// do2 expects replies to what was sent.
func (s *session) do2(replies ...string) {
	s.t.Helper()
	for _, want := range replies {
		if got, err := readReply(s.reader); got != want || err != nil {
			s.t.Fatalf("the reply is %q, %v, not %q", got, err, want)
		}
	}
}

// TestLongPipelines sends far more than all buffers have room for before it reads the first reply.
func TestLongPipelines(t *testing.T) {
	server := start(t, config{})
	s := dial(t, server.addr())
	value := strings.Repeat("x", 10_000)
	s.do("SET", "a", value)
	const n = 10_000 // 100 MB of replies
	s.send(strings.Repeat("GET a\r\n", n) + "PING\r\n")
	for range n {
		s.do2(fmt.Sprintf("$%q", value))
	}
	s.do2("+PONG")
}

// TestRepliesBeyondTheBacklog sends requests whose replies are far more than --max-backlog, and reads all the while.
func TestRepliesBeyondTheBacklog(t *testing.T) {
	s := dial(t, start(t, config{MaxBacklog: 1 << 20}).addr())
	value := strings.Repeat("x", 100_000)
	s.do("SET", "a", value)
	const n = 300 // 30 MB of replies
	s.send(strings.Repeat("GET a\r\n", n) + "PING\r\n")
	for range n {
		s.do2(fmt.Sprintf("$%q", value))
	}
	s.do2("+PONG")
}

// TestRepliesThatNobodyMayHave sends single requests whose replies are far more than --max-backlog.
func TestRepliesThatNobodyMayHave(t *testing.T) {
	server := start(t, config{MaxBacklog: 1 << 20})
	s := dial(t, server.addr())
	s.do("SET", "a", strings.Repeat("x", 100_000))
	for name, input := range map[string]string{ // 1 GB of replies
		"MGET":               request(append([]string{"MGET"}, slices.Repeat([]string{"a"}, 10_000)...)...),
		"EXEC":               "MULTI\r\n" + strings.Repeat("GET a\r\n", 10_000) + "SET done yes\r\nEXEC\r\n",
		"EXEC of many MGETs": "MULTI\r\n" + strings.Repeat("MGET"+strings.Repeat(" a", 100)+"\r\n", 100) + "EXEC\r\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		other := dial(t, server.addr())
		other.send(input)
		_, _ = io.Copy(io.Discard, other.conn) // until it is closed
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 100 {
			t.Errorf("%s made %d MiB", name, took)
		}
	}
	if got := s.do("GET", "done"); got != `$"yes"` {
		t.Error("what comes behind too many replies in a transaction is not done:", got)
	}
	eventually(t, "the others are gone", func() bool { return server.connected() == 1 })
}

// TestLongCommandsInPipelines has commands that are carried out aside between others, in one piece and in many.
func TestLongCommandsInPipelines(t *testing.T) {
	addr := start(t, config{}).addr()
	mget := append([]string{"MGET"}, slices.Repeat([]string{"a"}, 2*manyArguments)...)
	input := request("SET", "a", "1") + request("KEYS", "*") + request("APPEND", "a", "2") + request(mget...) +
		"SCAN 0 COUNT 1000\r\nSCAN 0\r\nSCAN 0 COUNT 5 count 1000\r\nFLUSHALL\r\nGET a\r\nKEYS *\r\nPING\r\n"
	values := strings.Repeat(` $"12"`, 2*manyArguments)[1:]
	for _, size := range []int{len(input), 1, 100} {
		s := dial(t, addr)
		for piece := range slices.Chunk([]byte(input), size) {
			s.send(string(piece))
		}
		s.do2("+OK", `*($"a")`, ":2", "*("+values+")", `*($"0" *($"a"))`, `*($"0" *($"a"))`, `*($"0" *($"a"))`, "+OK", "$-1", "*()", "+PONG")
	}
}

// TestClientsThatLeaveDuringALongCommand has clients close their connection before the reply is there.
func TestClientsThatLeaveDuringALongCommand(t *testing.T) {
	server := start(t, config{})
	witness := dial(t, server.addr())
	for i := range 20_000 {
		server.store.Set(fmt.Append(nil, i), []byte("\x00"))
	}
	for i := range 100 {
		s := dial(t, server.addr())
		s.send("KEYS *\r\nKEYS *\r\n")
		if i%2 == 0 {
			_ = s.conn.(*net.TCPConn).SetLinger(0) // which resets the connection
		}
		s.conn.Close()
	}
	if got := witness.do("DBSIZE"); got != ":20000" {
		t.Error("another client gets", got)
	}
	eventually(t, "the others are gone", func() bool { return server.connected() == 1 })
}

func TestClientsThatDoNotRead(t *testing.T) {
	server := start(t, config{MaxBacklog: 1 << 20, WriteTimeout: 100 * time.Millisecond})
	other := dial(t, server.addr())
	other.do("SET", "a", strings.Repeat("x", 100_000))
	// One has too much waiting for it, the other takes too long to read a little less.
	for _, n := range []int{1000, 80} {
		s := dial(t, server.addr())
		s.send(strings.Repeat("GET a\r\n", n))
		eventually(t, "the client is given up", func() bool { return server.connected() == 1 })
	}
	if got := other.do("PING"); got != "+PONG" {
		t.Error("another client gets", got)
	}
}

// TestRequestsInPieces sends requests in pieces of random length.
func TestRequestsInPieces(t *testing.T) {
	s := dial(t, start(t, config{}).addr())
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		value := strings.Repeat("v", random.IntN(40_000))
		input := request("SET", "a", value) + "GET a\r\n" + request("STRLEN", "a")
		for len(input) > 0 {
			n := min(1+random.IntN(1+random.IntN(20_000)), len(input))
			s.send(input[:n])
			input = input[n:]
		}
		s.do2("+OK", fmt.Sprintf("$%q", value), fmt.Sprint(":", len(value)))
	}
}

// TestGarbage sends what damaged and random requests look like. Whatever becomes of their connections, others live on.
func TestGarbage(t *testing.T) {
	server := start(t, config{})
	witness := dial(t, server.addr())
	witness.do("SET", "witness", "alive")
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var input []byte
		if random.IntN(3) == 0 {
			input = make([]byte, random.IntN(300))
			for i := range input {
				input[i] = byte(random.Uint32())
			}
		} else {
			input = []byte(request("SET", "k", "value", "EX", "100") + request("GET", "k") + "mget a b\r\n" + request("SCAN", "0"))
			for range 1 + random.IntN(4) {
				input[random.IntN(len(input))] = "*$\r\n\"'0123456789-\x00\xffx"[random.IntN(20)]
			}
		}
		conn, err := net.Dial("tcp", server.addr())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(input)
		conn.Close()
	}
	if got := witness.do("GET", "witness"); got != `$"alive"` {
		t.Error("after the garbage, another client gets", got)
	}
	eventually(t, "the others are gone", func() bool { return server.connected() == 1 })
}

// TestManyClients has 1,000 idle ones and 100 that send byte by byte, while others work.
func TestManyClients(t *testing.T) {
	if testing.Short() {
		t.Skip("1,100 connections")
	}
	server := start(t, config{})
	for range 1000 {
		dial(t, server.addr())
	}
	stop := make(chan struct{})
	var slow sync.WaitGroup
	for range 100 {
		s := dial(t, server.addr())
		slow.Go(func() {
			for {
				for _, b := range []byte(request("SET", "slow", "value")) {
					if _, err := s.conn.Write([]byte{b}); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
					}
				}
			}
		})
	}
	var fast sync.WaitGroup
	for i := range 20 {
		s := dial(t, server.addr())
		fast.Go(func() {
			for n := range 500 {
				if got := s.do("INCR", fmt.Sprint("n", i)); got != fmt.Sprint(":", n+1) {
					t.Error("INCR is answered with", got)
					return
				}
			}
		})
	}
	fast.Wait()
	close(stop)
	slow.Wait()
}

// TestChangesAreWhole has many clients change one key at once.
func TestChangesAreWhole(t *testing.T) {
	addr := start(t, config{}).addr()
	const clients, times = 20, 200
	dial(t, addr).do("SET", "here", "x")
	var added, deleted sync.Map
	var moved atomic.Int64
	var group sync.WaitGroup
	for i := range clients {
		s := dial(t, addr)
		group.Go(func() {
			for n := range times {
				s.do("INCR", "number")
				s.do("APPEND", "text", "x")
				s.do("EXPIRE", "number", "100")
				s.do("INCRBYFLOAT", "sum", "0.5")
				if s.do("RENAMENX", "here", "there") == ":1" {
					moved.Add(1)
				}
				if s.do("RENAMENX", "there", "here") == ":1" {
					moved.Add(-1)
				}
				if s.do("MSETNX", "first", "x", "second", "x") == ":1" {
					if got := s.do("DEL", "second", "first"); got != ":2" {
						t.Error("of what MSETNX has stored, DEL finds", got)
					}
				}
				if s.do("SET", "once", "x", "NX") == "+OK" {
					added.Store([2]int{i, n}, true)
				}
				if s.do("GETDEL", "once") != "$-1" {
					deleted.Store([2]int{i, n}, true)
				}
				v := fmt.Sprint(i, "-", n)
				s.do("MSET", "left", v, "right", v)
				got := strings.Fields(strings.Trim(s.do("MGET", "left", "right"), "*()"))
				if strings.Join(got[:len(got)/2], "") != strings.Join(got[len(got)/2:], "") {
					t.Errorf("MGET sees half of an MSET: %q", got)
				}
			}
		})
	}
	group.Wait()
	s := dial(t, addr)
	if got := s.do("GET", "number"); got != fmt.Sprintf("$%q", fmt.Sprint(clients*times)) {
		t.Error("the number is", got)
	}
	if got := s.do("GET", "sum"); got != fmt.Sprintf("$%q", fmt.Sprint(clients*times/2)) {
		t.Error("the sum is", got)
	}
	if here, there := s.do("EXISTS", "here"), s.do("EXISTS", "there"); moved.Load() != 0 || here != ":1" || there != ":0" {
		t.Errorf("what was moved to and fro is there %s and %s times, with a balance of %d", here, there, moved.Load())
	}
	if got := s.do("STRLEN", "text"); got != fmt.Sprint(":", clients*times) {
		t.Error("the length of the text is", got)
	}
	if got := s.do("EXISTS", "once"); got != ":0" {
		t.Error("the last to add did not delete:", got)
	}
	count := func(m *sync.Map) (n int) {
		m.Range(func(any, any) bool { n++; return true })
		return n
	}
	if count(&added) != count(&deleted) {
		t.Errorf("added %d times, deleted %d times", count(&added), count(&deleted))
	}
}

// TestStopAnswersWhatWasRead has clients busy when the server stops: what they are told was done is done.
func TestStopAnswersWhatWasRead(t *testing.T) {
	server := start(t, config{})
	var counts [10]int
	var group sync.WaitGroup
	for i := range counts {
		conn, err := net.Dial("tcp", server.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		group.Go(func() {
			for {
				if _, err := io.WriteString(conn, fmt.Sprintf("INCR n%d\r\n", i)); err != nil {
					return
				}
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				if _, err := fmt.Sscanf(line, ":%d", &counts[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, "all are at work", func() bool { return server.processed() > 1000 })
	idle := dial(t, server.addr())
	server.stop()
	group.Wait()
	if !idle.isClosed() {
		t.Error("an idle client's connection is not closed")
	}
	for i, told := range counts {
		value, found := server.store.appendValue(nil, fmt.Appendf(nil, "n%d", i))
		if n, _ := parseInt(value); !found || n < int64(told) {
			t.Errorf("client %d was told %d, stored is %q", i, told, value)
		}
	}
	if _, err := net.Dial("tcp", server.addr()); err == nil {
		t.Error("a stopped server listens")
	}
}
