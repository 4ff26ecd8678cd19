package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestTransactionsAreWhole has many clients change the same keys, in transactions and under WATCH.
func TestTransactionsAreWhole(t *testing.T) {
	addr := start(t, config{}).addr()
	const clients, times = 10, 100
	var group sync.WaitGroup
	for range clients {
		s := dial(t, addr)
		group.Go(func() {
			for range times {
				s.send("MULTI\r\nINCR left\r\nDECR right\r\nAPPEND left ''\r\nEXEC\r\n")
				s.do2("+OK", "+QUEUED", "+QUEUED", "+QUEUED")
				if got, err := readReply(s.reader); err != nil || got[0] != '*' {
					t.Error("EXEC is answered with", got, err)
				}
				var left, right int
				if _, err := fmt.Sscanf(s.do("MGET", "left", "right"), `*($"%d" $"%d")`, &left, &right); err != nil || left != -right {
					t.Errorf("MGET sees half of a transaction: %d, %d, %v", left, right, err)
				}
				for done := false; !done; {
					s.do("WATCH", "watched")
					n, _ := strconv.Atoi(strings.Trim(s.do("GET", "watched"), `$"`))
					s.do("MULTI")
					s.do("SET", "watched", strconv.Itoa(max(n, 0)+1))
					done = s.do("EXEC") == "*(+OK)"
				}
			}
		})
	}
	group.Wait()
	if got, want := dial(t, addr).do("MGET", "left", "right", "watched"), fmt.Sprintf(`*($"%d" $"%[2]d" $"%[1]d")`, clients*times, -clients*times); got != want {
		t.Errorf("the numbers are %s, not %s", got, want)
	}
}

// TestLongTransactions has transactions that are carried out aside, in pieces, and one that is too long.
func TestLongTransactions(t *testing.T) {
	addr := start(t, config{MaxRequest: 64 << 10}).addr()
	for _, size := range []int{1, 1000} {
		s := dial(t, addr)
		s.do("FLUSHALL")
		incr := "MULTI\r\n" + strings.Repeat("INCR a\r\n", 600) + "EXEC\r\nGET a\r\nMULTI\r\nKEYS *\r\nFLUSHALL\r\nEXEC\r\nGET a\r\n"
		for len(incr) > 0 {
			n := min(size, len(incr))
			s.send(incr[:n])
			incr = incr[n:]
		}
		var replies []string
		s.do2("+OK")
		for i := range 600 {
			s.do2("+QUEUED")
			replies = append(replies, fmt.Sprint(":", i+1))
		}
		s.do2("*("+strings.Join(replies, " ")+")", `$"600"`, "+OK", "+QUEUED", "+QUEUED", `*(*($"a") +OK)`, "$-1")
	}
	s := dial(t, addr)
	s.do("MULTI")
	half := strings.Repeat("x", 33_000)
	if got := s.do("SET", "a", half); got != "+QUEUED" {
		t.Error("half is answered with", got)
	}
	if got := s.do("SET", "a", half); got != "-ERR the transaction is larger than --max-request" {
		t.Error("the other half is answered with", got)
	}
	if got := s.do("PING"); got != "+QUEUED" {
		t.Error("more is answered with", got)
	}
	if got := s.do("EXEC"); got != "-EXECABORT Transaction discarded because of previous errors." {
		t.Error("EXEC is answered with", got)
	}
	if got := s.do("EXISTS", "a"); got != ":0" {
		t.Error("the first half was carried out:", got)
	}
}
