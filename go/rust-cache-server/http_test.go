package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask answers a request with headers "Name: value", and returns the response with its body.
func ask(s *server, method, target, body string, headers ...string) (*http.Response, string) {
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Add(name, value)
	}
	recorder := httptest.NewRecorder()
	s.routes().ServeHTTP(recorder, request)
	response := recorder.Result()
	data, _ := io.ReadAll(response.Body)
	return response, string(data)
}

func TestEntriesOverHTTP(t *testing.T) {
	server := start(t, config{MaxRequest: 1 << 20})
	redis := dial(t, server.addr())
	const page = "/v1/cache/a%2Fb%20c"
	expect := func(status int, response *http.Response, body string) {
		t.Helper()
		if response.StatusCode != status {
			t.Fatalf("%s, not %d: %s", response.Status, status, body)
		}
		if status >= 400 && status != http.StatusMethodNotAllowed && response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s is no problem document: %s", response.Status, body)
		}
	}
	do := func(status int, method, target, body string, headers ...string) (*http.Response, string) {
		t.Helper()
		response, got := ask(server.server, method, target, body, headers...)
		expect(status, response, got)
		return response, got
	}

	do(404, "GET", page, "")
	do(404, "DELETE", page, "")
	do(404, "DELETE", page, "", "If-Match: *")
	response, _ := do(201, "PUT", page, "<p>", "Content-Type: text/html; charset=utf-8", "TTL: 100")
	tag := response.Header.Get("ETag")
	response, body := do(200, "GET", page, "")
	if h := response.Header; body != "<p>" || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("TTL") != "100" ||
		h.Get("ETag") != tag || len(tag) != 18 || h.Get("Content-Length") != "3" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%q with %v", body, h)
	}
	if response, body := do(200, "HEAD", page, ""); body != "" || response.Header.Get("Content-Length") != "3" {
		t.Errorf("HEAD: %q with %v", body, response.Header)
	}
	if got := redis.do("GET", "a/b c"); got != `$"<p>"` {
		t.Error("over Redis's protocol the value is", got)
	}
	redis.do("COPY", "a/b c", "copy")
	redis.do("RENAME", "copy", "renamed")
	response, body = do(200, "GET", "/v1/cache/renamed", "")
	if h := response.Header; body != "<p>" || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("TTL") != "100" {
		t.Errorf("the copy is %q with %v", body, h)
	}
	do(304, "GET", page, "", "If-None-Match: "+tag)
	do(200, "GET", page, "", `If-None-Match: "other"`)
	if _, body := do(206, "GET", page, "", "Range: bytes=1-1"); body != "p" {
		t.Errorf("the second byte is %q", body)
	}

	do(412, "PUT", page, "new", `If-Match: "other"`)
	do(412, "PUT", page, "new", "If-None-Match: *")
	do(412, "PUT", "/v1/cache/none", "new", "If-Match: *")
	do(412, "DELETE", page, "", `If-Match: "other"`)
	do(412, "DELETE", page, "", "If-None-Match: "+tag)
	do(412, "DELETE", page, "", "If-Match: W/"+tag)
	do(412, "PUT", page, "new", "If-None-Match: W/"+tag)
	response, _ = do(204, "PUT", page, "new", `If-Match: "other", `+tag)
	if response.Header.Get("ETag") == tag {
		t.Error("another value has the same ETag")
	}
	response, body = do(200, "GET", page, "")
	if body != "new" || response.Header.Get("TTL") != "" || response.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("replaced, it is %q with %v", body, response.Header)
	}
	do(204, "DELETE", page, "", "If-Match: "+response.Header.Get("ETag"))
	do(404, "GET", page, "")
	do(201, "PUT", page, "", "If-None-Match: *")

	do(400, "PUT", page, "x", "TTL: 0")
	do(400, "PUT", page, "x", "TTL: soon")
	do(201, "PUT", "/v1/cache/long", "x", "TTL: 9223372036854775807")
	do(400, "PUT", page, "x", "Content-Type: "+strings.Repeat("x", 256))
	do(413, "PUT", page, strings.Repeat("x", 1<<20+1))
	do(405, "POST", page, "x")

	redis.do("SET", "plain", "text", "PX", "1500")
	if response, body := do(200, "GET", "/v1/cache/plain", ""); body != "text" || response.Header.Get("TTL") != "2" {
		t.Errorf("set over Redis's protocol, it is %q with %v", body, response.Header)
	}
	// A change over Redis's protocol is one of bytes without a type.
	do(201, "PUT", "/v1/cache/n", "41", "Content-Type: text/plain")
	redis.do("INCR", "n")
	if response, body := do(200, "GET", "/v1/cache/n", ""); body != "42" || response.Header.Get("Content-Type") == "text/plain" {
		t.Errorf("after INCR it is %q with %v", body, response.Header)
	}
}

func TestPointers(t *testing.T) {
	server := start(t, config{})
	redis := dial(t, server.addr())
	redis.do("SET", "doc", ` {"a": [1, {"b": "ü"}], "": 0, "a/b": 1.50, "m~n": null, "d": 1, "d": 2, "big": 12345678901234567890} `)
	redis.do("SET", "text", "no JSON")
	for _, test := range []struct {
		key, pointer string
		status       int
		want         string
	}{
		{"doc", "", 200, `{"a": [1, {"b": "ü"}], "": 0, "a/b": 1.50, "m~n": null, "d": 1, "d": 2, "big": 12345678901234567890}`},
		{"doc", "/a", 200, `[1, {"b": "ü"}]`},
		{"doc", "/a/0", 200, `1`},
		{"doc", "/a/1/b", 200, `"ü"`},
		{"doc", "/", 200, `0`},
		{"doc", "/a~1b", 200, `1.50`},
		{"doc", "/m~0n", 200, `null`},
		{"doc", "/d", 200, `2`},
		{"doc", "/big", 200, `12345678901234567890`},
		{"doc", "/a/2", 404, ""},
		{"doc", "/a/-", 404, ""},
		{"doc", "/a/-1", 404, ""},
		{"doc", "/a/00", 404, ""},
		{"doc", "/a/0/x", 404, ""},
		{"doc", "/none/x", 404, ""},
		{"doc", "a", 400, ""},
		{"doc", "/~", 400, ""},
		{"doc", "/~2", 400, ""},
		{"doc", "/~~1", 400, ""},
		{"text", "/a", 422, ""},
		{"none", "/a", 404, ""},
	} {
		response, body := ask(server.server, "GET", "/v1/cache/"+test.key+"?pointer="+strings.ReplaceAll(test.pointer, "~", "%7E"), "")
		if response.StatusCode != test.status || test.status == 200 && body != test.want {
			t.Errorf("%s of %s: %s %s", test.pointer, test.key, response.Status, body)
		}
		if kind := response.Header.Get("Content-Type"); test.status == 200 && kind != "application/json" {
			t.Errorf("%s of %s has type %s", test.pointer, test.key, kind)
		}
	}
}

func TestHTTPNeedsThePassword(t *testing.T) {
	server := start(t, config{Password: "secret"})
	for _, test := range []struct {
		target string
		header string
		status int
	}{
		{"/v1/stats", "", 401},
		{"/metrics", "", 401},
		{"/v1/cache/a", "", 401},
		{"/v1/cache/a", "Authorization: Bearer wrong", 401},
		{"/v1/cache/a", "Authorization: Bearer secret", 404},
		{"/v1/stats", "Authorization: Bearer secret", 200},
		{"/healthz", "", 200},
		{"/readyz", "", 200},
	} {
		response, body := ask(server.server, "GET", test.target, "", test.header)
		if response.StatusCode != test.status {
			t.Errorf("%s with %q: %s %s", test.target, test.header, response.Status, body)
		}
	}
}

func TestWhatIsTold(t *testing.T) {
	server := start(t, config{})
	redis := dial(t, server.addr())
	redis.do("SET", "a", "1")
	redis.do("GET", "a")
	redis.do("GET", "none")
	redis.do("CLIENT", "ID")
	redis.do("NONSENSE")
	for target, wants := range map[string][]string{
		"/metrics": {`commands_total{command="get"} 2`, `commands_total{command="client|id"} 1`, "cache_hits_total 1", "cache_misses_total 1",
			"cache_entries 1", "\nclients 1", "commands_unknown_total 1", "command_errors_total 1", "go_goroutines"},
		"/v1/stats": {`"get":2`, `"hits":1`, `"entries":1`, `"connected":1`, `"unknown":1`},
		"/":         {`"/v1/stats"`},
	} {
		_, body := ask(server.server, "GET", target, "")
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not have %s in %s", target, want, body)
			}
		}
	}
	server.stop()
	if response, _ := ask(server.server, "GET", "/readyz", ""); response.StatusCode != 503 {
		t.Error("when it has stopped, it is", response.Status)
	}
	if response, _ := ask(server.server, "GET", "/healthz", ""); response.StatusCode != 200 {
		t.Error("when it has stopped, it is", response.Status)
	}
}

// TestTTLIsRoundedUp since a value that lives for a moment still does not live for ever.
func TestTTLIsRoundedUp(t *testing.T) {
	server := start(t, config{})
	if err := server.store.SetTTL([]byte("a"), []byte{plain}, time.Minute-time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if response, _ := ask(server.server, "GET", "/v1/cache/a", ""); response.Header.Get("TTL") != "60" {
		t.Error("TTL:", response.Header.Get("TTL"))
	}
}

// TestNothingIsServedBeforeTheWarmStart has requests come while the snapshot is loaded, whose values would take the place of those
// that they store, and bring back those that they delete.
func TestNothingIsServedBeforeTheWarmStart(t *testing.T) {
	c, err := parseConfig(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(c, openStore(t, 1<<20), slog.New(slog.DiscardHandler))
	for _, method := range []string{"PUT", "GET", "DELETE"} {
		response, body := ask(server, method, "/v1/cache/a", "x")
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: %s, %v, %s", method, response.Status, response.Header, body)
		}
	}
	if response, _ := ask(server, "GET", "/healthz", ""); response.StatusCode != http.StatusOK {
		t.Error("/healthz:", response.Status)
	}
}
