//! Many requests at once, while the second level answers nobody: it is a real one that is stopped and goes on later.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use support::{CacheServer, Folder, Service, eventually};

/// A service that waits for its second level as long as it takes.
fn start(folder: &Folder) -> Option<(CacheServer, Service)> {
    let server = CacheServer::start(&["--max-bytes", "64MiB"])?;
    let arguments = ["--l2", &server.url(), "--l2-timeout", "60", "--cache-max-bytes", "64KiB"];
    let service = Service::start(folder, &arguments);
    Some((server, service))
}

/// Sends a request over a connection of its own, whose answer is read later.
fn send(service: &Service, method: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = service.connect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn what_the_queue_has_no_room_for_is_told_to_come_back() {
    let folder = Folder::new();
    let Some((server, service)) = start(&folder) else { return };
    assert_eq!(service.put("/v1/things/first", "0").status, 201);
    server.pause();
    let refused = || match service.get("/metrics").text() {
        text if !text.contains("code=\"503\"") => 0,
        _ => service.metric("fastjson_requests_total{code=\"503\",operation=\"put\"}"),
    };
    // Some are with the writer, which waits for the second level, and some in the queue.
    let mut writes = Vec::new();
    while refused() == 0 {
        assert!(writes.len() < 2000, "nobody is refused");
        for _ in 0..50 {
            writes.push(send(&service, "PUT", &format!("/v1/things/{}", writes.len()), "1"));
        }
    }
    // Reading goes on.
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.get("/v1/things?limit=1").status, 200);

    server.resume();
    let answers: Vec<_> = writes.into_iter().map(answer).collect();
    let refused: Vec<_> = answers.iter().filter(|it| it.starts_with("HTTP/1.1 503 ")).collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|it| it.contains("\r\nretry-after: 1\r\n")), "{}", refused[0]);
    let kept = answers.iter().filter(|it| it.starts_with("HTTP/1.1 20")).count();
    assert_eq!(kept + refused.len(), answers.len());
    // What was refused was not done, and what was done is there: with the first.
    let listed = service.get("/v1/things/_export").text().lines().count();
    assert_eq!(listed, kept + 1);
    assert_eq!(service.put("/v1/things/first", "2").status, 204);
}

#[test]
fn many_who_wait_for_a_document_cost_one_load() {
    const WAITERS: u64 = 200;
    let folder = Folder::new();
    let Some((server, service)) = start(&folder) else { return };
    service.put("/v1/things/wanted", "{\"a\":1}");
    for number in 0..40 {
        service.put(&format!("/v1/other/{number}"), format!("\"{}\"", "x".repeat(8000)));
    }
    let misses = || service.metric("fastjson_cache_misses_total");
    let (loads, before) = (service.metric("fastjson_loads_total"), misses());
    server.pause();
    let waiters: Vec<_> =
        (0..WAITERS).map(|_| send(&service, "GET", "/v1/things/wanted", "")).collect();
    eventually("all have missed", || misses() == before + WAITERS);
    server.resume();
    for waiter in waiters {
        let answer = answer(waiter);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{\"a\":1}"), "{answer}");
    }
    assert_eq!(service.metric("fastjson_loads_total"), loads + 1);
}
