//! Clients that send what they should not, or nothing.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use support::{Folder, Service};

/// The status of the first answer in what a connection gave; 0 if there is none.
fn status(answer: &[u8]) -> u16 {
    let answer = String::from_utf8_lossy(answer);
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
}

#[test]
fn garbage_gets_an_answer_or_a_closed_connection() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--request-timeout", "2"]);
    let many_headers: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let requests: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"*1\r\n$4\r\nPING\r\n".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /v1/a/b HTTP/1.1\r\nhost".to_vec(),
        b"PUT /v1/a/b HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n[1,".to_vec(),
        b"PUT /v1/a/b HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n1".to_vec(),
        b"PUT /v1/a/b HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n11".to_vec(),
        b"PUT /v1/a/b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(200_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(200_000)).into_bytes(),
        format!("GET / HTTP/1.1\r\nhost: a\r\n{many_headers}\r\n").into_bytes(),
        (0..=255).cycle().take(100_000).collect(),
    ];
    for request in requests {
        let status = status(&service.raw(&request));
        let shown = request[..request.len().min(60)].escape_ascii();
        assert!(status == 0 || (400..500).contains(&status), "{status} for {shown}");
    }
    assert_eq!(service.get("/v1/a/b").status, 404);
    assert_eq!(service.get("/readyz").status, 200);
}

#[test]
fn bodies_that_end_early_are_not_kept() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    let length = "host: a\r\ncontent-length: 9\r\n\r\n";
    let chunked = "host: a\r\ntransfer-encoding: chunked\r\n\r\n";
    for (request, framing, body) in [
        ("PUT /v1/a/b", length, "12"),
        ("PUT /v1/a/b", length, "{}"),
        ("PUT /v1/a/b", chunked, "2\r\n12\r\n"),
        ("PUT /v1/a/b", chunked, "2\r\n[1\r\n"),
        ("POST /v1/a/_import", length, "12"),
        ("POST /v1/a/_import", chunked, "2\r\n12\r\n"),
        ("POST /v1/a/_import", chunked, "4\r\n{\"a\"\r\n"),
    ] {
        let answer = service.raw(format!("{request} HTTP/1.1\r\n{framing}{body}").as_bytes());
        assert!(status(&answer) < 500, "{request} {body}");
        let kept = service.get("/v1/a").json();
        assert_eq!(kept["items"].as_array().unwrap().len(), 0, "{request} {body}");
    }
    for (id, body) in [("b", "2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n"), ("c", "2\r\n12\r\n0\r\n\r\n")] {
        let whole = format!("PUT /v1/a/{id} HTTP/1.1\r\n{chunked}{body}");
        assert_eq!(status(&service.raw(whole.as_bytes())), 201, "{body}");
    }
}

/// What says where a request ends must say so once, or a proxy in front could see another end.
#[test]
fn the_framing_of_requests_is_unambiguous() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    for (want, headers, body) in [
        (
            201,
            "host: a\r\ntransfer-encoding: chunked",
            "1;a=b\r\n[\r\n1\r\n]\r\n0\r\nx-sum: 1\r\n\r\n",
        ),
        (400, "host: a\r\ntransfer-encoding: chunked\r\ncontent-length: 2", "2\r\n[]\r\n0\r\n\r\n"),
        (400, "host: a\r\ncontent-length: 2\r\ncontent-length: 2", "[]"),
        (400, "host: a\r\ntransfer-encoding: gzip, chunked", "2\r\n[]\r\n0\r\n\r\n"),
        (400, "host: a\r\nhost: b\r\ncontent-length: 2", "[]"),
        (400, "content-length: 2", "[]"),
    ] {
        let answer =
            service.raw(format!("PUT /v1/a/b HTTP/1.1\r\n{headers}\r\n\r\n{body}").as_bytes());
        assert_eq!(status(&answer), want, "{headers}: {}", answer.escape_ascii());
    }
}

/// HTTP/1.0 has no chunks: what has no length ends with the connection.
#[test]
fn an_export_to_an_old_client_ends() {
    let folder = Folder::new();
    let service = Service::start(&folder, &[]);
    service.put("/v1/a/b", "1");
    let mut stream = service.connect();
    stream.write_all(b"GET /v1/a/_export HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.ends_with("\r\n\r\n{\"id\":\"b\",\"etag\":\"\\\"1\\\"\",\"document\":1}\n"),
        "{answer}"
    );
    assert!(!answer.contains("keep-alive"), "{answer}");
}

#[test]
fn a_body_that_is_refused_does_not_become_the_next_request() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--api-key", "secret"]);
    let body = "DELETE /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let request =
        format!("PUT /v1/a/b HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer = service.raw(request.as_bytes());
    assert_eq!(status(&answer), 401);
    assert!(!String::from_utf8_lossy(&answer).contains("405"), "{}", answer.escape_ascii());
}

#[test]
fn slow_and_idle_clients_are_in_nobodys_way() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--request-timeout", "1"]);
    service.put("/v1/a/b", "[1]");
    let idle: Vec<TcpStream> = (0..1000).map(|_| service.connect()).collect();
    let half = |text: &str| {
        let mut stream = service.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let head = "PUT /v1/a/slow HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n[";
    let slow: Vec<TcpStream> = (0..50).flat_map(|_| [half("GET /v1/a"), half(head)]).collect();
    for number in 0..20 {
        assert_eq!(service.get("/v1/a/b").text(), "[1]");
        assert_eq!(service.put(&format!("/v1/a/{number}"), "1").status, 201);
    }
    for mut stream in slow {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(status(&answer), 408, "{}", answer.escape_ascii());
    }
    drop(idle);
    assert_eq!(service.get("/v1/a/slow").status, 404);
    assert!(service.stop().success());
}

#[test]
fn clients_that_do_not_read_an_export_hold_no_thread() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--readers", "1"]);
    let lines = format!("{{\"x\":\"{}\"}}\n", "x".repeat(10_000)).repeat(3000);
    let report = service.request("POST", "/v1/a/_import").body(lines).send().unwrap();
    assert_eq!(report.json()["imported"], 3000);
    let stuck: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = service.connect();
            stream.write_all(b"GET /v1/a/_export HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            stream
        })
        .collect();
    assert_eq!(service.get("/v1/a?limit=1").status, 200);
    assert_eq!(service.get("/v1/a/_export").text().lines().count(), 3000);
    drop(stuck);
}

/// Nicolas Seriot's JSONTestSuite, where it is there: what is valid is kept and given back, the rest is refused.
#[test]
fn the_json_test_suite_gets_no_5xx() {
    let Some(data) = std::env::var_os("TANDEM_DATA") else {
        eprintln!("skipped: TANDEM_DATA names no folder");
        return;
    };
    let folder = Folder::new();
    let service = Service::start(&folder, &["--max-depth", "1000"]);
    let mut count = 0;
    for entry in std::fs::read_dir(Path::new(&data).join("suite/test_parsing")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !path.is_file() || !name.ends_with(".json") {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let put = service.put("/v1/suite/a", &text);
        let patched = service.request("PATCH", "/v1/suite/b").body(&text).send().unwrap();
        let imported = service.request("POST", "/v1/suite/_import").body(&text).send().unwrap();
        assert_eq!(imported.status, 200, "{name}");
        let good = [201, 204].contains(&put.status);
        match name.as_bytes()[0] {
            b'y' => assert!(good, "{name}: {put:?}"),
            b'n' => assert_eq!((put.status, patched.status), (400, 400), "{name}"),
            _ => assert!(good || put.status == 400, "{name}: {put:?}"),
        }
        if good {
            let mut compact = Vec::new();
            tandem::json::compact(&text, &mut compact).unwrap();
            let got = service.get("/v1/suite/a").body;
            assert_eq!(got, compact, "{name}");
            // Also in the eyes of another parser, as far as it takes what is there.
            if let Ok(sent) = serde_json::from_slice::<serde_json::Value>(&text) {
                assert_eq!(
                    serde_json::from_slice::<serde_json::Value>(&got).unwrap(),
                    sent,
                    "{name}"
                );
            }
        }
        count += 1;
    }
    assert!(count > 100, "{count} documents");
}
