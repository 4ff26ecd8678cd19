package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pools have the arguments that words in capitals stand for.
var pools = map[string][]string{
	"KEY": {"a", "b", "c", "d", "", "\x00\r\n\xff", "A", "*", "1"},
	"VALUE": {"", "0", "1", "-1", "12", "9223372036854775807", "-9223372036854775808", "9223372036854775806", "007", " 1", "1 ", "+1", "1.5",
		"-0", "x", "abc", "\x00", "a\r\nb", "\xff\xfe", "nx", "EX", "3.0e3", "inf", strings.Repeat("v", 100), strings.Repeat("w", 20_000)},
	"NUMBER": {"0", "1", "-1", "2", "3", "5", "-2", "-3", "10", "100", "9223372036854775807", "-9223372036854775808", "9223372036854775806",
		"-9223372036854775807", "9223372036854775808", "4611686018427387904", "01", "+1", " 1", "1 ", "", "x", "1.5", "-0", "0x10", "1e3", "--1",
		"2147483648", "-2147483649", "4294967296"},
	// Times that are not soon, and not beyond the 292 years that there are here.
	"SECONDS": {"0", "-1", "100000000", "4102444800", "9000000000", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"-9223372036854775", "-9223372036854776", "9223372036854776", "01", "+1", " 1", "", "x", "1.5", "-0"},
	"MILLIS": {"0", "-1", "100000000", "4102444800000", "9000000000000", "-9223372036854775808", "9223372036854775808", "01", "x", "-0"},
	"FLOAT": {"0", "-0", "1", "-1.5", "0.1", "-.25", "5.", ".", "3.0e3", "1e-17", "-4e-18", "5e-18", "1E+300", "-1e4931", "1.2e4932", "1e-4950",
		"1e-4951", "0e99999999999999999999", "1e99999999999999999999", "1e-99999999999999999999", "0x1.8p3", "-0XAp-2", "0x", "0x.8", "inf", "-Infinity",
		"nan", " 1", "1 ", "+1", "1e", "1e+", "1_0", "1p3", "0b1", "0o7", "010", "", "9223372036854775807", "18446744073709551615", "18446744073709551617",
		"1\x00", "٣", "1,5", strings.Repeat("7", 5119), strings.Repeat("0", 5120)},
	"PATTERN": {"*", "?", "a*", "[a-c]", "[^a]", "\\*", "", "a", "[", "*a*", "[A-]"},
	"TEXT":    {"", "hello", "a b", "\n", "\xff", "x", "me", "~", "\x7f"},
}

// patterns are commands. What is in brackets comes any number of times, in any order.
var patterns = []string{
	"get KEY", "get KEY", "set KEY VALUE", "set KEY VALUE", "set KEY VALUE ex 100000000", "append KEY VALUE", "strlen KEY",
	"set KEY VALUE [nx] [xx] [get] [keepttl] [ex SECONDS] [px MILLIS] [exat SECONDS] [pxat MILLIS] [persist]", "setnx KEY VALUE", "getset KEY VALUE",
	"getex KEY [persist] [ex SECONDS] [px MILLIS] [exat SECONDS] [pxat MILLIS] [keepttl]", "setex KEY SECONDS VALUE", "psetex KEY MILLIS VALUE", "getdel KEY",
	"incr KEY", "decr KEY", "incrby KEY NUMBER", "decrby KEY NUMBER", "mget KEY [KEY]", "mset KEY VALUE [KEY VALUE]", "msetnx KEY VALUE [KEY VALUE]",
	"getrange KEY NUMBER NUMBER", "substr KEY NUMBER NUMBER", "setrange KEY NUMBER VALUE", "setrange KEY 100 VALUE", "set a FLOAT",
	"dbsize", "del KEY [KEY]", "unlink KEY [KEY]", "exists KEY [KEY]", "touch KEY [KEY]", "touch" + strings.Repeat(" KEY", 2*manyArguments), "type KEY",
	"expire KEY SECONDS [nx] [xx] [gt] [lt] [foo]", "pexpire KEY MILLIS [nx] [xx] [gt] [lt]", "expireat KEY SECONDS [nx] [xx] [gt] [lt]",
	"pexpireat KEY MILLIS [nx] [xx] [gt] [lt]", "persist KEY", "pttl KEY", "ttl KEY", "flushall", "flushdb [sync] [async]", "keys PATTERN",
	"rename KEY KEY", "renamenx KEY KEY", "copy KEY KEY [replace] [db SECONDS]", "expiretime KEY", "pexpiretime KEY", "randomkey", "time",
	"scan SECONDS [count NUMBER] [match PATTERN] [type string] [type list] [foo]",
	"multi", "exec", "exec", "discard", "watch", "unwatch", "auth TEXT [TEXT]", "hello", "hello NUMBER", "hello 2 [setname TEXT] [auth default x]", "hello 3 [setname TEXT] [auth TEXT TEXT]",
	"client getname", "client id", "client info", "client setname TEXT", "echo TEXT", "ping", "ping TEXT", "select SECONDS",
	"command count", "command list", "command info get", "command info [nothing]", "config get save [appendonly] [SAVE] [APPENDON*] [sav?]",
	"info [keyspace]", "foo [TEXT]", "TEXT [TEXT]",
}

func init() {
	if runtime.GOARCH == "amd64" { // elsewhere, Redis has longer numbers
		patterns = append(patterns, "incrbyfloat KEY FLOAT", "incrbyfloat a FLOAT", "incrbyfloat a FLOAT")
	}
}

// unlike are the commands whose replies depend on more than what came before, and when two are alike.
var unlike = map[string]func(a, b string) bool{
	"ttl": isNear, "pttl": isNear, "expiretime": isNear, "pexpiretime": isNear, "randomkey": same(kind), "time": same(kind), "keys": same(inAnyOrder), "scan": same(kind),
	"config get": same(inAnyOrder), "hello": same(withoutID), "exec": same(kind), "client id": same(kind), "client info": same(kind),
	"command": same(kind), "command count": same(kind), "command list": same(kind), "command info": same(kind),
	"info": same(kind), "dbsize": same(kind), // Redis counts for a while what has expired
}

// same is for replies of which what a function tells is the same.
func same(of func(string) string) func(a, b string) bool {
	return func(a, b string) bool { return of(a) == of(b) }
}

func kind(reply string) string { return reply[:1] }

var clientIDs = regexp.MustCompile(`\$"id" :\d+`)

func withoutID(reply string) string { return clientIDs.ReplaceAllString(reply, "") }

// alikeOf returns when two replies to a command are alike, and whether that is less than the same.
func alikeOf(args []string) (alike func(a, b string) bool, ok bool) {
	for n := 1; n <= min(2, len(args)) && !ok; n++ {
		alike, ok = unlike[strings.ToLower(strings.Join(args[:n], " "))]
	}
	return alike, ok
}

func oneOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// randomCommand returns one that is right more often than not.
func randomCommand(r *rand.Rand) []string {
	pattern, optional, _ := strings.Cut(oneOf(r, patterns), " [")
	args := strings.Fields(pattern)
	if optional != "" {
		options := strings.Split(strings.TrimSuffix(optional, "]"), "] [")
		for range r.IntN(4) {
			args = append(args, strings.Fields(oneOf(r, options))...)
		}
	}
	for i, arg := range args {
		if pool, ok := pools[arg]; ok {
			args[i] = oneOf(r, pool)
			// Whether the same time from now on is later than before depends on the clock.
			if n, ok := parseInt([]byte(args[i])); ok && n > 1000 && n < 1e13 && (arg == "SECONDS" || arg == "MILLIS") {
				args[i] = fmt.Sprint(n + r.Int64N(1e6))
			}
		} else if r.IntN(4) == 0 {
			args[i] = oneOf(r, []string{strings.ToUpper(arg), strings.ToUpper(arg[:1]) + arg[1:]})
		}
	}
	switch at := 1 + r.IntN(len(args)); r.IntN(16) {
	case 0:
		args = args[:at]
	case 1:
		args = slices.Insert(args, at, oneOf(r, pools["SECONDS"]))
	case 2:
		args = slices.Insert(args, at, oneOf(r, pools["VALUE"]))
	}
	return args
}

// encoded writes a command, sometimes as a line of words.
func encoded(r *rand.Rand, args []string) string {
	if r.IntN(5) > 0 || len(request(args...)) > maxLine/8 {
		return request(args...)
	}
	var line strings.Builder
	for _, arg := range args {
		line.WriteString(`"`)
		for _, b := range []byte(arg) {
			if isName([]byte{b}) && b != '"' && b != '\\' {
				line.WriteByte(b)
			} else {
				fmt.Fprintf(&line, `\x%02x`, b)
			}
		}
		line.WriteString(`" `)
	}
	return line.String() + "\r\n"
}

// seeds returns n, and more for as long as TANDEM_SOAK says.
func seeds(n uint64) func(yield func(uint64) bool) {
	soak, _ := time.ParseDuration(os.Getenv("TANDEM_SOAK"))
	until := time.Now().Add(soak)
	return func(yield func(uint64) bool) {
		for seed := uint64(0); (seed < n || time.Now().Before(until)) && yield(seed); seed++ {
		}
	}
}

// startAlike starts Redis and this server with the same limit and the same commands.
func startAlike(t *testing.T) (redis, own string) {
	const limit = 64 << 20
	flags := []string{"--proto-max-bulk-len", strconv.Itoa(limit)}
	for _, name := range regexp.MustCompile(`"([a-z_-]+)"`).FindAllStringSubmatch(dial(t, startRedis(t)).do("COMMAND", "LIST"), -1) {
		if !slices.ContainsFunc(newCommands(), func(own *command) bool { return own.name == name[1] }) {
			flags = append(flags, "--rename-command", name[1], "")
		}
	}
	return startRedis(t, flags...), start(t, config{MaxRequest: limit}).addr()
}

var ownLimit = strings.NewReplacer("(proto-max-bulk-len)", "(--max-request)")

func TestRandomCommandsAreAnsweredAsByRedis(t *testing.T) {
	redis, own := startAlike(t)
	replies := 0
	for seed := range seeds(100) {
		r := rand.New(rand.NewPCG(seed, 0))
		there, here := dial(t, redis), dial(t, own)
		there.do("FLUSHALL")
		here.do("FLUSHALL")
		var before []string
		for range 20 {
			var commands [][]string
			var pipeline strings.Builder
			for range 1 + r.IntN(20) {
				commands = append(commands, randomCommand(r))
				pipeline.WriteString(encoded(r, commands[len(commands)-1]))
			}
			there.send(pipeline.String())
			here.send(pipeline.String())
			for _, args := range commands {
				want, err := readReply(there.reader)
				got, err2 := readReply(here.reader)
				if err != nil || err2 != nil {
					t.Fatalf("seed %d: no reply to %q: %v, of Redis: %v", seed, args, err2, err)
				}
				replies++
				want = ownLimit.Replace(want)
				alike, ok := alikeOf(args)
				if want != got && (!ok || want[0] == '-' || got[0] == '-' || !alike(want, got)) {
					t.Fatalf("seed %d: after %.999s, %.200q is answered with %.300s, by Redis with %.300s", seed,
						before[max(0, len(before)-5):], args, got, want)
				}
				before = append(before, fmt.Sprintf("%.100q", args))
			}
		}
		there.conn.Close()
		here.conn.Close()
	}
	t.Log(replies, "replies compared")
}

// What is put into pipelines, or put in the place of some of their bytes.
var fragments = []string{"*", "$", "\r\n", "\r", "\n", "-", "+", "0", "1", "9", " ", `"`, "'", `\`, `\x`, `\x4`, "*1\r\n", "*0\r\n", "*-1\r\n",
	"$0\r\n", "$-1\r\n", "\xff", "\xc3\xbf"}

// beyond are words that make commands that Redis tells more with.
var beyond = regexp.MustCompile(`(?i)\b(hello|info|select)\b`)

// TestRandomBytesAreAnsweredAsByRedis sends pipelines that are mutilated, in pieces.
func TestRandomBytesAreAnsweredAsByRedis(t *testing.T) {
	redis, own := startAlike(t)
	inputs := 0
	for seed := range seeds(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var input []byte
		for range 1 + r.IntN(6) {
			if args := randomCommand(r); len(request(args...)) < 2000 {
				if _, ok := alikeOf(args); !ok {
					input = append(input, encoded(r, args)...)
				}
			}
		}
		for range r.IntN(4) {
			at := r.IntN(len(input) + 1)
			end := min(at+r.IntN(3), len(input))
			switch r.IntN(4) {
			case 0:
				input = input[:at]
			case 1:
				input = slices.Delete(input, at, end)
			default:
				input = slices.Replace(input, at, end, []byte(oneOf(r, fragments))...)
			}
		}
		// Redis takes a NUL for the end of what has arrived of a line, and waits for more.
		input = bytes.ReplaceAll(input, []byte{0}, []byte{1})
		if beyond.Match(input) {
			continue
		}
		inputs++
		cut := r.IntN(len(input) + 1)
		want, got := ownLimit.Replace(answers(t, redis, input[:cut], input[cut:])), answers(t, own, input[:cut], input[cut:])
		if want != got {
			t.Fatalf("seed %d: %.800q is answered with %.300q, by Redis with %.300q", seed, input, got, want)
		}
	}
	t.Log(inputs, "inputs compared")
}
