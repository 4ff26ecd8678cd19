package main

import "testing"

// TestCommandsDoNotAllocate takes requests from bytes to replies, but for the connection.
func TestCommandsDoNotAllocate(t *testing.T) {
	server := start(t, config{}).server
	for _, test := range []struct{ name, input, want string }{
		{"GET", request("GET", "key"), "$5\r\nvalue\r\n"},
		{"GET of a miss", request("GET", "none"), "$-1\r\n"},
		{"SET", request("SET", "key", "value"), "+OK\r\n"},
		{"SET EX", request("SET", "key", "value", "EX", "100"), "+OK\r\n"},
		{"SETEX", request("SETEX", "key", "100", "value"), "+OK\r\n"},
		{"DEL", request("DEL", "none"), ":0\r\n"},
		{"EXPIRE", request("EXPIRE", "key", "1000"), ":1\r\n"},
		{"MGET", request("MGET", "key", "none"), "*2\r\n$5\r\nvalue\r\n$-1\r\n"},
		{"MSET", request("MSET", "key", "value"), "+OK\r\n"},
		{"APPEND", request("APPEND", "key", ""), ":5\r\n"},
		{"TTL", request("TTL", "none"), ":-2\r\n"},
	} {
		c := &client{server: server, authenticated: true}
		c.requests.max = 1 << 20
		run := func() {
			c.out = c.out[:0]
			c.requests.read(copy(c.requests.room(), test.input))
			args, err := c.requests.next()
			if err != nil {
				t.Fatal(err)
			}
			server.find(c, args).run(c, args)
		}
		server.store.Set([]byte("key"), []byte("value\x00"))
		if got := testing.AllocsPerRun(1000, run); got > 0 {
			t.Errorf("%s: %v allocations", test.name, got)
		}
		if string(c.out) != test.want {
			t.Errorf("%s is answered with %q", test.name, c.out)
		}
	}
}
