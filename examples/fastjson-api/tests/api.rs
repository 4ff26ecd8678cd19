//! What the service answers.

mod support;

use std::io::{Read, Write};

use serde_json::json;
use support::{Folder, Service};

#[test]
fn documents_come_back_as_they_were_written() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    let text = r#"{ "z" : 1.50, "a": [9223372036854775807, 123456789012345678901234567890, -0.0, 1e400],
        "a": "\u00fc / \/ \ud83d\ude00", "m": { } }"#;
    let compact = r#"{"z":1.50,"a":[9223372036854775807,123456789012345678901234567890,-0.0,1e400],"a":"\u00fc / \/ \ud83d\ude00","m":{}}"#;
    for id in ["plain", "with%20space", "%C3%BCber", "a%2Bb+c", "100%25"] {
        let path = format!("/v1/things/{id}");
        let created = service.put(&path, text);
        assert_eq!((created.status, created.text()), (201, ""), "{created:?}");
        let location = created.header("location").to_owned();
        for path in [&path, &location] {
            let got = service.get(path);
            assert_eq!((got.status, got.text()), (200, compact));
            assert_eq!(got.header("content-type"), "application/json");
            assert_eq!(got.header("etag"), created.header("etag"));
        }
        let head = service.request("HEAD", &path).send().unwrap();
        assert_eq!((head.status, head.text()), (200, ""));
        assert_eq!(head.header("content-length"), compact.len().to_string());

        let replaced = service.put(&path, "[1, 2]");
        assert_eq!(replaced.status, 204);
        assert_ne!(replaced.header("etag"), created.header("etag"));
        assert_eq!(service.get(&path).text(), "[1,2]");
        assert_eq!(service.request("DELETE", &path).send().unwrap().status, 204);
        assert_eq!(service.get(&path).status, 404);
        assert_eq!(service.request("DELETE", &path).send().unwrap().status, 404);
    }
}

#[test]
fn a_restart_keeps_everything_and_a_second_process_keeps_away() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    service.put("/v1/things/a", "1");
    let tag = service.get("/v1/things/a").header("etag").to_owned();
    let second = Service::command(&folder, &[]).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process has it open"));

    assert!(service.stop().success());
    assert!(!folder.path().join("data/test.db-wal").exists(), "SQLite's log is left behind");
    let service = Service::start(&folder, &[]);
    let got = service.get("/v1/things/a");
    assert_eq!((got.text(), got.header("etag")), ("1", &*tag));
    service.request("DELETE", "/v1/things/a").send().unwrap();
    service.put("/v1/things/a", "1");
    assert_ne!(service.get("/v1/things/a").header("etag"), tag, "tags are not used again");
}

#[test]
fn a_stop_waits_for_requests_and_not_for_connections() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--shutdown-timeout", "3600"]);
    let idle = service.connect();
    let mut busy = service.connect();
    busy.write_all(b"PUT /v1/things/a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n[").unwrap();
    while !service.get("/metrics").text().contains("fastjson_body_bytes 1") {}
    service.signal("TERM");
    busy.write_all(b"]").unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(service.stop().success());
    drop(idle);
    assert_eq!(Service::start(&folder, &[]).get("/v1/things/a").text(), "[]");
}

#[test]
fn entity_tags_decide() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    let send = |method: &str, name: &str, tag: &str, body: &str| {
        let request = service.request(method, "/v1/things/a").header(name, tag);
        let request = if body.is_empty() { request } else { request.body(body) };
        request.send().unwrap().status
    };
    // What fails anyway does so as without a condition (RFC 9110, section 13.2.1).
    assert_eq!(send("GET", "if-match", "*", ""), 404);
    assert_eq!(send("PATCH", "if-match", "\"other\"", "{}"), 404);
    assert_eq!(send("DELETE", "if-match", "*", ""), 404);
    assert_eq!(send("PUT", "if-match", "*", "1"), 412);
    assert_eq!(send("PUT", "if-none-match", "*", "1"), 201);
    assert_eq!(send("PUT", "if-none-match", "*", "2"), 412);
    let tag = service.get("/v1/things/a").header("etag").to_owned();
    assert_eq!(send("GET", "if-none-match", &tag, ""), 304);
    assert_eq!(send("HEAD", "if-none-match", &tag, ""), 304);
    assert_eq!(send("GET", "if-none-match", "\"other\"", ""), 200);
    assert_eq!(send("GET", "if-match", "\"other\"", ""), 412);
    assert_eq!(send("GET", "if-none-match", "nonsense", ""), 400);
    let nowhere = service.request("GET", "/v1/things/a?pointer=/b").header("if-none-match", &tag);
    assert_eq!(nowhere.send().unwrap().status, 404);
    assert_eq!(send("PUT", "if-match", &tag, "{}"), 204);
    assert_eq!(send("PUT", "if-match", &tag, "3"), 412);
    assert_eq!(send("PATCH", "if-match", &tag, "{}"), 412);
    assert_eq!(send("DELETE", "if-match", &tag, ""), 412);
    assert_eq!(service.get("/v1/things/a").text(), "{}");
    assert_eq!(send("DELETE", "if-match", "*", ""), 204);
}

#[test]
fn new_documents_get_ids_in_their_order() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    for number in 0..5 {
        let created =
            service.request("POST", "/v1/things").body(number.to_string()).send().unwrap();
        assert_eq!(created.status, 201);
        let got = service.get(created.header("location"));
        assert_eq!((got.status, got.text()), (200, &*number.to_string()));
    }
    let list = service.get("/v1/things").json();
    let documents: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|it| &it["document"]).collect();
    assert_eq!(documents, [0, 1, 2, 3, 4]);
}

#[test]
fn lists_have_pages() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    assert_eq!(service.get("/v1/things").text(), r#"{"items":[],"cursor":null}"#);
    let ids = ["a", "b&c=d", "e f", "ü", "日本"];
    for id in ids {
        let path: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(
            service.put(&format!("/v1/things/{path}"), format!("{{\"id\":\"{id}\"}}")).status,
            201
        );
    }
    service.put("/v1/others/x", "1");
    for limit in 1..=6 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = service.get(&format!("/v1/things?limit={limit}&cursor={cursor}")).json();
            for item in page["items"].as_array().unwrap() {
                assert_eq!(item["id"], item["document"]["id"]);
                let id = item["id"].as_str().unwrap();
                let path: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let got = service.get(&format!("/v1/things/{path}"));
                assert_eq!(item["etag"].as_str().unwrap(), got.header("etag"));
                seen.push(id.to_owned());
            }
            let Some(next) = page["cursor"].as_str() else { break };
            cursor = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
        }
        assert_eq!(seen, ids, "limit {limit}");
    }
    for query in ["limit=0", "limit=1001", "limit=x", "limit=-1", "limits=1"] {
        let answer = service.get(&format!("/v1/things?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text().contains("limit"), "{query}: {}", answer.text());
    }
}

#[test]
fn pointers_select() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    service.put("/v1/things/a", r#"{"a/b":[{"n":1.50}],"":12345678901234567890}"#);
    for (pointer, status, want) in [
        ("/a~1b/0", 200, r#"{"n":1.50}"#),
        ("%2Fa~1b%2F0%2Fn", 200, "1.50"),
        ("/", 200, "12345678901234567890"),
        ("", 200, r#"{"a/b":[{"n":1.50}],"":12345678901234567890}"#),
        ("/b", 404, ""),
        ("b", 400, ""),
        ("/~", 400, ""),
    ] {
        let got = service.get(&format!("/v1/things/a?pointer={pointer}"));
        assert_eq!(got.status, status, "{pointer}");
        if status == 200 {
            assert_eq!(got.text(), want, "{pointer}");
        }
    }
    assert_eq!(service.get("/v1/things/a?point=/").status, 400);
    // A part is read, and not changed: that would hit all of the document.
    for (method, path) in [
        ("PUT", "/v1/things/a?pointer=/"),
        ("PATCH", "/v1/things/a?pointer=/"),
        ("DELETE", "/v1/things/a?pointer=/"),
        ("POST", "/v1/things?id=b"),
        ("GET", "/v1/things/_export?limit=1"),
    ] {
        let refused = service.request(method, path);
        let refused = if method == "GET" { refused } else { refused.body("{}") };
        assert_eq!(refused.send().unwrap().status, 400, "{method} {path}");
    }
    assert_eq!(service.get("/v1/things/a?pointer=/").text(), "12345678901234567890");
}

#[test]
fn patches_merge() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--max-body", "100"]);
    let patch = |body: &str| service.request("PATCH", "/v1/things/a").body(body).send().unwrap();
    assert_eq!(patch("{}").status, 404);
    service.put("/v1/things/a", r#"{"z":1.0,"a":{"big":18446744073709551616,"x":1}}"#);
    let patched = patch(r#"{"a": {"x": null, "y": 2.50}, "n": []}"#);
    let want = r#"{"z":1.0,"a":{"big":18446744073709551616,"y":2.50},"n":[]}"#;
    assert_eq!((patched.status, patched.text()), (200, want));
    let got = service.get("/v1/things/a");
    assert_eq!((got.text(), got.header("etag")), (want, patched.header("etag")));
    assert_eq!(patch("{\"a\":").status, 400);
    assert_eq!(patch(&format!("{{\"long\":\"{}\"}}", "x".repeat(80))).status, 413);
    assert_eq!(service.get("/v1/things/a").text(), want);
    let other = service.request("PATCH", "/v1/things/a").body("[]");
    let other = other.header("content-type", "application/json-patch+json").send().unwrap();
    assert_eq!((other.status, other.header("accept-patch")), (415, "application/merge-patch+json"));
}

#[test]
fn problems_say_what_and_where() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--max-body", "1000", "--max-depth", "4"]);
    let answer = service.put("/v1/things/a", "{\"a\": 1,\n \"b\": tru}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let want = json!({
        "type": "about:blank", "title": "Bad Request", "status": 400, "detail": "expected a value",
        "position": {"offset": 18, "line": 2, "column": 10},
    });
    assert_eq!(answer.json(), want);
    let large = format!("\"{}\"", "x".repeat(1000));
    for (method, path, body, status) in [
        ("PUT", "/v1/things/a", "", 400),
        ("PUT", "/v1/things/a", "[[[[[]]]]]", 400),
        ("PUT", "/v1/things/a", &large, 413),
        ("PUT", "/v1/things/_a", "1", 400),
        ("PUT", "/v1/_things/a", "1", 400),
        ("PUT", "/v1/things/a%00", "1", 400),
        ("PUT", "/v1/things/a%2Fb", "1", 400),
        ("PUT", "/v1/things/%FF", "1", 400),
        ("POST", "/v1/things/a", "1", 405),
        ("PUT", "/v1/things", "1", 405),
        ("POST", "/healthz", "1", 405),
        ("POST", "/v2", "1", 404),
        ("POST", "/v1/things", "1 2", 400),
    ] {
        let answer = service.request(method, path).body(body).send().unwrap();
        assert_eq!(answer.status, status, "{method} {path} {body}");
        assert_eq!(answer.json()["status"], status, "{method} {path} {body}");
    }
    let compressed =
        service.request("PUT", "/v1/things/a").body("1").header("content-encoding", "gzip");
    assert_eq!(compressed.send().unwrap().status, 415);
    assert_eq!(service.get("/v1/things/a").status, 404);
}

#[test]
fn the_key_is_asked_for() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--api-key", "secret"]);
    for (name, value, status) in [
        ("authorization", "Bearer secret", 404),
        ("authorization", "bearer secret", 404),
        ("x-api-key", "secret", 404),
        ("authorization", "Bearer secre", 401),
        ("authorization", "Bearer ", 401),
        ("x-api-key", "secret2", 401),
        ("accept", "*/*", 401),
    ] {
        let answer = service.request("GET", "/v1/things/a").header(name, value).send().unwrap();
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    assert_eq!(service.put("/v1/things/a", "1").status, 401);
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.get("/readyz").status, 200);
}

#[test]
fn metrics_count() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    service.put("/v1/things/a", "1");
    service.get("/v1/things/a");
    service.get("/v1/things/b");
    let metrics = service.get("/metrics");
    for line in [
        "fastjson_requests_total{code=\"201\",operation=\"put\"} 1",
        "fastjson_requests_total{code=\"200\",operation=\"get\"} 1",
        "fastjson_requests_total{code=\"404\",operation=\"get\"} 1",
        "fastjson_cache_hits_total 1",
        "fastjson_cache_entries 1",
        "fastjson_loads_total 1", // what was written needed none
        "fastjson_write_group_size_count 1",
    ] {
        assert!(metrics.text().lines().any(|it| it == line), "{line} in {}", metrics.text());
    }
}

#[test]
fn imports_and_exports_fit() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--max-body", "200"]);
    let long = format!("{{\"id\":\"long\",\"x\":\"{}\"}}", "x".repeat(100_000));
    let lines = [
        r#"{"id":"a","n":1.50}"#,
        r#"{"id":7, "n": 2}"#,
        "",
        r#"{"id":"c","n":tru}"#,
        &long,
        r#"{"id":["no"]}"#,
        r#"{"id":"_no"}"#,
        "  ",
        r#"{"n":"no id"}"#,
        "\u{FEFF}",
        r#"{"id":"last"}"#,
    ];
    let report =
        service.request("POST", "/v1/things/_import").body(lines.join("\n")).send().unwrap();
    let report = report.json();
    assert_eq!((&report["imported"], &report["failed"]), (&json!(4), &json!(5)), "{report}");
    let numbers: Vec<_> =
        report["errors"].as_array().unwrap().iter().map(|it| &it["line"]).collect();
    assert_eq!(numbers, [4, 5, 6, 7, 10]);
    let offset = lines[..3].iter().map(|line| line.len() + 1).sum::<usize>() + 17;
    let position = &report["errors"][0]["position"];
    assert_eq!(position, &json!({"offset": offset, "line": 4, "column": 18}));
    assert_eq!(service.get("/v1/things/a?pointer=/n").text(), "1.50");
    assert_eq!(service.get("/v1/things/7").text(), r#"{"id":7,"n":2}"#);

    let many: String =
        (0..3000).map(|n| format!("{{\"sku\":\"{n:05}\",\"n\":{n}.0}}\r\n")).collect();
    let report = service.request("POST", "/v1/many/_import?id=/sku").body(many).send().unwrap();
    assert_eq!(report.text(), r#"{"imported":3000,"failed":0,"errors":[]}"#);
    let export = service.get("/v1/many/_export");
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let ids: Vec<_> = export.text().lines().map(|line| line[..13].to_owned()).collect();
    let want: Vec<_> = (0..3000).map(|n| format!("{{\"id\":\"{n:05}\"")).collect();
    assert!(ids == want, "{} lines", ids.len());

    let copy = "/v1/copy/_import?document=/document";
    let report = service.request("POST", copy).body(&export.body).send().unwrap();
    assert_eq!(report.json()["imported"], 3000);
    assert_eq!(service.get("/v1/copy/00042").text(), r#"{"sku":"00042","n":42.0}"#);
    // A line that is too long fails once, whatever its end looks like.
    let body = format!("12d\r\n\"{}\r\n3\r\n123\r\n0\r\n\r\n", "x".repeat(300));
    let framing = "host: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let request = format!("POST /v1/things/_import HTTP/1.1\r\n{framing}{body}");
    let answer = String::from_utf8(service.raw(request.as_bytes())).unwrap();
    assert!(answer.contains("{\"imported\":0,\"failed\":1,"), "{answer}");
    for query in ["id=x", "document=x", "ids=/a"] {
        let refused =
            service.request("POST", &format!("/v1/copy/_import?{query}")).body("1").send();
        assert_eq!(refused.unwrap().status, 400, "{query}");
    }
}
