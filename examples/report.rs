//! Reads a log of requests, one JSON object a line, and writes a report on its routes as JSON.
//!
//! ```text
//! $ cargo run --release --example report access.ndjson
//! $ tail -n 10000 access.ndjson | cargo run --release --example report
//! ```
//!
//! A line is such as `{"id":"7f3a","route":"GET /products","status":200,"ms":1.25}`; other members are ignored. Lines
//! that are not so are named on standard error and left out, and the exit code is 1. Logs are often delivered more
//! than once: a line with the `id` of an earlier one is left out as well, as far back as 16 MiB of memory reach.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use tandem::cache::{Cache, Options};
use tandem::json;

/// A line of the log. Strings are borrowed from it unless they hold escapes.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    route: Cow<'a, str>,
    status: u16,
    ms: f64,
}

#[derive(Serialize)]
struct Report {
    requests: usize,
    repeated: usize,
    invalid: usize,
    /// The routes on which most time was spent come first.
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Route {
    route: String,
    requests: usize,
    errors: usize,
    total_ms: f64,
    median_ms: f64,
    p99_ms: f64,
}

/// The requests to a route so far.
#[derive(Default)]
struct Tally {
    /// Answers with a status of 500 and more.
    errors: usize,
    times: Vec<f64>,
}

impl Tally {
    fn add(&mut self, request: &Request) {
        self.errors += usize::from(request.status >= 500);
        self.times.push(request.ms);
    }

    fn summary(mut self, route: String) -> Route {
        self.times.sort_by(f64::total_cmp);
        let last = self.times.len() - 1; // a route is there because of a request
        let at = |share: f64| self.times[(last as f64 * share).round() as usize];
        Route {
            route,
            requests: self.times.len(),
            errors: self.errors,
            total_ms: self.times.iter().sum(),
            median_ms: at(0.5),
            p99_ms: at(0.99),
        }
    }
}

/// The latest ids, as many as fit into a fixed amount of memory.
struct Seen(Cache);

impl Seen {
    fn new() -> io::Result<Self> {
        let options = Options { max_bytes: 16 << 20, ..Options::default() };
        Cache::new(options).map(Seen).map_err(io::Error::other)
    }

    /// Tells whether `id` was seen before, and notes that it is now.
    fn note(&self, id: &str) -> io::Result<bool> {
        let seen = self.0.get(id.as_bytes()).is_some();
        if !seen {
            self.0.set(id.as_bytes(), b"").map_err(io::Error::other)?;
        }
        Ok(seen)
    }
}

fn main() -> ExitCode {
    let path = env::args_os().nth(1);
    let name = path.as_ref().map_or("<stdin>".into(), |path| path.to_string_lossy());
    let report = match &path {
        Some(path) => File::open(path).and_then(|file| read(&name, BufReader::new(file))),
        None => read(&name, io::stdin().lock()),
    };
    match report.and_then(|report| write(&report).map(|()| report.invalid)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("report: {name}: {error}");
            ExitCode::from(2)
        }
    }
}

/// Reads a log; `name` is what errors call it.
fn read(name: &str, mut log: impl BufRead) -> io::Result<Report> {
    let (mut requests, mut repeated, mut invalid) = (0, 0, 0);
    let seen = Seen::new()?;
    let mut routes: BTreeMap<String, Tally> = BTreeMap::new();
    let mut line = Vec::new();
    for record in 1.. {
        line.clear();
        if log.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let request: Request = match json::from_slice(&line) {
            Ok(request) => request,
            Err(error) => {
                eprintln!("report: {name}: record {record}: {error}");
                invalid += 1;
                continue;
            }
        };
        if request.id.as_deref().map_or(Ok(false), |id| seen.note(id))? {
            repeated += 1;
            continue;
        }
        requests += 1;
        // Only a new route is copied.
        let tally = match routes.get_mut(&*request.route) {
            Some(tally) => tally,
            None => routes.entry(request.route.to_string()).or_default(),
        };
        tally.add(&request);
    }
    let mut routes: Vec<_> =
        routes.into_iter().map(|(route, tally)| tally.summary(route)).collect();
    routes.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
    Ok(Report { requests, repeated, invalid, routes })
}

fn write(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    json::to_writer_pretty(&mut out, report).map_err(io::Error::other)?;
    out.write_all(b"\n")
}
