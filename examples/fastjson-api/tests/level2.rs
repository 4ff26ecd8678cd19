//! The second level of the cache: what it gives, and that nothing goes wrong without it.

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use support::{Folder, Service};

/// As much of a server of Redis' protocol as the service uses, which does what tests want it to.
struct Server {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    values: HashMap<Vec<u8>, Vec<u8>>,
    commands: Vec<String>,
    mode: Mode,
    connections: Vec<TcpStream>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Mode {
    #[default]
    Answering,
    /// Takes commands, and carries none out.
    Silent,
    /// Carries commands out, and does not answer.
    Mute,
    /// Becomes mute with the next value.
    MuteSoon,
    /// Closes connections.
    Away,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("redis://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
                let mut guard = state.lock().unwrap();
                if guard.mode != Mode::Away {
                    guard.connections.push(stream.try_clone().unwrap());
                    drop(guard);
                    thread::spawn(move || serve(stream, &state));
                }
            }
        });
        Server { address, state }
    }

    fn set(&self, mode: Mode) {
        let mut state = self.state.lock().unwrap();
        state.mode = mode;
        for stream in state.connections.drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Goes away and is back at once, with these values.
    fn restart(&self, values: HashMap<Vec<u8>, Vec<u8>>) {
        self.state.lock().unwrap().values = values;
        self.set(Mode::Answering);
    }

    fn all(&self) -> HashMap<Vec<u8>, Vec<u8>> {
        self.state.lock().unwrap().values.clone()
    }

    /// The stored values whose keys end so.
    fn values(&self, end: &str) -> Vec<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let values = state.values.iter().filter(|(key, _)| key.ends_with(end.as_bytes()));
        values.map(|(_, value)| value.clone()).collect()
    }

    fn count(&self, command: &str) -> usize {
        self.state.lock().unwrap().commands.iter().filter(|it| *it == command).count()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut input = BufReader::new(stream.try_clone().unwrap());
    while let Some(command) = read_command(&mut input) {
        let mut state = state.lock().unwrap();
        let name = String::from_utf8(command[0].to_ascii_uppercase()).unwrap();
        if state.mode == Mode::MuteSoon && name == "SET" && !command[1].ends_with(b":mark") {
            state.mode = Mode::Mute;
        }
        let mode = state.mode;
        state.commands.push(name.clone());
        if mode == Mode::Silent {
            continue;
        }
        let bulk = |value: Option<&Vec<u8>>| match value {
            Some(value) => [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat(),
            None => b"$-1\r\n".to_vec(),
        };
        let answer = match &*name {
            "GET" => bulk(state.values.get(&command[1])),
            "GETDEL" => bulk(state.values.remove(&command[1]).as_ref()),
            "SET" => {
                state.values.insert(command[1].clone(), command[2].clone());
                b"+OK\r\n".to_vec()
            }
            "DEL" => {
                command[1..].iter().for_each(|key| {
                    state.values.remove(key);
                });
                b":1\r\n".to_vec()
            }
            _ => b"+OK\r\n".to_vec(),
        };
        drop(state);
        if mode != Mode::Mute && stream.write_all(&answer).is_err() {
            break;
        }
    }
}

fn read_command(input: &mut impl BufRead) -> Option<Vec<Vec<u8>>> {
    let number = |input: &mut dyn BufRead| {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        line.trim_end().get(1..)?.parse::<usize>().ok()
    };
    let count = number(input)?;
    (0..count)
        .map(|_| {
            let mut argument = vec![0; number(input)? + 2];
            input.read_exact(&mut argument).ok()?;
            argument.truncate(argument.len() - 2);
            Some(argument)
        })
        .collect()
}

/// With a cache so small that it does not hold the large documents that push others out.
/// A server that answers may be as slow as the machine is.
fn start(folder: &Folder, server: &Server, timeout: &str) -> Service {
    let arguments = ["--l2", &server.address, "--l2-timeout", timeout];
    Service::start(folder, &[&arguments[..], &["--cache-max-bytes", "64KiB"]].concat())
}

/// Makes the service forget in memory what it has read.
fn push_out(service: &Service) {
    let large = format!("\"{}\"", "x".repeat(8000));
    for number in 0..40 {
        service.put(&format!("/v1/other/{number}"), &large);
    }
}

/// Waits until what was written is in the second level, which comes after the answer. A deletion is done there before.
fn settle(service: &Service) {
    assert_eq!(service.request("DELETE", "/v1/things/none").send().unwrap().status, 404);
}

fn metric(service: &Service, name: &str) -> u64 {
    let metrics = service.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with(name)).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn documents_are_found_in_the_second_level_also_by_the_next_run() {
    let (folder, server) = (Folder::new(), Server::start());
    let service = start(&folder, &server, "10");
    service.put("/v1/things/a", "1");
    push_out(&service);
    let hits = metric(&service, "fastjson_level2_hits_total");
    assert_eq!(service.get("/v1/things/a").text(), "1");
    assert_eq!(metric(&service, "fastjson_level2_hits_total"), hits + 1);
    service.put("/v1/things/a", "2");
    push_out(&service);
    assert_eq!(service.get("/v1/things/a").text(), "2");
    service.request("DELETE", "/v1/things/a").send().unwrap();
    assert_eq!(service.get("/v1/things/a").status, 404);
    assert!(server.values("/things/a").is_empty());

    service.put("/v1/things/b", "3");
    assert!(service.stop().success());
    let service = start(&folder, &server, "10");
    assert_eq!(service.get("/v1/things/b").text(), "3");
    assert_eq!(metric(&service, "fastjson_level2_hits_total"), 1);
}

#[test]
fn a_start_that_fails_leaves_the_second_level_as_it_was() {
    let (folder, server) = (Folder::new(), Server::start());
    let service = start(&folder, &server, "10");
    service.put("/v1/things/a", "1");
    assert!(service.stop().success());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let db = folder.path().join("data/test.db").display().to_string();
    let mut second = Command::new(env!("CARGO_BIN_EXE_fastjson-api"));
    second.args(["--addr", &taken, "--db", &db, "--l2", &server.address, "--l2-timeout", "10"]);
    let second = second.output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains(&format!("can't listen on {taken}")), "{told}");
    let service = start(&folder, &server, "10");
    assert_eq!(service.get("/v1/things/a").text(), "1");
    assert_eq!(metric(&service, "fastjson_level2_hits_total"), 1);
}

#[test]
fn a_killed_run_leaves_nothing_to_the_next() {
    let (folder, server) = (Folder::new(), Server::start());
    let service = start(&folder, &server, "10");
    service.put("/v1/things/a", "1");
    assert!(service.stop().success());
    // What a run may leave that was killed between its commit and its commands.
    for value in server.state.lock().unwrap().values.values_mut() {
        if value[0] == b'1' {
            value[0] = b'9';
        }
    }
    let service = start(&folder, &server, "10");
    service.signal("KILL");
    drop(service);
    let service = start(&folder, &server, "10");
    assert_eq!(service.get("/v1/things/a").text(), "1");
}

#[test]
fn nothing_stale_comes_back_from_a_server_that_was_away() {
    for mode in [Mode::Away, Mode::Silent, Mode::Mute] {
        let (folder, server) = (Folder::new(), Server::start());
        let service = start(&folder, &server, "0.2");
        service.put("/v1/things/a", "\"old\"");
        push_out(&service);
        assert_eq!(service.get("/v1/things/a").text(), "\"old\"");
        server.set(mode);
        // Neither a write nor a read notices.
        assert_eq!(service.put("/v1/things/a", "\"new\"").status, 204);
        push_out(&service);
        assert_eq!(service.get("/v1/things/a").text(), "\"new\"");
        let commands = server.state.lock().unwrap().commands.len();
        for _ in 0..200 {
            assert_eq!(service.get("/v1/things/none").status, 404);
        }
        // The breaker keeps nearly all of these reads from it.
        assert!(server.state.lock().unwrap().commands.len() - commands < 100);

        server.set(Mode::Answering);
        thread::sleep(Duration::from_millis(1100)); // the breaker's pause
        push_out(&service);
        assert_eq!(service.get("/v1/things/a").text(), "\"new\"");
        let sets = server.count("SET");
        service.put("/v1/things/b", "1");
        service.put("/v1/things/b", "2");
        assert!(server.count("SET") > sets, "the second level is in use again");
        push_out(&service);
        assert_eq!(service.get("/v1/things/b").text(), "2");
    }
}

/// However many answers are due, only the first is waited for.
#[test]
fn a_server_that_does_not_answer_a_long_import_costs_one_wait() {
    let (folder, server) = (Folder::new(), Server::start());
    let service = start(&folder, &server, "1");
    server.set(Mode::MuteSoon);
    let lines: String = (0..500).map(|id| format!("{{\"id\":\"{id}\"}}\n")).collect();
    let report = service.request("POST", "/v1/things/_import").body(lines).send().unwrap();
    assert_eq!(report.status, 200);
    // It comes behind the import, and gets no answer if that takes a minute.
    assert_eq!(service.put("/v1/things/0", "1").status, 204);
    assert_eq!(metric(&service, "fastjson_level2_failures_total"), 1);
}

/// Redis, if it is killed, starts again with what it last saved.
#[test]
fn a_server_that_comes_back_with_older_values_is_not_believed() {
    for write_first in [false, true] {
        let (folder, server) = (Folder::new(), Server::start());
        let service = start(&folder, &server, "10");
        service.put("/v1/things/a", "\"old\"");
        settle(&service);
        let older = server.all();
        assert_eq!(server.values("/things/a").len(), 1);
        service.put("/v1/things/a", "\"new\"");
        push_out(&service);
        settle(&service);
        server.restart(older);
        if write_first {
            service.put("/v1/things/b", "1");
        }
        assert_eq!(service.get("/v1/things/a").text(), "\"new\"");
        push_out(&service);
        assert_eq!(service.get("/v1/things/a").text(), "\"new\"", "write first: {write_first}");
    }
}

#[test]
fn values_outlast_a_restart_of_the_server_that_missed_nothing() {
    for write_first in [false, true] {
        let (folder, server) = (Folder::new(), Server::start());
        let service = start(&folder, &server, "10");
        service.put("/v1/things/a", "1");
        push_out(&service);
        assert_eq!(service.get("/v1/things/a").text(), "1");
        push_out(&service);
        settle(&service);
        server.restart(server.all());
        if write_first {
            service.put("/v1/things/b", "1");
        }
        let hits = metric(&service, "fastjson_level2_hits_total");
        assert_eq!(service.get("/v1/things/a").text(), "1");
        let found = metric(&service, "fastjson_level2_hits_total") - hits;
        assert_eq!(found, 1, "write first: {write_first}");
        assert_eq!(metric(&service, "fastjson_level2_failures_total"), 0);
    }
}

#[test]
fn a_run_without_the_second_level_leaves_nothing_to_the_next() {
    let (folder, server) = (Folder::new(), Server::start());
    let service = start(&folder, &server, "10");
    service.put("/v1/things/a", "\"old\"");
    assert!(service.stop().success());
    let service = Service::start(&folder, &[]);
    service.put("/v1/things/a", "\"new\"");
    assert!(service.stop().success());
    let service = start(&folder, &server, "10");
    assert_eq!(service.get("/v1/things/a").text(), "\"new\"");
}

/// Many readers and writers of few documents, while the server comes and goes: whoever reads after a write was
/// acknowledged finds it, or what was written later.
#[test]
fn readers_never_go_back() {
    let (folder, server) = (Folder::new(), Server::start());
    let service = start(&folder, &server, "0.2");
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let service = &service;
                scope.spawn(move || {
                    let path = format!("/v1/things/{writer}");
                    for number in 1..=150_u64 {
                        let padding = "x".repeat(number as usize * 7 % 3000);
                        let text = format!("{{\"n\":{number},\"x\":\"{padding}\"}}");
                        assert!(service.put(&path, &text).status < 300);
                        assert_eq!(service.get(&path).text(), text);
                    }
                })
            })
            .collect();
        for reader in 0..4 {
            let (service, done) = (&service, &done);
            scope.spawn(move || {
                let (path, mut newest) = (format!("/v1/things/{reader}"), 0);
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let got = service.get(&path);
                    if got.status == 200 {
                        let number = got.json()["n"].as_u64().unwrap();
                        assert!(number >= newest, "{number} after {newest}");
                        newest = number;
                    }
                }
            });
        }
        for mode in [Mode::Mute, Mode::Answering, Mode::Away, Mode::Answering].into_iter().cycle() {
            if writers.iter().all(thread::ScopedJoinHandle::is_finished) {
                break;
            }
            server.set(mode);
            thread::sleep(Duration::from_millis(300));
            push_out(&service);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
