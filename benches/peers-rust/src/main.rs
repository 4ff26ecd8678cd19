//! This project beside serde_json and sonic-rs: reading documents into structs and into `serde_json::Value`, and
//! writing structs, through serde in all three.
//!
//! Documents are those in the folder json of `TANDEM_DATA`, or only the small one without it. Arguments choose rows by parts
//! of their names. Codecs take turns, in an order that moves on each round; the best round counts, so that a busy minute
//! hits all of them or none.

mod documents;

use std::fmt::Debug;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use documents::{canada, citm, golang, order, synthea, twitter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const CODECS: [&str; 3] = ["tandem", "serde_json", "sonic-rs"];
const ROUNDS: usize = 12;
const TURN: Duration = Duration::from_millis(25);

/// One codec's work on a document.
type Work<'a> = Box<dyn FnMut() + 'a>;

fn main() {
    println!(
        "{:24} {:>12} {:>12} {:>12}   times as fast as",
        "MB/s", CODECS[0], CODECS[1], CODECS[2]
    );
    let mut table = Table { filters: env::args().skip(1).collect(), ratios: Vec::new() };
    for operation in ["decode", "decode-value", "encode", "encode-value"] {
        table.document::<order::Order>(operation, "order", order::TEXT.as_bytes());
        if let Some(folder) = env::var_os("TANDEM_DATA") {
            let read = |name: &str| {
                let path = Path::new(&folder).join("json").join(name).with_extension("json");
                fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            };
            table.document::<twitter::Twitter>(operation, "twitter", &read("twitter_status"));
            table.document::<citm::Citm>(operation, "citm", &read("citm_catalog"));
            table.document::<canada::Canada>(operation, "canada", &read("canada_geometry"));
            table.document::<golang::Golang>(operation, "golang", &read("golang_source"));
            table.document::<synthea::Synthea>(operation, "synthea", &read("synthea_fhir"));
        }
        table.summary(operation);
    }
}

struct Table {
    filters: Vec<String>,
    /// Of the operation's documents: how many times as fast as each peer.
    ratios: Vec<[f64; 2]>,
}

impl Table {
    fn document<T>(&mut self, operation: &str, name: &str, text: &[u8])
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let row = format!("{operation}/{name}");
        if !self.filters.is_empty() && !self.filters.iter().any(|filter| row.contains(&**filter)) {
            return;
        }
        match operation {
            "decode" => self.row(&row, text.len(), decode::<T>(text)),
            "decode-value" => self.row(&row, text.len(), decode::<Value>(text)),
            "encode" => self.encode::<T>(&row, text),
            _ => self.encode::<Value>(&row, text),
        }
    }

    fn encode<T: Serialize + DeserializeOwned + PartialEq>(&mut self, row: &str, text: &[u8]) {
        let value: T = serde_json::from_slice(text).unwrap();
        let written = serde_json::to_vec(&value).unwrap().len();
        self.row(row, written, encode(&value));
    }

    fn row(&mut self, name: &str, bytes: usize, works: [Work; 3]) {
        let speeds = fastest(works).map(|seconds| bytes as f64 / seconds / 1e6);
        let ratios = [speeds[0] / speeds[1], speeds[0] / speeds[2]];
        print(name, speeds.map(|speed| format!("{speed:.0}")), ratios);
        self.ratios.push(ratios);
    }

    fn summary(&mut self, operation: &str) {
        let ratios = std::mem::take(&mut self.ratios);
        let column = |peer: usize| ratios.iter().map(move |ratios| ratios[peer]);
        let mean = |peer| (column(peer).map(f64::ln).sum::<f64>() / ratios.len() as f64).exp();
        let worst = |peer| column(peer).fold(f64::INFINITY, f64::min);
        if ratios.len() > 1 {
            print(&format!("{operation}, mean"), Default::default(), [mean(0), mean(1)]);
            print(&format!("{operation}, worst"), Default::default(), [worst(0), worst(1)]);
        }
    }
}

fn print(name: &str, [own, first, second]: [String; 3], [serde_json, sonic]: [f64; 2]) {
    println!(
        "{name:24} {own:>12} {first:>12} {second:>12}   serde_json {serde_json:.2}, sonic-rs {sonic:.2}"
    );
}

/// Readers of `text`, which all find the same value.
fn decode<'a, T: DeserializeOwned + PartialEq + Debug>(text: &'a [u8]) -> [Work<'a>; 3] {
    let value: T = serde_json::from_slice(text).unwrap();
    assert!(tandem::json::from_slice::<T>(text).unwrap() == value, "tandem reads another value");
    assert!(sonic_rs::from_slice::<T>(text).unwrap() == value, "sonic-rs reads another value");
    [
        Box::new(|| drop(black_box(tandem::json::from_slice::<T>(black_box(text)).unwrap()))),
        Box::new(|| drop(black_box(serde_json::from_slice::<T>(black_box(text)).unwrap()))),
        Box::new(|| drop(black_box(sonic_rs::from_slice::<T>(black_box(text)).unwrap()))),
    ]
}

/// Writers of `value`. sonic-rs prints some floats in another form, which reads back as the same value.
fn encode<'a, T: Serialize + DeserializeOwned + PartialEq>(value: &'a T) -> [Work<'a>; 3] {
    let text = serde_json::to_vec(value).unwrap();
    assert!(tandem::json::to_vec(value).unwrap() == text, "tandem writes another text");
    let sonic = sonic_rs::to_vec(value).unwrap();
    assert!(
        serde_json::from_slice::<T>(&sonic).unwrap() == *value,
        "sonic-rs writes another value"
    );
    [
        Box::new(|| drop(black_box(tandem::json::to_vec(black_box(value)).unwrap()))),
        Box::new(|| drop(black_box(serde_json::to_vec(black_box(value)).unwrap()))),
        Box::new(|| drop(black_box(sonic_rs::to_vec(black_box(value)).unwrap()))),
    ]
}

/// The seconds that each work takes in its best round.
fn fastest(mut works: [Work; 3]) -> [f64; 3] {
    let repeats = works.each_mut().map(|work| {
        let start = Instant::now();
        work();
        (TURN.as_secs_f64() / start.elapsed().as_secs_f64().max(1e-7)).ceil() as u32
    });
    let mut best = [f64::INFINITY; 3];
    for round in 0..ROUNDS {
        for turn in 0..works.len() {
            let codec = (round + turn) % works.len();
            works[codec]();
            let start = Instant::now();
            (0..repeats[codec]).for_each(|_| works[codec]());
            let seconds = start.elapsed().as_secs_f64() / f64::from(repeats[codec]);
            best[codec] = best[codec].min(seconds);
        }
    }
    best
}
