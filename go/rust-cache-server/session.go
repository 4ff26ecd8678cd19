package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

func ping(c *client, args [][]byte) {
	switch len(args) {
	case 1:
		c.simple("PONG")
	case 2:
		c.bulk(args[1])
	default:
		c.fail("ERR wrong number of arguments for 'ping' command")
	}
}

func echo(c *client, args [][]byte) { c.bulk(args[1]) }

func quit(c *client, _ [][]byte) {
	c.quit = true
	c.ok()
}

func selectCommand(c *client, args [][]byte) {
	if c.isDatabase(args[1]) {
		c.ok()
	}
}

// isDatabase tells whether a number is that of the one database, and fails if it is not.
func (c *client) isDatabase(number []byte) bool {
	switch n, ok := parseInt(number); {
	case !ok:
		c.fail(errNotInteger)
	case n != int64(int32(n)):
		c.fail("ERR value is out of range, value must between -2147483648 and 2147483647")
	case n != 0:
		c.fail("ERR DB index is out of range")
	default:
		return true
	}
	return false
}

const errWrongPassword = "WRONGPASS invalid username-password pair or user is disabled."

func auth(c *client, args [][]byte) {
	switch {
	case len(args) > 3:
		c.fail(errSyntax)
	case len(args) == 2 && c.server.config.Password == "":
		c.fail("ERR AUTH <password> called without any password configured for the default user. " +
			"Are you sure your configuration is correct?")
	case !c.authenticate(userOf(args), args[len(args)-1]):
		c.fail(errWrongPassword)
	default:
		c.ok()
	}
}

func userOf(args [][]byte) string {
	if len(args) == 3 {
		return string(args[1])
	}
	return "default"
}

// authenticate lets the client in if the password is right. There is one user, as in a Redis without ACLs.
func (c *client) authenticate(user string, password []byte) bool {
	if user != "default" || !c.server.config.isPassword(password) {
		return false
	}
	c.authenticated = true
	c.requests.anonymous = false
	return true
}

// isPassword tells whether a password is the one, in a time that does not depend on what is wrong with it.
func (c *config) isPassword(password []byte) bool {
	if c.Password == "" {
		return true
	}
	is, given := sha256.Sum256([]byte(c.Password)), sha256.Sum256(password)
	return subtle.ConstantTimeCompare(is[:], given[:]) == 1
}

// hello is HELLO [version [AUTH user password] [SETNAME name]].
func hello(c *client, args [][]byte) {
	version := int64(2)
	if c.resp3 {
		version = 3
	}
	if len(args) > 1 {
		var ok bool
		if version, ok = parseInt(args[1]); !ok {
			c.fail("ERR Protocol version is not an integer or out of range")
			return
		}
		if version != 2 && version != 3 {
			c.fail("NOPROTO unsupported protocol version")
			return
		}
	}
	for i := 2; i < len(args); i++ {
		more := len(args) - i - 1
		switch {
		case is(args[i], "auth") && more >= 2:
			if !c.authenticate(string(args[i+1]), args[i+2]) {
				c.fail(errWrongPassword)
				return
			}
			i += 2
		case is(args[i], "setname") && more >= 1:
			if !isName(args[i+1]) {
				c.fail(errClientName)
				return
			}
			c.name = string(args[i+1])
			i++
		default:
			c.fail(fmt.Sprintf("ERR Syntax error in HELLO option '%s'", cString(args[i])))
			return
		}
	}
	if !c.authenticated {
		c.fail("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> " +
			"<pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
		return
	}
	c.resp3 = version == 3
	c.pairs(7)
	c.text("server")
	c.text("redis")
	c.text("version")
	c.text(redisVersion)
	c.text("proto")
	c.integer(version)
	c.text("id")
	c.integer(c.id)
	c.text("mode")
	c.text("standalone")
	c.text("role")
	c.text("master")
	c.text("modules")
	c.array(0)
}

// redisVersion is that of the Redis whose replies these are.
const redisVersion = "7.0.15"

func clientID(c *client, _ [][]byte) { c.integer(c.id) }

func clientGetName(c *client, _ [][]byte) {
	if c.name == "" {
		c.null()
	} else {
		c.text(c.name)
	}
}

const errClientName = "ERR Client names cannot contain spaces, newlines or special characters."

func clientSetName(c *client, args [][]byte) {
	if !isName(args[2]) {
		c.fail(errClientName)
		return
	}
	c.name = string(args[2])
	c.ok()
}

func isName(name []byte) bool {
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

// clientSetInfo is from Redis 7.2; client libraries tell with it what they are.
func clientSetInfo(c *client, args [][]byte) {
	attribute, value := args[2], args[3]
	if !isName(value) {
		c.fail(fmt.Sprintf("ERR %s cannot contain spaces, newlines or special characters.", attribute))
		return
	}
	switch {
	case is(attribute, "lib-name"):
		c.library = string(value)
	case is(attribute, "lib-ver"):
		c.version = string(value)
	default:
		c.fail(fmt.Sprintf("ERR Unrecognized option '%s'", attribute))
		return
	}
	c.ok()
}
