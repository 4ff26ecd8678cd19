package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(`{"max-clients": 3, "max-bytes": "3MiB", "http": "127.0.0.1:3"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RUST_CACHE_SERVER_MAX_BYTES", "2MiB")
	t.Setenv("RUST_CACHE_SERVER_HTTP", "127.0.0.1:2")
	c, err := parseConfig([]string{"--config", file, "--http", "127.0.0.1:1"}, io.Discard, io.Discard)
	if err != nil || c.HTTP != "127.0.0.1:1" || c.MaxBytes != 2<<20 || c.MaxClients != 3 || c.Addr != "127.0.0.1:7379" {
		t.Errorf("a flag, a variable, a line of the file and a default: %+v, %v", c, err)
	}
}

func TestWrongSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	for _, test := range []struct {
		args []string
		file string
		want string // part of the error, or none
	}{
		{args: nil},
		{args: []string{"--addr", "localhost:0", "--http", "[::1]:0"}},
		{args: []string{"--addr", ":7379"}, want: "needs a password"},
		{args: []string{"--addr", "0.0.0.0:7379"}, want: "needs a password"},
		{args: []string{"--http", "192.0.2.1:80"}, want: "needs a password"},
		{args: []string{"--addr", ":7379", "--password", "x"}},
		{args: []string{"--addr", "7379"}, want: "missing port"},
		{args: []string{"--http", "off"}},
		{args: []string{"--max-bytes", "1KiB"}, want: "64KiB or more"},
		{args: []string{"--max-bytes=-1"}, want: "not a size"},
		{args: []string{"--max-bytes", "1XB"}, want: "not a size"},
		{args: []string{"--max-clients", "0"}, want: "1 or more"},
		{args: []string{"--max-request", "2GiB"}, want: "between"},
		{args: []string{"--write-timeout", "0s"}, want: "more than 0"},
		{args: []string{"--idle-timeout=-1s"}, want: "negative"},
		{args: []string{"--nonsense"}, want: "unknown flag"},
		{args: []string{"--config", file}, file: `{"max-client": 3}`, want: "which is no setting"},
		{args: []string{"--config", file}, file: `[]`, want: "JSON object"},
		{args: []string{"--config", file}, file: `{"max-clients": 3} {}`, want: "JSON object"},
		{args: []string{"--config", file}, file: `{"password": null}`, want: `"password" must be a string or a number`},
		{args: []string{"--config", file}, file: `{"max-bytes": ["1MiB"]}`, want: `"max-bytes" must be a string or a number`},
		{args: []string{"--config", file}, file: `null`, want: "JSON object"},
		{args: []string{"--config", file + ".none"}, want: "no such file"},
	} {
		if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := parseConfig(test.args, io.Discard, io.Discard)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%q: %v, want %q", test.args, err, test.want)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]size{
		"0": 0, "1048576": 1 << 20, "64KiB": 64 << 10, "64k": 64 << 10, "2 GB": 2e9, "1.5GiB": 3 << 29, "1tib": 1 << 40, "7b": 7, " 1M ": 1 << 20,
	} {
		var got size
		if err := got.UnmarshalText([]byte(text)); got != want || err != nil {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "KiB", "1e30", "-1", "NaN", "1 2"} {
		var got size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}
