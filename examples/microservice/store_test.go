package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What survives a loss of power can't be tested here; that the settings which see to it are in force can.
func TestSettings(t *testing.T) {
	s := newTestStore(t)
	for setting, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000"} {
		var got string
		if err := s.write.QueryRowContext(t.Context(), "PRAGMA "+setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s; %v", setting, got, want, err)
		}
	}
	if _, err := s.read.ExecContext(t.Context(), "DELETE FROM products"); err == nil {
		t.Error("a connection for reading can write")
	}
}

// A database of an earlier version is brought up to date with what it holds.
func TestMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	s, err := openStore(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	load(t, s, samples)
	const undo = `DROP TABLE product_words; DROP TRIGGER products_inserted; DROP TRIGGER products_updating;
		DROP TRIGGER products_updated; DROP TRIGGER products_deleting; PRAGMA user_version = 1`
	if _, err := s.write.ExecContext(t.Context(), undo); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		if s, err = openStore(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		found, err := s.list(t.Context(), filter{words: []string{"sencha"}, limit: 1})
		if err != nil || len(found) != 1 {
			t.Errorf("found %v, %v", found, err)
		}
	}

	if _, err := s.write.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Error(err)
	}
}
