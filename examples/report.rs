//! Reads a log of requests, one JSON object a line, and writes a report on its routes as JSON.
//!
//! ```text
//! $ cargo run --release --example report access.ndjson
//! $ tail -n 10000 access.ndjson | cargo run --release --example report
//! ```
//!
//! A line is such as `{"route":"GET /products","status":200,"ms":1.25}`; other members are ignored. Lines that
//! are not so are named on standard error and left out, and the exit code is 1.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use tandem::json;

/// A line of the log. The route is borrowed from it unless it holds escapes.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    route: Cow<'a, str>,
    status: u16,
    ms: f64,
}

#[derive(Serialize)]
struct Report {
    requests: usize,
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
    let (mut requests, mut invalid) = (0, 0);
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
    Ok(Report { requests, invalid, routes })
}

fn write(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    json::to_writer_pretty(&mut out, report).map_err(io::Error::other)?;
    out.write_all(b"\n")
}
