package main

// A transaction is what a client has sent since MULTI.
type transaction struct {
	requests []queued
	size     int  // of their arguments
	long     bool // one of them takes long, or all together do
	broken   bool // EXEC refuses it
}

// A queued request has arguments of its own.
type queued struct {
	command *command
	args    [][]byte
}

// argumentSize is what an argument takes beside its bytes.
const argumentSize = 32

// queue keeps a request until EXEC.
func (c *client) queue(command *command, args [][]byte) {
	t := c.transaction
	for _, arg := range args {
		t.size += len(arg) + argumentSize
	}
	switch {
	case t.broken:
	case t.size > int(c.server.config.MaxRequest):
		c.breakTransaction()
		c.fail("ERR the transaction is larger than --max-request")
		return
	default:
		t.requests = append(t.requests, queued{command, keep(args)})
		t.long = t.long || t.size > manyArguments*argumentSize || command.takesLong(c, args)
	}
	c.simple("QUEUED")
}

// keep copies arguments, to which commands may append a byte.
func keep(args [][]byte) [][]byte {
	kept := make([][]byte, len(args))
	for i, arg := range args {
		kept[i] = append(make([]byte, 0, len(arg)+1), arg...)
	}
	return kept
}

// breakTransaction has EXEC refuse what was sent since MULTI, as some of it can't be carried out.
func (c *client) breakTransaction() {
	if c.transaction != nil {
		*c.transaction = transaction{broken: true}
	}
}

// endTransaction forgets what was sent since MULTI, and what is watched.
func (c *client) endTransaction() { c.transaction, c.watched = nil, nil }

func multi(c *client, _ [][]byte) {
	if c.transaction != nil {
		c.fail("ERR MULTI calls can not be nested")
		return
	}
	c.transaction = new(transaction)
	c.ok()
}

func discard(c *client, _ [][]byte) {
	if c.transaction == nil {
		c.fail("ERR DISCARD without MULTI")
		return
	}
	c.endTransaction()
	c.ok()
}

// watch has the next EXEC do nothing if one of the keys has another value by then.
func watch(c *client, args [][]byte) {
	if c.transaction != nil {
		c.fail("ERR WATCH inside MULTI is not allowed")
		return
	}
	if c.watched == nil {
		c.watched = make(map[string]uint64)
	}
	for _, key := range args[1:] {
		if _, already := c.watched[string(key)]; !already {
			c.watched[string(key)] = c.server.store.version(key)
		}
	}
	c.ok()
}

func unwatch(c *client, _ [][]byte) {
	c.watched = nil
	c.ok()
}

// version returns a number that each value of a key has for itself, and 0 if it has none.
func (s *store) version(key []byte) uint64 {
	entry, _ := s.GetEntry(key)
	return entry.Version
}

func execLong(c *client, _ [][]byte) bool { return c.transaction != nil && c.transaction.long }

// execCommand carries out what was sent since MULTI: nobody changes one of its keys meanwhile.
func execCommand(c *client, _ [][]byte) {
	t, watched := c.transaction, c.watched
	if t == nil {
		c.fail("ERR EXEC without MULTI")
		return
	}
	c.endTransaction()
	if t.broken {
		c.fail("EXECABORT Transaction discarded because of previous errors.")
		return
	}
	store := c.server.store
	var locks lockSet
	for _, r := range t.requests {
		locks = locks.with(store.locksOf(max(r.command.keys.step, 1), r.command.keys.of(r.args)...))
	}
	for key := range watched {
		locks = locks.with(store.locksOf(1, []byte(key)))
	}
	store.lock(locks)
	defer store.unlock(locks)
	for key, version := range watched {
		if store.version([]byte(key)) != version {
			c.nullArray()
			return
		}
	}
	c.executes = true
	c.array(len(t.requests))
	for _, r := range t.requests {
		r.command.run(c, r.args)
		if c.overflows() {
			c.out = c.out[:0] // the others are to be carried out all the same
		}
	}
	c.executes = false
}
