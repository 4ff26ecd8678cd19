//! What is acknowledged outlives the process.

mod support;

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use support::{Folder, Service};

const WRITERS: usize = 32;
const ROUNDS: usize = 4;

#[test]
fn acknowledged_writes_survive_kill_9() {
    let folder = Folder::new();
    // By writer and document: the newest number that was acknowledged, and the newest that was sent.
    let sent: Mutex<HashMap<String, (u64, u64)>> = Mutex::default();
    for round in 0..ROUNDS {
        let service = Service::start(&folder, &[]);
        verify(&service, &sent.lock().unwrap());
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (service, sent) = (&service, &sent);
                let (agent, address) = (service.agent(), service.address);
                scope.spawn(move || {
                    for number in 0.. {
                        let id = format!("{writer}-{}", number % 5);
                        let number = ((round as u64) << 32) + number + 1;
                        sent.lock().unwrap().entry(id.clone()).or_default().1 = number;
                        let url = format!("http://{address}/v1/things/{id}");
                        match agent.put(url).send(document(number)) {
                            Ok(answer) => {
                                let status = answer.status().as_u16();
                                assert!([201, 204].contains(&status), "{status}");
                                sent.lock().unwrap().get_mut(&id).unwrap().0 = number;
                            }
                            Err(_) => break, // killed
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(400 + 150 * round as u64));
            service.signal("KILL");
        });
    }
    let sent = sent.into_inner().unwrap();
    assert!(sent.values().filter(|(acknowledged, _)| *acknowledged > 0).count() >= WRITERS);
    verify(&Service::start(&folder, &[]), &sent);
}

/// A document that shows whether it is whole.
fn document(number: u64) -> String {
    format!("{{\"number\":{number},\"text\":\"{}\",\"again\":{number}}}", "x".repeat(500))
}

/// Each document is the last one acknowledged, or one that was sent after it.
fn verify(service: &Service, sent: &HashMap<String, (u64, u64)>) {
    for (id, &(acknowledged, newest)) in sent {
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
