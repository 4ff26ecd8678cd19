//! Runs the service, and the cache server that may be behind it, as processes of their own, as their users do.
#![allow(dead_code, reason = "each program of tests uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, waitpid};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response};

/// A number for the short form of tests, or for the full one, which TANDEM_SERVICES=full asks for.
pub fn length(short: usize, full: usize) -> usize {
    if std::env::var_os("TANDEM_SERVICES").is_some_and(|it| it == "full") { full } else { short }
}

/// Waits until something is so. That it never is so is what fails a test, not how long it takes.
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if is() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not come to this: {what}");
}

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
        let (service, mut log) = Self::launch(folder, arguments);
        // Nobody may wait for a log that nobody reads.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        service
    }

    /// Starts, and gives the rest of the log.
    pub fn launch(folder: &Folder, arguments: &[&str]) -> (Self, BufReader<ChildStderr>) {
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
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)));
        (Service { child, address, agent: config.build().into() }, log)
    }

    pub fn command(folder: &Folder, arguments: &[&str]) -> Command {
        // With as many files as a process may open where nobody has asked for more.
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -Sn 1024 && exec \"$0\" \"$@\""]);
        // The program as it is installed, where TANDEM_FASTJSON_API names it, and not as it was built for tests.
        let program = std::env::var_os("TANDEM_FASTJSON_API");
        command.arg(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_fastjson-api").into()));
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

    /// A number of the service's metrics.
    pub fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics");
        let line = metrics.text().lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The client, for threads that send requests of their own.
    pub fn agent(&self) -> Agent {
        self.agent.clone()
    }

    /// Sends a signal, such as KILL.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
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

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}

/// A running rust-cache-server. It is killed when it is dropped.
pub struct CacheServer {
    program: PathBuf,
    arguments: Vec<String>,
    child: Child,
    /// Where it speaks Redis' protocol, and where HTTP.
    pub address: SocketAddr,
    pub http: SocketAddr,
}

impl CacheServer {
    /// Starts the program that TANDEM_CACHE_SERVER names; None, and a line that says so, if it names none.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("TANDEM_CACHE_SERVER") else {
            eprintln!("skipped: TANDEM_CACHE_SERVER names no program");
            return None;
        };
        let program = PathBuf::from(program);
        let arguments: Vec<_> = arguments.iter().map(|&it| it.to_owned()).collect();
        // Ports that no client gets while the server is away, which those have that the system chooses.
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        for _ in 0..1000 {
            let number = NEXT.fetch_add(2, Ordering::Relaxed);
            let port = 10_000 + (std::process::id() as usize * 64 + number) % 20_000;
            let [address, http] =
                [port, port + 1].map(|port| SocketAddr::from(([127, 0, 0, 1], port as u16)));
            if let Ok(child) = Self::launch(&program, &arguments, address, http) {
                return Some(CacheServer { program, arguments, child, address, http });
            }
        }
        panic!("no port is free");
    }

    /// Gives what it wrote if it ends at once.
    fn launch(
        program: &Path,
        arguments: &[String],
        address: SocketAddr,
        http: SocketAddr,
    ) -> Result<Child, String> {
        let mut command = Command::new(program);
        command.args(["--addr", &address.to_string(), "--http", &http.to_string()]);
        command.args(arguments).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|it| panic!("{}: {it}", program.display()));
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        loop {
            let before = seen.len();
            if log.read_line(&mut seen).unwrap() == 0 {
                let _ = child.wait();
                return Err(seen);
            }
            if seen[before..].contains("listening for Redis's protocol") {
                break;
            }
        }
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(child)
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again where it was, after it was killed.
    pub fn restart(&mut self) {
        let child = Self::launch(&self.program, &self.arguments, self.address, self.http);
        self.child = child.unwrap();
    }

    /// Stops it until [`Self::resume`]. The signal alone may come late: each of its threads goes on until it is scheduled.
    pub fn pause(&self) {
        signal(&self.child, "STOP");
        let status = waitpid(Some(Pid::from_child(&self.child)), WaitOptions::UNTRACED).unwrap();
        assert!(status.is_some_and(|(_, status)| status.stopped()));
    }

    pub fn resume(&self) {
        signal(&self.child, "CONT");
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }
}

impl Drop for CacheServer {
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
