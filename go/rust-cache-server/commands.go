package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"tandem.example/go/cache"
)

// A command is what Redis has under the same name, as COMMAND INFO describes it.
type command struct {
	name   string
	arity  int // of arguments with the name; negative if that is the least
	flags  string
	keys   keySpan
	atOnce bool // it is carried out between MULTI and EXEC, too
	run    func(c *client, args [][]byte)
	// long tells whether it takes long, and is carried out aside, whatever the number of arguments. Nil is never.
	long func(c *client, args [][]byte) bool
	// subcommands by name. A command that has any has no run.
	subcommands []*command

	calls atomic.Uint64
}

// A keySpan says which arguments are keys. The last counts from the end if it is negative.
type keySpan struct{ first, last, step int }

// of returns the arguments from the first key to the last one.
func (s keySpan) of(args [][]byte) [][]byte {
	switch {
	case s == noKeys:
		return nil
	case s.last < 0:
		return args[s.first : len(args)+s.last+1]
	}
	return args[s.first : s.last+1]
}

var (
	noKeys   = keySpan{}
	oneKey   = keySpan{1, 1, 1}
	twoKeys  = keySpan{1, 2, 1}
	manyKeys = keySpan{1, -1, 1}
	keyPairs = keySpan{1, -1, 2}
)

// newCommands lists all commands. Their flags are Redis's.
func newCommands() []*command {
	return []*command{
		{name: "append", arity: 3, flags: "write denyoom fast", keys: oneKey, run: appendCommand},
		{name: "decr", arity: 2, flags: "write denyoom fast", keys: oneKey, run: decr},
		{name: "decrby", arity: 3, flags: "write denyoom fast", keys: oneKey, run: decrBy},
		{name: "get", arity: 2, flags: "readonly fast", keys: oneKey, run: get},
		{name: "getdel", arity: 2, flags: "write fast", keys: oneKey, run: getDel},
		{name: "getex", arity: -2, flags: "write fast", keys: oneKey, run: getEx},
		{name: "getset", arity: 3, flags: "write denyoom fast", keys: oneKey, run: getSet},
		{name: "getrange", arity: 4, flags: "readonly", keys: oneKey, run: getRange},
		{name: "incr", arity: 2, flags: "write denyoom fast", keys: oneKey, run: incr},
		{name: "incrby", arity: 3, flags: "write denyoom fast", keys: oneKey, run: incrBy},
		{name: "incrbyfloat", arity: 3, flags: "write denyoom fast", keys: oneKey, run: incrByFloat},
		{name: "mget", arity: -2, flags: "readonly fast", keys: manyKeys, run: mget},
		{name: "mset", arity: -3, flags: "write denyoom", keys: keyPairs, run: mset},
		{name: "msetnx", arity: -3, flags: "write denyoom", keys: keyPairs, run: msetNX},
		{name: "psetex", arity: 4, flags: "write denyoom", keys: oneKey, run: psetEx},
		{name: "set", arity: -3, flags: "write denyoom", keys: oneKey, run: set},
		{name: "setex", arity: 4, flags: "write denyoom", keys: oneKey, run: setEx},
		{name: "setnx", arity: 3, flags: "write denyoom fast", keys: oneKey, run: setNX},
		{name: "setrange", arity: 4, flags: "write denyoom", keys: oneKey, run: setRange},
		{name: "strlen", arity: 2, flags: "readonly fast", keys: oneKey, run: strlen},
		{name: "substr", arity: 4, flags: "readonly", keys: oneKey, run: getRange},

		{name: "copy", arity: -3, flags: "write denyoom", keys: twoKeys, run: copyCommand},
		{name: "dbsize", arity: 1, flags: "readonly fast", keys: noKeys, run: dbSize},
		{name: "del", arity: -2, flags: "write", keys: manyKeys, run: del},
		{name: "exists", arity: -2, flags: "readonly fast", keys: manyKeys, run: exists},
		{name: "expire", arity: -3, flags: "write fast", keys: oneKey, run: expire},
		{name: "expireat", arity: -3, flags: "write fast", keys: oneKey, run: expireAt},
		{name: "expiretime", arity: 2, flags: "readonly fast", keys: oneKey, run: expireTime},
		{name: "flushall", arity: -1, flags: "write", keys: noKeys, long: always, run: flush},
		{name: "flushdb", arity: -1, flags: "write", keys: noKeys, long: always, run: flush},
		{name: "keys", arity: 2, flags: "readonly", keys: noKeys, long: always, run: keys},
		{name: "persist", arity: 2, flags: "write fast", keys: oneKey, run: persist},
		{name: "pexpire", arity: -3, flags: "write fast", keys: oneKey, run: pexpire},
		{name: "pexpireat", arity: -3, flags: "write fast", keys: oneKey, run: pexpireAt},
		{name: "pexpiretime", arity: 2, flags: "readonly fast", keys: oneKey, run: pexpireTime},
		{name: "pttl", arity: 2, flags: "readonly fast", keys: oneKey, run: pttl},
		{name: "randomkey", arity: 1, flags: "readonly", keys: noKeys, run: randomKey},
		{name: "rename", arity: 3, flags: "write", keys: twoKeys, run: rename},
		{name: "renamenx", arity: 3, flags: "write fast", keys: twoKeys, run: renameNX},
		{name: "scan", arity: -2, flags: "readonly", keys: noKeys, long: scansMany, run: scan},
		{name: "touch", arity: -2, flags: "readonly fast", keys: manyKeys, run: exists},
		{name: "ttl", arity: 2, flags: "readonly fast", keys: oneKey, run: ttl},
		{name: "type", arity: 2, flags: "readonly fast", keys: oneKey, run: typeOf},
		{name: "unlink", arity: -2, flags: "write fast", keys: manyKeys, run: del},

		{name: "auth", arity: -2, flags: "noscript loading stale fast no_auth allow_busy", run: auth},
		{name: "client", arity: -2, subcommands: []*command{
			{name: "getname", arity: 2, flags: "noscript loading stale", run: clientGetName},
			{name: "id", arity: 2, flags: "noscript loading stale", run: clientID},
			{name: "info", arity: 2, flags: "noscript loading stale", run: clientInfo},
			{name: "setinfo", arity: 4, flags: "noscript loading stale", run: clientSetInfo},
			{name: "setname", arity: 3, flags: "noscript loading stale", run: clientSetName},
		}},
		{name: "echo", arity: 2, flags: "loading stale fast", run: echo},
		{name: "hello", arity: -1, flags: "noscript loading stale fast no_auth allow_busy", run: hello},
		{name: "ping", arity: -1, flags: "fast", run: ping},
		{name: "quit", arity: -1, flags: "noscript loading stale fast no_auth allow_busy", atOnce: true, run: quit},
		{name: "select", arity: 2, flags: "loading stale fast", run: selectCommand},

		{name: "discard", arity: 1, flags: "noscript loading stale fast allow_busy", atOnce: true, run: discard},
		{name: "exec", arity: 1, flags: "noscript loading stale skip_slowlog", long: execLong, atOnce: true, run: execCommand},
		{name: "multi", arity: 1, flags: "noscript loading stale fast allow_busy", atOnce: true, run: multi},
		{name: "unwatch", arity: 1, flags: "noscript loading stale fast allow_busy", run: unwatch},
		{name: "watch", arity: -2, flags: "noscript loading stale fast allow_busy", keys: manyKeys, atOnce: true, run: watch},

		{name: "command", arity: -1, flags: "loading stale", run: commandList, subcommands: []*command{
			{name: "count", arity: 2, flags: "loading stale", run: commandCount},
			{name: "docs", arity: -2, flags: "loading stale", run: commandDocs},
			{name: "info", arity: -2, flags: "loading stale", run: commandInfo},
			{name: "list", arity: -2, flags: "loading stale", run: commandNames},
		}},
		{name: "config", arity: -2, subcommands: []*command{
			{name: "get", arity: -3, flags: "admin noscript loading stale", run: configGet},
		}},
		{name: "time", arity: 1, flags: "loading stale fast", keys: noKeys, run: timeOfDay},
		{name: "info", arity: -1, flags: "loading stale", long: always, run: info},
	}
}

// longestName is more than the length of any command's name.
const longestName = 16

// command returns the command of a name in letters of any case.
func (s *server) command(name []byte) *command {
	var lower [longestName]byte
	if len(name) > len(lower) {
		return nil
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	return s.commands[string(lower[:len(name)])]
}

// find returns the command that a request, which has at least one argument, is for. Where there is none, or the client may not
// use it so, it replies and returns nil.
func (s *server) find(c *client, args [][]byte) *command {
	command := s.command(args[0])
	if command == nil {
		s.unknown.Add(1)
		c.fail(unknownCommand(args))
		return nil
	}
	name := command.name
	if len(args) > 1 && len(command.subcommands) > 0 {
		command = command.subcommand(args[1])
		if command == nil {
			s.unknown.Add(1)
			c.fail(fmt.Sprintf("ERR unknown subcommand '%.128s'. Try %s HELP.", cString(args[1]), strings.ToUpper(name)))
			return nil
		}
		name += "|" + command.name
	}
	command.calls.Add(1)
	var reason string
	switch {
	case command.run == nil || command.arity > 0 && len(args) != command.arity || len(args) < -command.arity:
		reason = "ERR wrong number of arguments for '" + name + "' command"
	case !c.authenticated && !strings.Contains(command.flags, "no_auth"):
		reason = "NOAUTH Authentication required."
	default:
		return command
	}
	if name == "exec" { // it ends the transaction, whatever is wrong with it
		c.endTransaction()
		reason = "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(reason, "ERR ")
	}
	c.fail(reason)
	return nil
}

// takesLong tells whether a request is likely to take so long that others would notice.
func (c *command) takesLong(of *client, args [][]byte) bool {
	return len(args) > manyArguments || c.long != nil && c.long(of, args)
}

func always(*client, [][]byte) bool { return true }

// manyArguments is the number of arguments with which commands of many keys take about 0.1 ms.
const manyArguments = 512

func (c *command) subcommand(name []byte) *command {
	for _, sub := range c.subcommands {
		if is(name, sub.name) {
			return sub
		}
	}
	return nil
}

// unknownCommand shows the beginning of a request, as Redis does.
func unknownCommand(args [][]byte) string {
	var shown strings.Builder
	for _, arg := range args[1:] {
		if shown.Len() >= 128 {
			break
		}
		fmt.Fprintf(&shown, "'%s' ", cString(arg[:min(len(arg), 128-shown.Len())]))
	}
	name := cString(args[0][:min(len(args[0]), 128)])
	return fmt.Sprintf("ERR unknown command '%s', with args beginning with: %s", name, shown.String())
}

// cString cuts an argument where Redis, which prints it as C does, takes it to end.
func cString(arg []byte) []byte {
	before, _, _ := bytes.Cut(arg, []byte{0})
	return before
}

// fail replies with an error.
func (c *client) fail(text string) {
	c.server.failures.Add(1)
	c.error(text)
}

// What commands reply that can't do what they are asked to.
const (
	errSyntax     = "ERR syntax error"
	errNotInteger = "ERR value is not an integer or out of range"
	errTooLarge   = "OOM the value is larger than the cache may hold: see --max-bytes"
	errNoMemory   = "OOM command not allowed: the system has no memory left"
)

// failSet replies with the error of a Set.
func (c *client) failSet(err error) {
	switch {
	case errors.Is(err, cache.ErrTooLarge):
		c.fail(errTooLarge)
	case errors.Is(err, cache.ErrOutOfMemory):
		c.fail(errNoMemory)
	default:
		c.fail("ERR " + err.Error())
	}
}

// is tells whether an argument is a word, whose letters are small here, in letters of any case.
func is(arg []byte, word string) bool {
	return len(arg) == len(word) && bytes.EqualFold(arg, []byte(word))
}
