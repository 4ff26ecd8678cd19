//go:build cgo

package cache

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"
)

// An operation is what was asked of one key, and what came of it.
type operation struct {
	call, end int64 // when it began and ended, in nanoseconds where times to live count

	action    action
	condition condition
	version   uint64 // that the entry must have by the condition
	value     string // to store or to add
	ttl       time.Duration
	keepTTL   bool // unless there is no entry

	done    bool   // the entry was found, or the condition held
	untold  bool   // nothing tells whether that was so
	result  string // what is there after it, if that is told
	told    bool
	entry   uint64        // the version of what was found or stored; 0 if that is not told
	left    time.Duration // of the time to live, if that is told
	hasLeft bool
}

type action uint8

const (
	looked  action = iota
	stored         // if the condition holds
	added          // to what was there, or to nothing
	loaded         // stored if there was nothing; done if there was something
	touched        // given another time to live
	removed        // if the condition holds
)

type condition uint8

const (
	always condition = iota
	absent
	present
	ofVersion
)

func (o operation) String() string {
	type fields operation
	o.value, o.result = short(o.value), short(o.result)
	names := [...]string{"looked", "stored", "added", "loaded", "touched", "removed"}
	return fmt.Sprintf("%s %+v", names[o.action], fields(o))
}

func short(text string) string {
	if len(text) > 60 {
		return fmt.Sprintf("%s... (%d)", text[:50], len(text))
	}
	return text
}

// An item is what a key is known to have.
type item struct {
	there   bool
	value   string
	version uint64 // 0: not told yet
	before  uint64 // versions are above that
	// Between these it expires, if they are not 0.
	least, most int64
}

// A register is how the values of one key change.
type register struct {
	add    func(value, more string) string
	forget bool // entries may be evicted
	// What Go takes for the time of the cache's clock may be ahead so much, as it took a moment to look at that.
	ahead time.Duration
}

// after returns what the key may have after an operation, or nothing if it could not have come out as it did.
func (r register) after(i item, o operation) (items []item) {
	expired := i.most != 0 && o.call >= i.most
	if i.there && !expired {
		if next, ok := r.apply(i, o); ok {
			items = append(items, next)
		}
	}
	if !i.there || expired || r.forget || i.most != 0 && o.end >= i.least {
		if next, ok := r.apply(item{before: i.before}, o); ok {
			items = append(items, next)
		}
	}
	return items
}

// expire gives an item the time to live of an operation.
func (r register) expire(i *item, o operation) {
	i.least, i.most = 0, 0
	if o.ttl != 0 {
		i.least, i.most = o.call+int64(o.ttl), o.end+int64(o.ttl+r.ahead)
	}
}

func (r register) apply(i item, o operation) (item, bool) {
	// learn takes note of a version that was told.
	learn := func() bool {
		if o.entry == 0 {
			return true
		}
		if i.version != 0 && i.version != o.entry || i.version == 0 && o.entry <= i.before {
			return false
		}
		i.version, i.before = o.entry, o.entry
		return true
	}
	store := func(value string) bool {
		if !i.there || !o.keepTTL {
			r.expire(&i, o)
		}
		i.there, i.value, i.version = true, value, 0
		return learn()
	}
	holds, unsure := true, false
	switch o.condition {
	case absent:
		holds = !i.there
	case present:
		holds = i.there
	case ofVersion:
		if i.there && i.version == 0 && o.version > i.before {
			unsure = true // the answer tells
			if o.done {
				i.version = o.version
			}
			holds = o.done
		} else {
			holds = i.there && i.version != 0 && i.version == o.version
		}
	}
	switch o.action {
	case looked:
		if o.done != i.there || o.done && (!learn() || o.told && o.result != i.value) {
			return i, false
		}
		if o.hasLeft && o.done {
			if (o.left == 0) != (i.most == 0) {
				return i, false
			}
			if o.left != 0 && (o.call+int64(o.left) > i.most || o.end+int64(o.left+r.ahead) < i.least) {
				return i, false
			}
		}
		return i, true
	case stored:
		if !o.untold && o.done != holds || unsure && o.untold {
			return i, false
		}
		if holds && !store(o.value) {
			return i, false
		}
		return i, true
	case added:
		value := o.value
		if i.there {
			value = r.add(i.value, o.value)
		}
		return i, store(value) && (!o.told || o.result == value)
	case loaded:
		if o.done != i.there {
			return i, false
		}
		if !i.there {
			return i, store(o.value) && o.result == o.value
		}
		return i, o.result == i.value
	case touched:
		if i.there {
			r.expire(&i, o)
		}
		return i, o.done == i.there
	default:
		if !o.untold && o.done != (i.there && holds) {
			return i, false
		}
		if i.there && holds {
			i = item{before: i.before}
		}
		return i, true
	}
}

// errNotLinearizable: no order of the operations explains what came of them.
var errNotLinearizable = errors.New("not linearizable")

// check looks for an order of the operations on one key, each at some moment between its call and its end, that
// explains what came of them: just-in-time linearization (Lowe, Testing for linearizability, 2017). Keys can be looked
// at one by one, since linearizability is local. At most 64 operations may be under way at once.
func (r register) check(history []operation) error {
	type event struct {
		at        int64
		operation int
		ends      bool
	}
	var events []event
	for i, o := range history {
		events = append(events, event{o.call, i, false}, event{o.end, i, true})
	}
	slices.SortStableFunc(events, func(a, b event) int {
		if order := cmp.Compare(a.at, b.at); order != 0 || a.ends == b.ends {
			return order
		}
		if a.ends {
			return 1
		}
		return -1
	})
	// What may be, after the operations that have ended and some of those under way.
	type possibility struct {
		item item
		done uint64
	}
	var pending [64]operation
	var underWay uint64
	place := make([]int, len(history))
	now := map[possibility]bool{{}: true}
	for _, e := range events {
		if !e.ends {
			place[e.operation] = bits.TrailingZeros64(^underWay)
			pending[place[e.operation]] = history[e.operation]
			underWay |= 1 << place[e.operation]
			continue
		}
		// It has happened by now: after none, some or all of those under way.
		ended := uint64(1) << place[e.operation]
		next, seen := map[possibility]bool{}, map[possibility]bool{}
		var explore func(p possibility)
		explore = func(p possibility) {
			if seen[p] {
				return
			}
			seen[p] = true
			if p.done&ended != 0 {
				next[possibility{p.item, p.done &^ ended}] = true
				return
			}
			for left := underWay &^ p.done; left != 0; left &= left - 1 {
				i := bits.TrailingZeros64(left)
				for _, item := range r.after(p.item, pending[i]) {
					explore(possibility{item, p.done | 1<<i})
				}
			}
		}
		for p := range now {
			explore(p)
		}
		if len(next) == 0 {
			var report strings.Builder
			for p := range now {
				p.item.value = short(p.item.value)
				fmt.Fprintf(&report, "\nthere may have been %+v", p.item)
			}
			for left := underWay; left != 0; left &= left - 1 {
				fmt.Fprintf(&report, "\nunder way was %v", pending[bits.TrailingZeros64(left)])
			}
			return fmt.Errorf("%w: %v%s", errNotLinearizable, history[e.operation], &report)
		}
		underWay &^= ended
		now = next
	}
	return nil
}

func TestHistories(t *testing.T) {
	at := func(call, end int64, o operation) operation {
		o.call, o.end = call, end
		return o
	}
	found := func(value string) operation { return operation{action: looked, done: true, result: value, told: true} }
	missed := operation{action: looked}
	entry := func(value string, version uint64) operation {
		o := found(value)
		o.entry = version
		return o
	}
	set := func(value string, version uint64) operation {
		return operation{action: stored, value: value, done: true, entry: version}
	}
	plus := func(more, sum string) operation {
		return operation{action: added, value: more, done: true, result: sum, told: true}
	}
	when := func(c condition, version uint64, done bool, o operation) operation {
		o.condition, o.version, o.done = c, version, done
		if !done {
			o.entry = 0
		}
		return o
	}
	deleted := func(done bool) operation { return operation{action: removed, done: done} }
	untold := operation{action: removed, untold: true}
	for _, test := range []struct {
		name          string
		kept, evicted bool // whether it is linearizable if entries are kept, and if they may be evicted
		history       []operation
	}{
		{"nothing", true, true, nil},
		{"in sequence", true, true, []operation{
			at(1, 2, missed),
			at(3, 4, set("a", 1)),
			at(5, 6, found("a")),
			at(7, 8, deleted(true)),
			at(9, 10, missed),
		}},
		{"an old value", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 4, set("b", 2)),
			at(5, 6, found("a")),
		}},
		{"a value that nobody stored", false, false, []operation{at(1, 2, set("a", 1)), at(3, 4, found("b"))}},
		{"a value of the future", false, false, []operation{at(1, 2, found("a")), at(3, 4, set("a", 1))}},
		{"a value that is being stored", true, true, []operation{at(1, 4, set("a", 1)), at(2, 3, found("a"))}},
		{"seen, then not", false, true, []operation{at(1, 6, set("a", 1)), at(2, 3, found("a")), at(4, 5, missed)}},
		{"not seen, then seen", true, true, []operation{
			at(1, 6, set("a", 1)),
			at(2, 3, missed),
			at(4, 5, found("a")),
		}},
		{"new, then old", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 10, set("b", 2)),
			at(4, 5, found("b")),
			at(6, 7, found("a")),
		}},
		{"lost", false, true, []operation{at(1, 2, set("a", 1)), at(3, 4, missed)}},
		{"lost, then back", false, false, []operation{at(1, 2, set("a", 1)), at(3, 4, missed), at(5, 6, found("a"))}},
		{"lost while it is replaced", false, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 6, set("b", 2)),
			at(4, 5, missed),
		}},
		{"deleted, then there", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 4, deleted(true)),
			at(5, 6, found("a")),
		}},
		{"deleted twice", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 6, deleted(true)),
			at(4, 5, deleted(true)),
		}},
		{"deleted by one of two", true, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 6, deleted(false)),
			at(4, 5, deleted(true)),
		}},
		{"not deleted", false, true, []operation{at(1, 2, set("a", 1)), at(3, 4, deleted(false))}},
		{"maybe deleted", true, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 8, untold),
			at(4, 5, found("a")),
			at(6, 7, missed),
		}},
		{"maybe deleted, and back", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 10, untold),
			at(4, 5, missed),
			at(6, 7, found("a")),
		}},
		{"a version twice", false, false, []operation{at(1, 2, set("a", 1)), at(3, 4, set("b", 1))}},
		{"a version that goes back", false, false, []operation{
			at(1, 2, set("a", 2)),
			at(3, 4, plus("b", "ab")),
			at(5, 6, entry("ab", 1)),
		}},
		{"a version that is told late", true, true, []operation{
			at(1, 2, set("a", 2)),
			at(3, 4, plus("b", "ab")),
			at(5, 6, entry("ab", 3)),
			at(7, 8, when(ofVersion, 3, true, set("c", 4))),
		}},
		{"another version of one value", false, false, []operation{at(1, 2, set("a", 1)), at(3, 4, entry("a", 2))}},
		{"stored twice if absent", false, true, []operation{
			at(1, 4, when(absent, 0, true, set("a", 1))),
			at(2, 3, when(absent, 0, true, set("b", 2))),
		}},
		{"stored by one of two if absent", true, true, []operation{
			at(1, 4, when(absent, 0, true, set("a", 1))),
			at(2, 3, when(absent, 0, false, set("b", 2))),
			at(5, 6, found("a")),
		}},
		{"not stored though absent", false, false, []operation{at(1, 2, when(absent, 0, false, set("a", 1)))}},
		{"replaced though absent", false, false, []operation{at(1, 2, when(present, 0, true, set("a", 1)))}},
		{"not replaced", false, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 4, when(present, 0, false, set("b", 2))),
		}},
		{"one version replaced by two", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 6, when(ofVersion, 1, true, set("b", 2))),
			at(4, 5, when(ofVersion, 1, true, set("c", 3))),
		}},
		{"one version replaced by one of two", true, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 6, when(ofVersion, 1, true, set("b", 2))),
			at(4, 5, when(ofVersion, 1, false, set("c", 3))),
			at(7, 8, found("b")),
		}},
		{"the version that is there refused", false, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 4, when(ofVersion, 1, false, set("b", 2))),
		}},
		{"the version that is there not deleted", false, true, []operation{
			at(1, 2, set("a", 1)),
			at(3, 4, when(ofVersion, 1, false, deleted(false))),
		}},
		{"another version deleted", false, false, []operation{
			at(1, 2, set("a", 1)),
			at(3, 4, set("b", 2)),
			at(5, 6, when(ofVersion, 1, true, deleted(true))),
		}},
		{"one addition of two lost", false, true, []operation{at(1, 4, plus("a", "a")), at(2, 3, plus("b", "b"))}},
		{"two additions", true, true, []operation{
			at(1, 4, plus("a", "ba")),
			at(2, 3, plus("b", "b")),
			at(5, 6, found("ba")),
		}},
		{"two additions, seen in another order", false, false, []operation{
			at(1, 4, plus("a", "ba")),
			at(2, 3, plus("b", "b")),
			at(5, 6, found("ab")),
		}},
		{"loaded twice", false, true, []operation{
			at(1, 2, operation{action: loaded, value: "a", result: "a"}),
			at(3, 4, operation{action: loaded, value: "b", result: "b"}),
		}},
		{"not loaded", false, false, []operation{
			at(1, 2, operation{action: loaded, value: "a", done: true, result: "a"}),
		}},
		{"expired too early", false, true, []operation{
			at(1, 2, operation{action: stored, value: "a", done: true, ttl: 10}),
			at(3, 10, missed),
		}},
		{"expired", true, true, []operation{
			at(1, 2, operation{action: stored, value: "a", done: true, ttl: 10}),
			at(3, 11, missed),
		}},
		{"not expired yet", true, true, []operation{
			at(1, 2, operation{action: stored, value: "a", done: true, ttl: 10}),
			at(11, 20, found("a")),
		}},
		{"found though expired", false, false, []operation{
			at(1, 2, operation{action: stored, value: "a", done: true, ttl: 10}),
			at(12, 20, found("a")),
		}},
		{"touched", true, true, []operation{
			at(1, 2, operation{action: stored, value: "a", done: true, ttl: 10}),
			at(3, 4, operation{action: touched, done: true}),
			at(50, 51, found("a")),
		}},
		{"the time is kept", false, true, []operation{
			at(1, 2, operation{action: stored, value: "a", done: true, ttl: 10}),
			at(3, 4, operation{action: stored, value: "b", done: true, keepTTL: true}),
			at(50, 51, found("b")),
		}},
	} {
		for _, forget := range []bool{false, true} {
			r := register{add: func(value, more string) string { return value + more }, forget: forget}
			want := test.kept && !forget || test.evicted && forget
			if err := r.check(test.history); (err == nil) != want {
				t.Errorf("%s, with evictions %t: %v", test.name, forget, err)
			}
		}
	}
}
