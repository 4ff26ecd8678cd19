package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func openStore(t *testing.T, maxBytes int64) *store {
	t.Helper()
	s, err := newStore(maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// fill stores n entries of many sizes, every third of which expires.
func fill(t *testing.T, s *store, n int) {
	t.Helper()
	for i := range n {
		ttl := time.Duration(0)
		if i%3 == 0 {
			ttl = time.Hour
		}
		if err := s.SetTTL(keyOf(i), append(valueOf(i), plain), ttl); err != nil {
			t.Fatal(err)
		}
	}
}

func keyOf(i int) []byte   { return fmt.Appendf(nil, "key-%d", i) }
func valueOf(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i%5000) }

func TestSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	s := openStore(t, 64<<20)
	const n = 3000
	fill(t, s, n)
	entry := append([]byte("<p>text/html"), byte(len("text/html")))
	if err := errors.Join(s.SetTTL(nil, entry, 0), s.SetTTL([]byte("short"), []byte{plain}, 20*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.save(path); err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Error("the snapshot is for others to read:", stat.Mode(), err)
	}
	time.Sleep(30 * time.Millisecond)
	warm := openStore(t, 64<<20)
	if got, err := warm.load(path); got != n+1 || err != nil {
		t.Fatalf("%d entries are loaded, %v", got, err)
	}
	for i := range n {
		value, found := warm.appendValue(nil, keyOf(i))
		ttl, _ := warm.TTL(keyOf(i))
		if !found || !bytes.Equal(value, valueOf(i)) || (ttl > 50*time.Minute) != (i%3 == 0) {
			t.Fatalf("%s is there (%t) with %d bytes and lives for %v", keyOf(i), found, len(value), ttl)
		}
	}
	if value, contentType, _ := warm.appendEntry(nil, nil); string(value) != "<p>" || string(contentType) != "text/html" {
		t.Errorf("the empty key has %q of type %q", value, contentType)
	}
	if _, found := warm.TTL([]byte("short")); found {
		t.Error("what expired meanwhile is loaded")
	}
}

// TestDamagedSnapshots cuts a snapshot off, and changes bytes of it: what is loaded is right, and less than all is told.
func TestDamagedSnapshots(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "snapshot")
	s := openStore(t, 64<<20)
	const n = 3000
	fill(t, s, n)
	if _, err := s.save(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 60 {
		data := bytes.Clone(whole)
		switch at := 12 + random.IntN(len(data)-12); round % 4 {
		case 0:
			data = data[:at]
		case 1:
			data[at] ^= 1 << random.IntN(8)
		case 2:
			data = data[:len(data)-1-random.IntN(30)]
		case 3:
			data = append(data, data[at:]...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		warm := openStore(t, 64<<20)
		got, err := warm.load(path)
		if !errors.Is(err, errDamaged) || got != warm.Len() || got > n {
			t.Errorf("round %d: %d entries are loaded, %d are there: %v", round, got, warm.Len(), err)
		}
		for i := range n {
			if value, found := warm.appendValue(nil, keyOf(i)); found && !bytes.Equal(value, valueOf(i)) {
				t.Fatalf("round %d: %s has a wrong value", round, keyOf(i))
			}
		}
		warm.Close()
	}
}

func TestFilesThatAreNoSnapshots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	s := openStore(t, 1<<20)
	if n, err := s.load(path); n != 0 || err != nil {
		t.Error("without a file:", n, err)
	}
	for _, test := range []struct {
		content string
		want    error
	}{
		{"", errDamaged},
		{"TAND", errDamaged},
		{"TANDEMSN\x01\x00", errDamaged},
		{"TANDEMSN\x02\x00\x00\x00", errVersion},
		{"root:x:0:0", errNoSnapshot},
		{"x", errNoSnapshot},
	} {
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := s.load(path); n != 0 || !errors.Is(err, test.want) {
			t.Errorf("%q: %d, %v", test.content, n, err)
		}
	}
}

// TestWhatIsNoFileIsLeftAlone has the snapshot be what a mistake or a mount makes it, of which none may be taken away or replaced.
func TestWhatIsNoFileIsLeftAlone(t *testing.T) {
	s, log := openStore(t, 1<<20), slog.New(slog.DiscardHandler)
	folder := t.TempDir()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, pipe} {
		if err := warmStart(s, path, log); !errors.Is(err, errNoSnapshot) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestAStartTellsThatNoSnapshotCanBeWritten because the end would be too late, and takes away what a killed save has left.
func TestAStartTellsThatNoSnapshotCanBeWritten(t *testing.T) {
	s, log := openStore(t, 1<<20), slog.New(slog.DiscardHandler)
	folder := t.TempDir()
	path := filepath.Join(folder, "snapshot")
	if err := os.WriteFile(path+".tmp", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := warmStart(s, path, log); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(folder); len(files) > 0 || err != nil {
		t.Errorf("a start leaves %v, %v", files, err)
	}
	if err := os.Mkdir(path+".tmp", 0o700); err != nil { // permissions would not keep a superuser from writing
		t.Fatal(err)
	}
	if err := warmStart(s, path, log); err == nil || !strings.Contains(err.Error(), "--snapshot") {
		t.Error("where none can be written:", err)
	}
}

// TestSnapshotsOfALargerCache are loaded as far as the smaller one has room.
func TestSnapshotsOfALargerCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	s := openStore(t, 64<<20)
	fill(t, s, 3000)
	if err := s.SetTTL([]byte("large"), make([]byte, 8<<20), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.save(path); err != nil {
		t.Fatal(err)
	}
	small := openStore(t, 2<<20)
	if _, err := small.load(path); err != nil || small.Len() == 0 || small.Stats().Bytes > 2<<20 {
		t.Errorf("%d entries, %v", small.Len(), err)
	}
}
