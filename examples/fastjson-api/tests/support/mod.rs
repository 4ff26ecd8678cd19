//! Runs the service as a process of its own, as its users do.
#![allow(dead_code, reason = "each program of tests uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

/// A folder that is removed in the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("fastjson-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running service. It is killed when it is dropped.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    agent: Agent,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Service {
    /// Starts on the database of a folder, at a port that is free.
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut child = Self::command(folder, arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "did not start: {seen}");
            if let Some((_, address)) = line.trim_end().split_once("serving http://") {
                break address.parse().unwrap();
            }
            seen += &line;
        };
        // Nobody may wait for a log that nobody reads.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)));
        Service { child, address, agent: config.build().into() }
    }

    pub fn command(folder: &Folder, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fastjson-api"));
        let db = format!("sqlite://{}", folder.path().join("data/test.db").display());
        command.args(["--addr", "127.0.0.1:0", "--workers", "2", "--db", &db]).args(arguments);
        command
    }

    pub fn request(&self, method: &str, path: &str) -> Exchange<'_> {
        let url = format!("http://{}{path}", self.address);
        let request = Request::builder().method(method).uri(url);
        Exchange { agent: &self.agent, request, body: None }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().unwrap()
    }

    pub fn put(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.request("PUT", path).body(body).send().unwrap()
    }

    /// A connection on which a test writes what it likes.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// Writes to a connection of its own, and reads what comes until the service closes it.
    pub fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // A service that has refused may have closed the connection already.
        let _ = stream.write_all(request);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// The client, for threads that send requests of their own.
    pub fn agent(&self) -> Agent {
        self.agent.clone()
    }

    /// Sends a signal, such as KILL.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request that is being put together.
pub struct Exchange<'a> {
    agent: &'a Agent,
    request: ureq::http::request::Builder,
    body: Option<Vec<u8>>,
}

impl Exchange<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub fn send(self) -> Result<Answer, ureq::Error> {
        let response = match self.body {
            Some(body) => self.agent.run(self.request.body(body).unwrap()),
            None => self.agent.run(self.request.body(()).unwrap()),
        };
        let (head, mut body): (_, ureq::Body) = Response::into_parts(response?);
        let body = body.with_config().limit(1 << 30).read_to_vec()?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}
