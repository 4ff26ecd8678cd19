package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sorted returns the commands by name.
func (s *server) sorted() []*command {
	list := make([]*command, 0, len(s.commands))
	for _, command := range s.commands {
		list = append(list, command)
	}
	slices.SortFunc(list, func(a, b *command) int { return strings.Compare(a.name, b.name) })
	return list
}

func commandList(c *client, _ [][]byte) {
	list := c.server.sorted()
	c.array(len(list))
	for _, command := range list {
		c.describe(command, command.name)
	}
}

// describe replies with the ten things that Redis tells of a command, of which the last four (categories of access,
// hints, particulars of keys and subcommands) are of use to proxies and clusters only, but for the last.
func (c *client) describe(command *command, name string) {
	c.array(10)
	c.text(name)
	c.integer(int64(command.arity))
	flags := strings.Fields(command.flags)
	c.set(len(flags))
	for _, flag := range flags {
		c.simple(flag)
	}
	c.integer(int64(command.keys.first))
	c.integer(int64(command.keys.last))
	c.integer(int64(command.keys.step))
	c.set(0)
	c.array(0)
	c.array(0)
	c.array(len(command.subcommands))
	for _, sub := range command.subcommands {
		c.describe(sub, name+"|"+sub.name)
	}
}

func commandCount(c *client, _ [][]byte) { c.integer(int64(len(c.server.commands))) }

// commandDocs has nothing to say: texts for people are Redis's own.
func commandDocs(c *client, _ [][]byte) { c.pairs(0) }

func commandInfo(c *client, args [][]byte) {
	if len(args) == 2 {
		commandList(c, args)
		return
	}
	c.array(len(args) - 2)
	for _, name := range args[2:] {
		if command := c.server.command(name); command != nil {
			c.describe(command, command.name)
		} else {
			c.null()
		}
	}
}

func commandNames(c *client, args [][]byte) {
	if len(args) > 2 {
		c.fail(errSyntax)
		return
	}
	list := c.server.sorted()
	c.array(len(list))
	for _, command := range list {
		c.text(command.name)
	}
}

// configGet shows the settings that clients and tools ask Redis for.
func configGet(c *client, args [][]byte) {
	config := &c.server.config
	host, port, _ := net.SplitHostPort(config.Addr)
	settings := [][2]string{
		{"appendonly", "no"},
		{"bind", host},
		{"databases", "1"},
		{"maxclients", strconv.Itoa(config.MaxClients)},
		{"maxmemory", strconv.FormatInt(c.server.store.Stats().MaxBytes, 10)},
		{"maxmemory-policy", "allkeys-lru"},
		{"port", port},
		{"proto-max-bulk-len", strconv.FormatInt(int64(config.MaxRequest), 10)},
		{"save", ""},
		{"timeout", strconv.Itoa(int(config.IdleTimeout / time.Second))},
	}
	shown := settings[:0]
	for _, setting := range settings {
		i := slices.IndexFunc(args[2:], func(pattern []byte) bool { return matches(bytes.ToLower(pattern), []byte(setting[0])) })
		if i < 0 {
			continue
		}
		if name := args[2+i]; is(name, setting[0]) { // Redis spells it as the client does
			setting[0] = string(name)
		}
		shown = append(shown, setting)
	}
	c.pairs(len(shown))
	for _, setting := range shown {
		c.text(setting[0])
		c.text(setting[1])
	}
}

// clientInfo describes the client with those of Redis's fields that mean something here.
func clientInfo(c *client, _ [][]byte) {
	version := 2
	if c.resp3 {
		version = 3
	}
	c.verbatim(fmt.Sprintf("id=%d addr=%s laddr=%s name=%s age=%d idle=0 flags=N db=0 user=default resp=%d lib-name=%s lib-ver=%s\n",
		c.id, c.peer, c.local, c.name, int(time.Since(c.since).Seconds()), version, c.library, c.version))
}

// timeOfDay replies with seconds and microseconds.
func timeOfDay(c *client, _ [][]byte) {
	now := time.Now().UnixMicro()
	c.array(2)
	c.text(strconv.FormatInt(now/1_000_000, 10))
	c.text(strconv.FormatInt(now%1_000_000, 10))
}

// info is INFO [section ...].
func info(c *client, args [][]byte) {
	s := c.server
	var text strings.Builder
	section := func(name string, lines ...any) {
		wanted := len(args) == 1 || slices.ContainsFunc(args[1:], func(arg []byte) bool {
			return is(arg, strings.ToLower(name)) || is(arg, "all") || is(arg, "default") || is(arg, "everything")
		})
		if !wanted {
			return
		}
		if text.Len() > 0 {
			text.WriteString("\r\n")
		}
		text.WriteString("# " + name + "\r\n")
		for i := 0; i < len(lines); i += 2 {
			fmt.Fprintf(&text, "%v:%v\r\n", lines[i], lines[i+1])
		}
	}
	stats := s.store.Stats()
	_, port, _ := net.SplitHostPort(s.config.Addr)
	uptime := int(time.Since(s.started).Seconds())
	section("Server",
		"redis_version", redisVersion,
		"redis_mode", "standalone",
		"server_name", "rust-cache-server",
		"server_version", version(),
		"os", runtime.GOOS+" "+runtime.GOARCH,
		"process_id", os.Getpid(),
		"tcp_port", port,
		"uptime_in_seconds", uptime,
		"uptime_in_days", uptime/(24*60*60))
	section("Clients",
		"connected_clients", s.connected(),
		"maxclients", s.config.MaxClients)
	section("Memory",
		"used_memory", stats.Bytes,
		"maxmemory", stats.MaxBytes,
		"maxmemory_policy", "allkeys-lru")
	section("Persistence",
		"loading", 0)
	section("Stats",
		"total_connections_received", s.accepted.Load()+s.refused.Load(),
		"total_commands_processed", s.processed(),
		"total_net_input_bytes", s.received.Load(),
		"total_net_output_bytes", s.sent.Load(),
		"rejected_connections", s.refused.Load(),
		"expired_keys", stats.Expirations,
		"evicted_keys", stats.Evictions,
		"evicted_clients", s.evicted.Load(),
		"keyspace_hits", stats.Hits,
		"keyspace_misses", stats.Misses,
		"total_error_replies", s.failures.Load())
	section("Replication",
		"role", "master",
		"connected_slaves", 0)
	if stats.Entries > 0 {
		section("Keyspace", "db0", fmt.Sprintf("keys=%d,expires=%d,avg_ttl=0", stats.Entries, stats.Expiring))
	} else {
		section("Keyspace")
	}
	c.verbatim(text.String())
}

// processed returns how many commands were carried out.
func (s *server) processed() (n uint64) {
	for _, command := range s.commands {
		command.each(func(_ string, calls uint64) { n += calls })
	}
	return n
}

// each visits the counts of a command and of its subcommands.
func (c *command) each(visit func(name string, calls uint64)) {
	if c.run != nil {
		visit(c.name, c.calls.Load())
	}
	for _, sub := range c.subcommands {
		visit(c.name+"|"+sub.name, sub.calls.Load())
	}
}
