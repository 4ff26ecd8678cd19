package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startRedis starts a real Redis and returns its address. The test is skipped where there is none.
func startRedis(t *testing.T, flags ...string) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server to compare with: install it with the system's packages (Debian: apt-get install redis-server)")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().(*net.TCPAddr)
	listener.Close()
	command := exec.Command(path, append([]string{"--port", strconv.Itoa(addr.Port), "--bind", "127.0.0.1", "--save", "",
		"--databases", "1", "--dir", t.TempDir()}, flags...)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	for range 1000 {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			conn.Close()
			return addr.String()
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
	return ""
}

// A session is a connection whose replies are read as they come.
type session struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
}

func dial(t testing.TB, addr string) *session {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return &session{t, conn, bufio.NewReader(conn)}
}

func (s *session) send(data string) {
	s.t.Helper()
	if _, err := io.WriteString(s.conn, data); err != nil {
		s.t.Fatal(err)
	}
}

// do sends a command and returns its reply.
func (s *session) do(args ...string) string {
	s.t.Helper()
	s.send(request(args...))
	reply, err := readReply(s.reader)
	if err != nil {
		s.t.Fatalf("%q: %v", args, err)
	}
	return reply
}

func request(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.String()
}

// readReply returns a reply as text, with its elements in parentheses.
func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return line, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case '$', '=':
		if n < 0 {
			return line, nil
		}
		data := make([]byte, n+2)
		_, err := io.ReadFull(r, data)
		return fmt.Sprintf("%c%q", line[0], data[:n]), err
	case '%':
		n *= 2
	case '*', '~':
		if n < 0 {
			return line, nil
		}
	default:
		return line, nil
	}
	elements := make([]string, n)
	for i := range elements {
		if elements[i], err = readReply(r); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%c(%s)", line[0], strings.Join(elements, " ")), nil
}

// inAnyOrder sorts the elements of the innermost arrays of a reply.
func inAnyOrder(reply string) string {
	start := strings.LastIndexByte(reply, '(') + 1
	end := start + strings.IndexByte(reply[start:]+")", ')')
	elements := strings.Fields(reply[start:end])
	slices.Sort(elements)
	return reply[:start] + strings.Join(elements, " ") + reply[end:]
}

// isNear tells whether two integers are the same but for the time between them.
func isNear(a, b string) bool {
	if a == b {
		return true
	}
	m, err := strconv.ParseInt(strings.TrimPrefix(a, ":"), 10, 64)
	n, err2 := strconv.ParseInt(strings.TrimPrefix(b, ":"), 10, 64)
	return err == nil && err2 == nil && m > 0 && n > 0 && max(m-n, n-m) < 5000
}

// scripts are commands that are given to Redis and to this server one after the other, on a new connection and without
// any keys. Replies to those with a ~ in front are integers that depend on the time, those with a # are in any order, and
// of those with a ? only the kind of reply counts.
func scripts() []string {
	scripts := []string{
		"GET; GET a b; GET none; SET a 1; GET a; get a; GeT a",
		`SET a ""; GET a; STRLEN a; SET "" x; GET ""; SET "\x00\r\n\xff" "\r\n\x00"; GET "\x00\r\n\xff"`,
		"SET; SET a; SET a b c; SET a b EX; SET a b EX x; SET a b EX 0; SET a b EX -1; SET a b PX 0; SET a b EXAT 0",
		"SET a b EX 9223372036854775807; SET a b PX 9223372036854775807; SET a b EX 9223372036854775; SET a b EX 9999999999999999999",
		"SET a b EXAT 1; GET a; EXISTS a; SET a b PXAT 1; GET a; SET a b; SET a c EXAT 1 GET; GET a",
		"SET a b EX 10 PX 10; SET a b KEEPTTL EX 10; SET a b EX 10 KEEPTTL; SET a b NX XX; SET a b XX NX; SET a b ex 010; SET a b ex +1",
		"SET a b ex 100; ~TTL a; ~PTTL a; SET a c KEEPTTL; ~TTL a; SET a d; TTL a; SET a e PX 100000 nx; SET a e px 100000 xx; ~PTTL a",
		"SET a b exat 4102444800; ~TTL a; ~PTTL a; SET a b pxat 4102444800000; ~TTL a; EXPIREAT a 4102444801; ~TTL a; PEXPIREAT a 4102444802000; ~PTTL a",
		"SETEX; SETEX a 10; SETEX a 10 b c; SETEX a 0 b; SETEX a -1 b; SETEX a x b; SETEX a 10 b; GET a; ~TTL a; SETEX a 9223372036854775807 b",
		"PSETEX; PSETEX a 10000 b; GET a; ~PTTL a; PSETEX a 0 b; PSETEX a x b; PSETEX a 9223372036854775807 b",
		"SETNX; SETNX a 1; SETNX a 2; GET a; SETNX a",
		"GETSET a 1; GETSET a 2; GET a; SET a 3 EX 100; GETSET a 4; TTL a; GETSET; GETSET a",
		"GETDEL a; SET a 1; GETDEL a; GET a; GETDEL; GETDEL a b",
		"GETEX a; SET a 1; GETEX a; TTL a; GETEX a EX 100; ~TTL a; GETEX a; ~TTL a; GETEX a PERSIST; TTL a; GETEX a PX 100000; ~PTTL a",
		"SET a 1; GETEX a EX 0; GETEX a EX x; GETEX a EX; GETEX a PERSIST EX 10; GETEX a EX 10 PERSIST; GETEX a KEEPTTL; GETEX a NX; GETEX a XX; GETEX a GET; GETEX a EXAT 1; EXISTS a",
		"GETEX a EX 0; GETEX a EX x; GETEX a EXAT 9223372036854775807; GETEX a EX 9223372036854775807; GETEX a EX; GETEX a EX x PX 1",
		"MGET; MGET a; SET a 1; MGET a b a; MSET; MSET a; MSET a 1 b; MSET a 1 b 2 a 3; MGET a b c; SET a 1 EX 100; MSET a 2; TTL a",
		"DEL; DEL a; SET a 1; SET b 1; DEL a b a c; UNLINK; SET a 1; UNLINK a a; EXISTS; SET a 1; EXISTS a a b; TOUCH a b a; TOUCH",
		"EXPIRE; EXPIRE a; EXPIRE a 10; SET a 1; EXPIRE a 100; ~TTL a; EXPIRE a x; EXPIRE a 0; EXISTS a; SET a 1; EXPIRE a -1; EXISTS a",
		"SET a 1; EXPIRE a 9223372036854775807; EXPIRE a -9223372036854775808; EXPIRE a 9223372036854775; PEXPIRE a 9223372036854775807; EXPIRE a 10 NX foo; EXPIRE a x foo; EXPIRE a x NX GT",
		"PEXPIRE a 10; SET a 1; PEXPIRE a 100000; ~PTTL a; PEXPIRE a 0; GET a; PEXPIRE; PEXPIRE a x",
		"EXPIREAT a 1; SET a 1; EXPIREAT a 1; GET a; EXPIREAT; SET a 1; EXPIREAT a x; EXPIREAT a -1; GET a; SET a 1; PEXPIREAT a 1; GET a",
		"SET a 1 EXAT 4102444800; EXPIREAT a 4102444810 LT; PEXPIREAT a 4102444790000 GT; PEXPIREAT a 4102444810000 GT; EXPIREAT a 4102444800 LT",
		"TTL; TTL a; TTL a b; SET a 1; TTL a; PTTL a; PTTL none; PTTL; PERSIST; PERSIST a; PERSIST none; EXPIRE a 10; PERSIST a; TTL a",
		"INCR; INCR a b; INCR a; INCR a; DECR a; GET a; DECR b; INCRBY a 10; INCRBY a -5; DECRBY a 3; GET a; INCRBY a x; DECRBY a x; INCRBY a; DECRBY; DECR",
		"SET a 9223372036854775807; INCR a; INCRBY a 1; DECRBY a -1; DECR a; SET a -9223372036854775808; DECR a; DECRBY a 1; INCRBY a -1; GET a; DECRBY a -9223372036854775808",
		`SET a x; INCR a; SET a " 1"; INCR a; SET a 01; INCR a; SET a -0; INCR a; SET a ""; INCR a; SET a 1.5; INCR a; SET a +1; INCR a; SET a 99999999999999999999; INCR a; SET a -1; INCR a; SET a - ; INCR a`,
		"SET a 5 EX 100; INCR a; ~TTL a; APPEND a 1; ~TTL a; GET a; INCRBY a 9223372036854775807; GET a",
		`APPEND; APPEND a; APPEND a b; APPEND a cd; GET a; STRLEN a; APPEND none ""; EXISTS none; STRLEN; STRLEN none; STRLEN a b`,
		"GETRANGE; GETRANGE a 0; GETRANGE a 0 -1; SET a hello; GETRANGE a 0 -1; GETRANGE a 1 3; GETRANGE a -3 -2; GETRANGE a -2 -3; GETRANGE a -9 2; GETRANGE a 3 9; GETRANGE a 5 9; GETRANGE a -9 -8; GETRANGE a -8 -9; " +
			"GETRANGE a -9223372036854775808 9223372036854775807; GETRANGE a 9223372036854775807 -9223372036854775808; GETRANGE a x 1; GETRANGE a 1 x; GETRANGE a 1 1 1; SUBSTR a 1 -2; SUBSTR a 1; SET a 123; GETRANGE a 0 0; GETRANGE a 0 -9; GETRANGE a -1 -1",
		`SETRANGE; SETRANGE a 0 ""; EXISTS a; SETRANGE a 5 ""; SETRANGE a 3 bc; GET a; SETRANGE a 0 "x\x00"; GET a; SETRANGE a 4 longer; GET a; SETRANGE a 100 ""; STRLEN a; SETRANGE a -1 x; SETRANGE a x y; ` +
			"SETRANGE a 0 b c; SET a 12 EX 1000; SETRANGE a 1 34; GET a; ~TTL a; INCR a; DEL a; SETRANGE a 0 12; INCR a",
		`MSETNX; MSETNX a; MSETNX a 1 b; MSETNX a 1 b 2 a 3; MGET a b; MSETNX c 1 a 2; EXISTS c; SET a 1 EX 1000; MSETNX a 2; TTL d; MSETNX d "" "" d; GET d; GET ""`,
		"INCRBYFLOAT; INCRBYFLOAT a; INCRBYFLOAT a x; INCRBYFLOAT a 0.1; INCRBYFLOAT a 0.2; GET a; INCRBYFLOAT a 5.0e3; INCRBYFLOAT a -5000.3; INCRBYFLOAT a 1 2; SET a 3 EX 1000; INCRBYFLOAT a 1; ~TTL a; GET a; INCR a; INCRBYFLOAT a 0.5; INCR a; INCRBYFLOAT a 1e-17; INCRBYFLOAT a 4e-18",
		"TYPE; TYPE a; SET a 1; TYPE a; TYPE a b",
		"RENAME; RENAME a; RENAME a b; RENAME a a; RENAMENX a b; RENAMENX a a; SET a 1 EX 1000; RENAME a a; RENAMENX a a; RENAME a b; GET a; GET b; ~TTL b; SET a 2; RENAMENX a b; GET b; RENAME a b; GET b; TTL b; RENAMENX b a; MGET a b; RENAME a b c; RENAMENX a",
		`RENAME a ""; SET "" 1; RENAME "" "\x00"; GET "\x00"; COPY "\x00" ""; MGET "" "\x00"; COPY "" ""`,
		"COPY; COPY a; COPY a b; COPY a a; SET a 1 EX 1000; COPY a b; GET b; ~TTL b; SET a 2; COPY a b; GET b; COPY a b REPLACE; MGET a b; TTL b; COPY a c replace REPLACE; COPY a d DB 0; COPY a d DB 0 REPLACE; COPY a e DB; COPY a e DB x; COPY a e DB -1; COPY a e DB 99999999999; COPY a e DB 1; COPY a e DB 1 x; COPY a e DB x y; COPY a e foo; COPY a a DB 0; COPY a e DB 0 DB; COPY a e REPLACE DB 0 DB 0; GET e",
		"EXPIRETIME; EXPIRETIME a; PEXPIRETIME a; SET a 1; EXPIRETIME a; PEXPIRETIME a; EXPIREAT a 4102444800; EXPIRETIME a; ~PEXPIRETIME a; SET a 1 PXAT 4102444800499; ~EXPIRETIME a; ~PEXPIRETIME a; EXPIRE a 1000; ~EXPIRETIME a; ~PEXPIRETIME a; PEXPIRETIME a b; EXPIRETIME a b",
		"RANDOMKEY; RANDOMKEY a; SET a 1; RANDOMKEY; RANDOMKEY; RENAME a b; RANDOMKEY; RANDOMKEY; MSET a 1 c 2; ?RANDOMKEY; ?RANDOMKEY; ?TIME; TIME x",
		"DBSIZE; SET a 1; SET b 1; DBSIZE; DBSIZE a; DEL a; DBSIZE; FLUSHALL; DBSIZE; GET b; SET a 1; FLUSHDB; DBSIZE; FLUSHALL SYNC; FLUSHALL ASYNC; FLUSHDB async; FLUSHALL foo; FLUSHALL SYNC SYNC; FLUSHDB foo",
		"PING; PING hello; PING a b; ECHO; ECHO hello; ECHO a b; PING \"\"",
		"MULTI; MULTI; SET a 1; INCR a; GET a; EXEC; GET a; EXEC; DISCARD; MULTI; EXEC; MULTI x; MULTI; INCR a; DISCARD; GET a; EXEC x; DISCARD x",
		"MULTI; FOO; SET a 1; EXEC; EXISTS a; MULTI; SET a 1; GET; MULTI; INCR a; EXEC; EXISTS a; EXEC; MULTI; CLIENT foo; SET a 1; DISCARD; SET a x; MULTI; INCR a; INCR a b; EXEC; MULTI; INCR a; SET a 2; EXEC; GET a",
		"MULTI; MSET a 1 b 2; MGET a b c; RENAME a c; COPY c d; DEL b x; GETDEL d; SETRANGE c 2 x; SET e 1 EX 1000; PERSIST e; EXPIRE e 1000 NX; ECHO hello; PING; DBSIZE; EXEC; #KEYS *; MULTI; FLUSHALL; DBSIZE; SET a 1; EXEC; GET a",
		"WATCH; UNWATCH x; UNWATCH; WATCH a; MULTI; GET a; EXEC; WATCH a; SET a 1; MULTI; INCR a; EXEC; GET a; MULTI; INCR a; EXEC; WATCH a b; UNWATCH; SET b 1; MULTI; INCR a; EXEC; WATCH a b; MULTI; WATCH c; SET b 3; EXEC; GET b",
		"WATCH a; SET a 1; MULTI; DISCARD; MULTI; GET a; EXEC; WATCH a; DEL a; MULTI; SET a 2; EXEC; GET a; SET a 1; WATCH a; SET a 1; MULTI; SET a 2; EXEC; GET a; WATCH a b; MULTI; FOO; EXEC; SET a 1; MULTI; GET a; EXEC",
		"WATCH a; RENAME b a; MULTI; PING; EXEC; SET b 1; WATCH a b; RENAME b a; MULTI; PING; EXEC; WATCH a; FLUSHALL; MULTI; PING; EXEC; SET a 1; WATCH a; GET a; TTL a; SET c 1; MULTI; PING; EXEC",
		"MULTI; HELLO 3 foo; CLIENT SETNAME me; CLIENT GETNAME; UNWATCH; GET none; EXEC; CLIENT GETNAME; MULTI; GET a; QUIT",
		"SELECT; SELECT 0; SELECT x; SELECT -1; SELECT 9999999999; SELECT 16; SELECT 0 0",
		"AUTH; AUTH x; AUTH default x; AUTH other x; AUTH a b c",
		"HELLO x; HELLO 4; HELLO 1; HELLO 3 foo; HELLO 3 AUTH a; HELLO 3 AUTH nobody x; HELLO 3 SETNAME; HELLO 2 SETNAME \"a b\"; HELLO 2 foo bar; HELLO 99999999999999999999",
		"?HELLO; ?HELLO 3; GET none; MGET none; ?HELLO; ?HELLO 2; GET none; ?HELLO 3 SETNAME me; CLIENT GETNAME; ?HELLO 2 AUTH default x SETNAME you; CLIENT GETNAME",
		"HELLO 2 SETNAME me foo; CLIENT GETNAME; HELLO 2 SETNAME you AUTH nobody x; CLIENT GETNAME; HELLO 2 AUTH nobody x SETNAME me; CLIENT GETNAME",
		"CLIENT; CLIENT foo; CLIENT ID x; ?CLIENT ID; CLIENT GETNAME; CLIENT SETNAME; CLIENT SETNAME me; CLIENT GETNAME; CLIENT SETNAME \"a b\"; client getname; CLIENT SETNAME \"\"; CLIENT GETNAME; CLIENT SETNAME \"\\n\"; CLIENT SETNAME a b; CLIENT GETNAME a; ?CLIENT INFO; CLIENT INFO x",
		"CONFIG; CONFIG GET; CONFIG foo; CONFIG GET save; CONFIG GET appendonly; CONFIG GET none; #CONFIG GET save appendonly; CONFIG GET SAVE; CONFIG GET sav?; CONFIG get save; CONFIG GET save SAVE; CONFIG GET SAVE save; CONFIG GET sav? SAVE; CONFIG GET SAVE sav?",
		"COMMAND foo; ?COMMAND COUNT; COMMAND COUNT x; COMMAND INFO none; ?COMMAND; ?COMMAND LIST; ?COMMAND INFO; COMMAND LIST x",
		"?INFO; ?INFO server; INFO none; ?INFO all",
		"FOO; FOO bar; foo 'a b' \"c\\r\\nd\"; \"\"; 'FO O' x; " + strings.Repeat("x", 200) + " " + strings.Repeat("y", 200),
		`"a\x00b" "c\x00d" "\x00" e; CLIENT "a\x00b"; CLIENT "\x00"; HELLO 3 "a\x00b"; EXPIRE a 1 "b\x00c"; EXPIRE a 1 "b\n"; EXPIRE a 1 "\r\nb\r\n\n"; "a\n" "b\r\n"`,
		"CLIENT \u017fetname a; CLIENT GETNAME; CLIENT in\u212ao; \u212aEYS *; HELLO 2 \u017fetname a",
		"FOO " + strings.Repeat("abcdefghi ", 30) + "; CLIENT " + strings.Repeat("z", 200),
		"SCAN; SCAN x; SCAN -1; SCAN 0 MATCH; SCAN 0 COUNT 0; SCAN 0 COUNT -1; SCAN 0 COUNT x; SCAN 0 COUNT; SCAN 0 foo bar; SCAN 0 TYPE; SCAN 0; SCAN 99999999999999999999; SCAN \"\"; SCAN \" 1\"; SCAN 1x; SCAN +1 x; SCAN +x; SCAN -+1; SCAN +-1; SCAN + ; SCAN - ; SCAN \"\\x00\" x; SCAN \"1\\x00x\" x",
		"MSET a 1 b 2 ab 3; #SCAN 0 COUNT 100; #SCAN 0 COUNT 100 MATCH a*; #SCAN 0 COUNT 100 TYPE string; #SCAN 0 COUNT 100 TYPE list; #SCAN 0 COUNT 100 TYPE STRING; #SCAN 0 count 100 match *b type string",
		"KEYS; KEYS a b; KEYS *; MSET a 1 b 2 ab 3 abc 4 [x] 5 a*c 6 a-b 7 A 8; #KEYS *; #KEYS a*; #KEYS ?; #KEYS a?; #KEYS [ab]; #KEYS [^a]; #KEYS [a-b]*; #KEYS [b-a]; " +
			`#KEYS "a\\*c"; #KEYS "[[]x]"; #KEYS "\\[x\\]"; #KEYS [; #KEYS [a; #KEYS [^; #KEYS "[\\a]"; #KEYS "\\"; #KEYS a**; #KEYS *b*; #KEYS **c; #KEYS ""; #KEYS [a-; #KEYS [a-]; #KEYS []; #KEYS []a]; #KEYS *]; #KEYS [A-z]`,
		"SET a b; QUIT",
		"QUIT x",
	}
	if runtime.GOARCH == "amd64" { // elsewhere, Redis has longer numbers
		scripts = append(scripts,
			`SET a " 1"; INCRBYFLOAT a 1; SET a 0x10; INCRBYFLOAT a 0x1.8p1; INCRBYFLOAT a inf; INCRBYFLOAT a -Infinity; INCRBYFLOAT a nan; INCRBYFLOAT a ""; INCRBYFLOAT a +1; INCRBYFLOAT a .5; INCRBYFLOAT a 5.; INCRBYFLOAT a .; INCRBYFLOAT a 1_0; INCRBYFLOAT a 1p3; INCRBYFLOAT a 0b1; INCRBYFLOAT a "1\x00"`,
			"INCRBYFLOAT a 1.18e4932; INCRBYFLOAT a 1.18e4932; INCRBYFLOAT a 1.19e4932; INCRBYFLOAT a -1.18e4932; INCRBYFLOAT a 1e-4950; INCRBYFLOAT a 1e-4951; INCRBYFLOAT a 3.6451995318824746e-4951; INCRBYFLOAT a 0e99999999999999999999; INCRBYFLOAT a 1e-99999999999999999999; INCRBYFLOAT a 1e99999999999999999999; INCRBYFLOAT a -1e-30; SET a -0; INCRBYFLOAT a -0; INCRBYFLOAT a -1e-20",
			"SET a 9223372036854775807; INCRBYFLOAT a 1; INCRBYFLOAT a 9223372036854775807; INCRBYFLOAT a 1; INCRBYFLOAT a 2; INCRBYFLOAT a 123456789012345678901234567890; INCRBYFLOAT b 3.14159265358979323846; INCRBYFLOAT b -0.14159265358979323846",
		)
	}
	// SET with two of its options, on keys with and without a value and a time to live.
	options := []string{"", "NX", "XX", "GET", "KEEPTTL", "EX 100", "PX 100000", "EXAT 4102444800", "PXAT 4102444800000", "PERSIST"}
	for _, first := range options {
		var script strings.Builder
		for _, second := range options {
			for _, before := range []string{"DEL k", "SET k old", "SET k old EX 1000"} {
				fmt.Fprintf(&script, "%s; SET k new %s %s; GET k; ~TTL k; ", before, first, second)
			}
		}
		scripts = append(scripts, script.String())
	}
	for _, command := range []string{"EXPIRE k 50", "PEXPIRE k 50000", "EXPIRE k 5000", "EXPIREAT k 4102444800", "PEXPIREAT k 4102444800000", "EXPIRE k -1"} {
		var script strings.Builder
		for _, option := range []string{"", "NX", "XX", "GT", "LT", "NX XX", "NX GT", "NX LT", "XX GT", "XX LT", "GT LT", "XX GT LT", "foo", "nx nx"} {
			for _, before := range []string{"DEL k", "SET k v", "SET k v EX 1000"} {
				fmt.Fprintf(&script, "%s; %s %s; GET k; ~TTL k; ", before, command, option)
			}
		}
		scripts = append(scripts, script.String())
	}
	return scripts
}

func TestRepliesAreThoseOfRedis(t *testing.T) {
	redis, own := startRedis(t), start(t, config{}).addr()
	replies := 0
	for _, protocol := range []string{"2", "3"} {
		for _, script := range scripts() {
			there, here := dial(t, redis), dial(t, own)
			for _, s := range []*session{there, here} {
				s.do("HELLO", protocol)
				s.do("FLUSHALL")
			}
			for line := range strings.SplitSeq(script, "; ") {
				line = strings.TrimSpace(line)
				if line == "" {
					continue
				}
				mark := line[0]
				words, ok := splitWords([]byte(strings.TrimLeft(line, "~#?")))
				if !ok {
					t.Fatal("not a line of words:", line)
				}
				args := make([]string, len(words))
				for i, word := range words {
					args[i] = string(word)
				}
				want, got := there.do(args...), here.do(args...)
				replies++
				same := want == got
				switch mark {
				case '~':
					same = isNear(want, got)
				case '#':
					same = inAnyOrder(want) == inAnyOrder(got)
				case '?':
					same = want[0] == got[0]
				}
				if !same {
					t.Errorf("RESP%s, of %.200q: %.200q is answered with %.500s, by Redis with %.500s", protocol, script, line, got, want)
				}
			}
			there.conn.Close()
			here.conn.Close()
		}
	}
	t.Log(replies, "replies compared")
}

// TestKeyspaceIsThatOfRedis compares what INFO tells of the keys, but for the average time, which Redis estimates.
func TestKeyspaceIsThatOfRedis(t *testing.T) {
	there, here := dial(t, startRedis(t)), dial(t, start(t, config{}).addr())
	told := func(s *session) string {
		keyspace, _, _ := strings.Cut(s.do("INFO", "keyspace"), ",avg_ttl=")
		return keyspace
	}
	for line := range strings.SplitSeq("PING; SET a 1; SET b 2 EX 100; SETEX c 100 3; MSET d 4 e 5; EXPIRE a 100; PERSIST b; SET b 2 PX 90000; "+
		"SET c 33333333333333333333333333333333; INCR b; APPEND b xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; SET b 3 KEEPTTL; SETEX d 100 4; "+
		"GETEX e EX 100; GETEX e PERSIST; SET f 1 EX 100 NX; EXPIRE d 0; DEL a none; GETDEL b; FLUSHALL", "; ") {
		args := strings.Fields(line)
		there.do(args...)
		here.do(args...)
		if want, got := told(there), told(here); got != want {
			t.Errorf("after %s, INFO tells %s, Redis's %s", line, got, want)
		}
	}
}

// TestProtocolErrorsAreThoseOfRedis sends what is no request, and all that comes back until the connection is closed.
func TestProtocolErrorsAreThoseOfRedis(t *testing.T) {
	redis, own := startRedis(t), start(t, config{}).addr()
	for _, input := range []string{
		"*x\r\n", "*-5\r\nPING\r\n", "*0\r\nPING\r\n", "*1\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n+PING\r\n", "*1\r\nPING\r\n", "*1\r\n\xffPING\r\n", "*1\r\n\xc3\xbfPING\r\n", "*1\r\nPING", "*1\r\n\n", "*1\r\n\r\n", "*2\r\n$4\r\nPINGxxPING", "*1\r\n$04\r\nPING\r\n",
		"*1\r\n$9223372036854775807\r\n", "*1\r\n$99999999999999999999\r\n", "*9223372036854775807\r\n", "*2147483648\r\n", "*+1\r\n", "* 1\r\n", "*\r\n", "*1\r\n$\r\n",
		"PING\r\n", "PING\n", "  PING  \r\n", "\r\n\r\nPING\r\n", "ECHO 'a b'\r\n", `ECHO "a\x41\n\"b"` + "\r\n", `ECHO 'a\'b'` + "\r\n", `ECHO "a` + "\r\n", `ECHO 'a'b` + "\r\n",
		`ECHO a"b c"` + "\r\n", `ECHO "" x` + "\r\n", "set a b\r\nget a\r\n", "set a b\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n",
		strings.Repeat("x", maxLine+1), "*" + strings.Repeat("1", maxLine+1), "*1\r\n$" + strings.Repeat("1", maxLine+1),
		"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n", "\x00\x01\x02\r\n", "*1\r\n$0\r\n\r\n", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n",
	} {
		if want, got := answers(t, redis, []byte(input)), answers(t, own, []byte(input)); got != want {
			t.Errorf("%.80q is answered with %q, by Redis with %q", input, got, want)
		}
	}
}

// answers returns all that a server without keys says to an input that arrives in pieces.
func answers(t *testing.T, addr string, pieces ...[]byte) string {
	s := dial(t, addr)
	defer s.conn.Close()
	s.do("FLUSHALL")
	for _, piece := range pieces {
		_, _ = s.conn.Write(piece) // fails if the server has given up
	}
	_ = s.conn.(*net.TCPConn).CloseWrite()
	data, _ := io.ReadAll(s.reader) // an error is a connection that was reset, with what came before
	return string(data)
}

func TestAuthIsThatOfRedis(t *testing.T) {
	redis, own := startRedis(t, "--requirepass", "secret"), start(t, config{Password: "secret"}).addr()
	for _, script := range []string{
		"GET a; PING; MULTI; EXEC; SET a b; COMMAND COUNT; FOO; GET; CLIENT ID; CLIENT SETNAME a; INFO; CONFIG GET save; SELECT 0; AUTH wrong; AUTH other secret; AUTH default wrong; AUTH; AUTH a b c; PING",
		"AUTH secret; SET a b; GET a; AUTH wrong; GET a", "AUTH default secret; GET none", "HELLO; HELLO 3; HELLO 3 AUTH default wrong; PING",
		"HELLO 3 AUTH default secret SETNAME \"a b\"; PING", "QUIT", "MGET 1 2 3 4 5 6 7 8 9",
	} {
		there, here := dial(t, redis), dial(t, own)
		for line := range strings.SplitSeq(script, "; ") {
			args := strings.Fields(line)
			if want, got := there.do(args...), here.do(args...); got != want {
				t.Errorf("%q is answered with %.500s, by Redis with %.500s", line, got, want)
			}
		}
	}
	for _, input := range []string{request(slices.Repeat([]string{"x"}, 11)...), request("ECHO", strings.Repeat("x", 16385))} {
		there, here := dial(t, redis), dial(t, own)
		there.send(input)
		here.send(input)
		want, _ := there.reader.ReadString('\n')
		if got, _ := here.reader.ReadString('\n'); got != want {
			t.Errorf("%.30q is answered with %q, by Redis with %q", input, got, want)
		}
	}
}

var described = regexp.MustCompile(`^\*\(\*\(\S+ :-?\d+ \*\(.*?\) :\d+ :-?\d+ :\d+`)

// TestCommandsAreDescribedAsByRedis compares name, arity, flags and keys, in what Redis's COMMAND INFO says.
func TestCommandsAreDescribedAsByRedis(t *testing.T) {
	there, here := dial(t, startRedis(t)), dial(t, start(t, config{}).addr())
	for _, command := range newCommands() {
		want := described.FindString(there.do("COMMAND", "INFO", command.name))
		got := described.FindString(here.do("COMMAND", "INFO", command.name))
		if got != want || got == "" {
			t.Errorf("%s is described as %q, by Redis as %q", command.name, got, want)
		}
	}
}
