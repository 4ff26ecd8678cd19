//! What is acknowledged outlives the process, and its second level may die at any moment.

mod support;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use support::{CacheServer, Folder, Service, eventually, length};

const WRITERS: usize = 32;

#[test]
fn acknowledged_writes_survive_kill_9() {
    let folder = Folder::new();
    let sent = Sent::default();
    for round in 0..length(4, 20) {
        let service = Service::start(&folder, &[]);
        verify(&service, &sent);
        kill_under_load(&service, round, &sent, || {});
    }
    verify(&Service::start(&folder, &[]), &sent);
}

#[test]
fn acknowledged_writes_survive_kill_9_of_both() {
    let folder = Folder::new();
    let sent = Sent::default();
    let Some(mut server) = CacheServer::start(&["--max-bytes", "64MiB"]) else { return };
    let level2 = server.url();
    // So little memory that most documents are read from the second level.
    let arguments = ["--l2", &level2, "--cache-max-bytes", "64KiB"];
    for round in 0..length(4, 20) {
        let service = Service::start(&folder, &arguments);
        verify(&service, &sent);
        kill_under_load(&service, round, &sent, || {
            server.kill();
            thread::sleep(Duration::from_millis(100 * (round as u64 % 3)));
            server.restart();
        });
    }
    verify(&Service::start(&folder, &arguments), &sent);
}

/// By document: the newest number that was acknowledged, and the newest that was sent.
type Sent = Mutex<HashMap<String, (u64, u64)>>;

/// Has many write, kills the service, and waits until all have noticed. Meanwhile something else may happen.
fn kill_under_load(service: &Service, round: usize, sent: &Sent, meanwhile: impl FnOnce()) {
    let (killed, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (killed, acknowledged) = (&killed, &acknowledged);
            scope.spawn(move || {
                for number in 0.. {
                    let id = format!("{writer}-{}", number % 5);
                    let number = ((round as u64) << 32) + number + 1;
                    sent.lock().unwrap().entry(id.clone()).or_default().1 = number;
                    let url = format!("http://{}/v1/things/{id}", service.address);
                    match service.agent().put(url).send(document(number)) {
                        Ok(answer) => {
                            let status = answer.status().as_u16();
                            assert!([201, 204].contains(&status), "{status}");
                            sent.lock().unwrap().get_mut(&id).unwrap().0 = number;
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(_) if killed.load(Ordering::SeqCst) => break,
                        Err(error) => panic!("a write failed: {error}"),
                    }
                }
            });
        }
        let some = || acknowledged.load(Ordering::Relaxed) > 2 * WRITERS as u64;
        eventually("writes are acknowledged", some);
        meanwhile();
        thread::sleep(Duration::from_millis(150 + 50 * (round as u64 % 5)));
        killed.store(true, Ordering::SeqCst);
        service.signal("KILL");
    });
}

/// Readers and writers of few documents, behind which the second level is killed again and again: nobody gets an error
/// or a document from before a write that was acknowledged, and the second level is used whenever it is there.
#[test]
fn nobody_notices_that_the_second_level_is_killed() {
    const DOCUMENTS: usize = 24;
    let folder = Folder::new();
    let Some(mut server) = CacheServer::start(&["--max-bytes", "64MiB"]) else { return };
    let service = Service::start(&folder, &["--l2", &server.url(), "--cache-max-bytes", "64KiB"]);
    let numbers: Vec<[AtomicU64; 2]> = (0..DOCUMENTS).map(|_| Default::default()).collect();
    let done = AtomicBool::new(false);
    let hits = || service.metric("fastjson_level2_hits_total");
    thread::scope(|scope| {
        for writer in 0..4 {
            let (numbers, done, service) = (&numbers, &done, &service);
            scope.spawn(move || {
                for number in 1.. {
                    for place in (writer..DOCUMENTS).step_by(4) {
                        if done.load(Ordering::Relaxed) {
                            return;
                        }
                        let [acknowledged, newest] = &numbers[place];
                        newest.store(number, Ordering::SeqCst);
                        let put = service.put(&format!("/v1/things/{place}"), large(number));
                        assert!([201, 204].contains(&put.status), "{put:?}");
                        acknowledged.store(number, Ordering::SeqCst);
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
        for reader in 0..4 {
            let (numbers, done, service) = (&numbers, &done, &service);
            scope.spawn(move || {
                for place in (reader..DOCUMENTS).cycle() {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    let [acknowledged, newest] = &numbers[place];
                    let least = acknowledged.load(Ordering::SeqCst);
                    let got = service.get(&format!("/v1/things/{place}"));
                    if got.status == 404 && least == 0 {
                        continue;
                    }
                    assert_eq!(got.status, 200, "{got:?}");
                    let number = got.json()["number"].as_u64().unwrap();
                    let most = newest.load(Ordering::SeqCst);
                    assert!((least..=most).contains(&number), "{number} of {least}..={most}");
                    assert_eq!(got.text(), large(number));
                }
            });
        }
        // Whatever fails here must let the others end.
        let kills = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..length(4, 20) {
                let before = hits();
                eventually("the second level is in use", || hits() > before + 20);
                server.kill();
                thread::sleep(Duration::from_millis(200 * (round as u64 % 3)));
                server.restart();
            }
        }));
        done.store(true, Ordering::Relaxed);
        kills.unwrap();
    });
    assert!(service.metric("fastjson_level2_failures_total") > 0);
    assert!(service.stop().success());
}

/// So large that a small cache holds few.
fn large(number: u64) -> String {
    format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(6000))
}

/// A document that shows whether it is whole.
fn document(number: u64) -> String {
    format!("{{\"number\":{number},\"text\":\"{}\",\"again\":{number}}}", "x".repeat(500))
}

/// Each document is the last one acknowledged, or one that was sent after it.
fn verify(service: &Service, sent: &Sent) {
    for (id, &(acknowledged, newest)) in &*sent.lock().unwrap() {
        let got = service.get(&format!("/v1/things/{id}"));
        if got.status == 404 && acknowledged == 0 {
            continue;
        }
        assert_eq!(got.status, 200, "{id}");
        let number = got.json()["number"].as_u64().unwrap();
        assert!(
            (acknowledged..=newest).contains(&number),
            "{id}: {number} of {acknowledged}..={newest}"
        );
        assert_eq!(got.text(), document(number));
    }
}

/// Whoever read the log may have ended, as `tee` does on Ctrl-C: that must not cost more than the log.
#[test]
fn a_log_that_nobody_reads_is_in_nobodys_way() {
    let folder = Folder::new();
    let (service, log) = Service::launch(&folder, &["--log", "debug"]);
    drop(log);
    assert_eq!(service.put("/v1/a/b", "{").status, 400);
    assert_eq!(service.put("/v1/a/b", "1").status, 201);
    assert!(service.stop().success());
}
