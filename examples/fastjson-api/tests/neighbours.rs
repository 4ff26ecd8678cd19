//! Clients that behave, beside many that do not, on both services.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use support::{CacheServer, Folder, Service, eventually, length};

/// What is no request of either protocol, or only half of one.
fn garbage() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        &b""[..],
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /v1/a/b HTTP/1.1\r\nhost",
        b"PUT /v1/a/b HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n[1,",
        b"PUT /v1/cache/b HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"*1\r\n$4\r\nPI",
        b"*2\r\n$3\r\nGET\r\n$10\r\nabc",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$60000000\r\n",
        b"*-5\r\n",
        b"*99999999999999999999\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$9223372036854775807\r\n",
        b"$5\r\nhello\r\n",
        b"SET \"unbalanced\r\n",
        b"\xff\xff\xff\xff\x00\x00\r\n",
    ]
    .iter()
    .map(|it| it.to_vec())
    .collect();
    all.push(b"*1000000\r\n".iter().copied().chain(b"$1\r\nx\r\n".repeat(10_000)).collect());
    all.push((0..=255).cycle().take(100_000).collect());
    all.push([b"GET /".as_slice(), &[b'x'; 200_000], b" HTTP/1.1\r\n\r\n"].concat());
    all
}

/// Sends something and waits for the end of the connection, or not even that.
fn send(address: SocketAddr, bytes: &[u8], wait: bool) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // A server that has refused may have closed the connection already.
    let _ = stream.write_all(bytes);
    if wait {
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[test]
fn nobody_notices_who_misbehaves() {
    const CLIENTS: usize = 3;
    const IDLE: usize = 1000;
    const SLOW: usize = 100;
    let folder = Folder::new();
    let Some(server) = CacheServer::start(&["--max-bytes", "64MiB"]) else { return };
    // Nobody is thrown out, which would help the others.
    let service = Service::start(&folder, &["--l2", &server.url(), "--request-timeout", "3600"]);
    let addresses = [service.address, server.address, server.http];
    // Of each client that behaves: how many of its requests were answered as they should be.
    let counts: Vec<AtomicU64> = (0..2 * CLIENTS).map(|_| AtomicU64::new(0)).collect();
    let done = AtomicBool::new(false);
    // Every client gets on, whatever the others do.
    let go_on = |what: &str| {
        let before: Vec<_> = counts.iter().map(|it| it.load(Ordering::SeqCst)).collect();
        eventually(what, || {
            counts
                .iter()
                .zip(&before)
                .all(|(count, before)| count.load(Ordering::SeqCst) > before + 20)
        });
    };
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (count, done, service) = (&counts[client], &done, &service);
            scope.spawn(move || {
                let path = format!("/v1/good/{client}");
                while !done.load(Ordering::SeqCst) {
                    let text = format!("[{}]", count.load(Ordering::SeqCst));
                    let put = service.put(&path, &text);
                    assert!([201, 204].contains(&put.status), "{put:?}");
                    assert_eq!(service.get(&path).text(), text);
                    // A client that has just come is served like the one that keeps its connection.
                    let request =
                        format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
                    let fresh = service.raw(request.as_bytes());
                    assert!(fresh.ends_with(text.as_bytes()), "{}", fresh.escape_ascii());
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
            let (count, server) = (&counts[CLIENTS + client], &server);
            scope.spawn(move || {
                let (mut connection, key) = (server.client(), format!("good:{client}"));
                while !done.load(Ordering::SeqCst) {
                    let number = count.load(Ordering::SeqCst);
                    let set = redis::cmd("SET").arg(&key).arg(number).exec(&mut connection);
                    set.unwrap();
                    let got: u64 = redis::cmd("GET").arg(&key).query(&mut connection).unwrap();
                    assert_eq!(got, number);
                    if number % 10 == 0 {
                        connection = server.client();
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(1));
                }
            });
        }
        // Whatever fails here must let the others end.
        let phases = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            go_on("before");
            for address in addresses {
                for round in 0..length(2, 20) {
                    garbage().iter().for_each(|it| send(address, it, round % 2 == 0));
                }
                go_on(&format!("beside garbage on {address}"));
                let connect = |_| TcpStream::connect(address).unwrap();
                let idle: Vec<TcpStream> = (0..IDLE).map(connect).collect();
                go_on(&format!("beside idle clients of {address}"));
                slow(address, SLOW, || go_on(&format!("beside slow clients of {address}")));
                drop(idle);
            }
        }));
        done.store(true, Ordering::SeqCst);
        phases.unwrap();
    });
    assert_eq!(service.get("/readyz").status, 200);
    assert!(service.stop().success());
}

/// Has clients send and read a byte at a time while something happens.
fn slow(address: SocketAddr, clients: usize, meanwhile: impl FnOnce()) {
    let done = AtomicBool::new(false);
    let requests = [
        format!(
            "PUT /v1/slow/a HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\n[{}",
            " ".repeat(4000)
        ),
        format!("*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$5000\r\n{}", "x".repeat(4000)),
    ];
    thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            let mut streams: Vec<_> = (0..clients)
                .map(|_| {
                    let stream = TcpStream::connect(address).unwrap();
                    stream.set_nonblocking(true).unwrap();
                    stream
                })
                .collect();
            for place in 0.. {
                for (number, stream) in streams.iter_mut().enumerate() {
                    // Half of them speak the other service's protocol, and are thrown out.
                    let request = requests[number % 2].as_bytes();
                    let _ = stream.write(&[request[place % request.len()]]);
                    let _ = stream.read(&mut [0]);
                }
                if done.load(Ordering::SeqCst) {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
        });
        // A panic goes on once the clients have ended.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(meanwhile));
        done.store(true, Ordering::SeqCst);
        result.unwrap();
    });
}
