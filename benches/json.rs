//! The JSON core by itself: serde beside serde_json, texts, and the runs that cross the boundary.
//!
//! Documents are those in the folder json of `TANDEM_DATA`, if that is set, and generated ones otherwise.
//! serde_json reads floats exactly, with its feature float_roundtrip, as this project does.

use std::fmt::{Debug, Write as _};
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::path::Path;
use std::{env, fs, slice};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem::json::decode::DecodeOptions;
use tandem::json::encode::EncodeOptions;
use tandem::json::{self, Shape};

/// A small document with a bit of everything.
const ORDER: &str = concat!(
    r#"{"id":"ord_9f86d081884c7d65","customer":{"id":4711223,"name":"Zoë Almeida","#,
    r#""email":"zoe.almeida@example.com","tags":["business","newsletter"]},"items":[{"#,
    r#""sku":"CHR-0042","name":"Walnut \"Ada\" chair","quantity":2,"price":189.5,"#,
    r#""options":{"color":"oak"}},{"sku":"LMP-1977","name":"Reading lamp","quantity":1,"#,
    r#""price":49.99,"options":{"color":"weiß"}}],"total":428.99,"currency":"EUR","paid":true,"#,
    r#""created":1700000000,"coupon":null,"notes":"Ring twice"}"#
);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: String,
    customer: Customer,
    items: Vec<Item>,
    total: f64,
    currency: String,
    paid: bool,
    created: i64,
    coupon: Option<String>,
    notes: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Customer {
    id: u64,
    name: String,
    email: String,
    tags: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    sku: String,
    name: String,
    quantity: u32,
    price: f64,
    options: std::collections::BTreeMap<String, String>,
}

/// A map: numbers and little else.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Geometry {
    features: Vec<Feature>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Feature {
    geometry: Rings,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Rings {
    coordinates: Vec<Vec<[f64; 2]>>,
}

/// Search results: text, and members that nobody asked for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Search {
    statuses: Vec<Status>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Status {
    id: u64,
    created_at: String,
    text: String,
    truncated: bool,
    retweet_count: u32,
    user: User,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    screen_name: String,
    followers_count: u32,
}

/// Pseudo-random numbers, the same ones each time (Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn geometry() -> String {
    let mut random = Random(1);
    let mut coordinate = || (random.next() >> 11) as f64 / (1u64 << 53) as f64 * 180.0;
    let rings = (0..100)
        .map(|_| (0..40).map(|_| [coordinate(), (coordinate() * 1e6).round() / 1e6]).collect());
    let geometry = Rings { coordinates: rings.collect() };
    serde_json::to_string(&Geometry { features: vec![Feature { geometry }] }).unwrap()
}

fn search() -> String {
    let mut random = Random(2);
    let mut text = String::from("{\n  \"statuses\": [");
    for i in 0..100 {
        let id = random.next() >> 4;
        let separator = if i == 0 { "" } else { "," };
        write!(
            text,
            r#"{separator}
    {{
      "metadata": {{ "result_type": "recent", "iso_language_code": "ja" }},
      "created_at": "Sun Aug 31 00:29:15 +0000 2014",
      "id": {id},
      "id_str": "{id}",
      "text": "@aym0566x \n\n名前:前田あゆみ\n第一印象:なんか怖っ！\n今の印象:とりあえずキモい。 https:\/\/t.co\/{id:x}",
      "truncated": {},
      "user": {{
        "id": {},
        "name": "AYUMI",
        "screen_name": "ayuu0123",
        "description": "元野球部マネージャー❤︎…最高の夏をありがとう…❤︎",
        "followers_count": {},
        "entities": {{ "description": {{ "urls": [] }} }}
      }},
      "retweet_count": {},
      "favorited": false
    }}"#,
            id.is_multiple_of(2),
            id % 1_000_000_007,
            id % 5000,
            id % 10
        )
        .unwrap();
    }
    text + "\n  ]\n}\n"
}

struct Document {
    name: String,
    text: Vec<u8>,
}

impl Document {
    fn new(name: &str, text: impl Into<Vec<u8>>) -> Self {
        Document { name: name.into(), text: text.into() }
    }

    /// The file of that name, or a generated document in its place.
    fn file_or(name: &str, generate: fn() -> String) -> Self {
        match data_folder() {
            Some(folder) => read(&folder.join(name).with_extension("json")),
            None => Document::new(name, generate()),
        }
    }
}

fn data_folder() -> Option<Box<Path>> {
    env::var_os("TANDEM_DATA").map(|folder| Path::new(&folder).join("json").into())
}

fn read(path: &Path) -> Document {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Document::new(&path.file_stem().unwrap().to_string_lossy(), text)
}

fn documents() -> Vec<Document> {
    let mut documents = vec![Document::new("order", ORDER)];
    let Some(folder) = data_folder() else {
        documents.push(Document::new("canada_geometry", geometry()));
        documents.push(Document::new("twitter_status", search()));
        return documents;
    };
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    documents.extend(paths.iter().map(|path| read(path)));
    documents
}

/// Measures a document as a `T`, after both codecs have agreed on it.
fn serde_as<T>(criterion: &mut Criterion, kind: &str, document: &Document)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let text = &*document.text;
    let value: T = serde_json::from_slice(text).unwrap();
    assert_eq!(json::from_slice::<T>(text).unwrap(), value);
    let written = serde_json::to_vec(&value).unwrap();
    assert_eq!(json::to_vec(&value).unwrap(), written);

    let mut group = criterion.benchmark_group(format!("from_slice/{kind}/{}", document.name));
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("tandem", |b| {
        b.iter(|| json::from_slice::<T>(black_box(text)).unwrap());
    });
    group.bench_function("serde_json", |b| {
        b.iter(|| serde_json::from_slice::<T>(black_box(text)).unwrap());
    });
    group.finish();

    let mut group = criterion.benchmark_group(format!("to_vec/{kind}/{}", document.name));
    group.throughput(Throughput::Bytes(written.len() as u64));
    group.bench_function("tandem", |b| b.iter(|| json::to_vec(black_box(&value)).unwrap()));
    group.bench_function("serde_json", |b| {
        b.iter(|| serde_json::to_vec(black_box(&value)).unwrap());
    });
    group.finish();
}

fn serde(criterion: &mut Criterion) {
    serde_as::<Order>(criterion, "struct", &Document::new("order", ORDER));
    serde_as::<Geometry>(criterion, "struct", &Document::file_or("canada_geometry", geometry));
    serde_as::<Search>(criterion, "struct", &Document::file_or("twitter_status", search));
    for document in documents() {
        serde_as::<Value>(criterion, "Value", &document);
    }
}

fn texts(criterion: &mut Criterion) {
    for document in documents() {
        let text = &*document.text;
        let mut group = criterion.benchmark_group(format!("text/{}", document.name));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("valid", |b| b.iter(|| json::valid(black_box(text)).unwrap()));
        let mut out = Vec::new();
        group.bench_function("compact", |b| {
            b.iter(|| {
                out.clear();
                json::compact(black_box(text), &mut out).unwrap();
            });
        });
        group.bench_function("indent", |b| {
            b.iter(|| {
                out.clear();
                json::indent(black_box(text), b"", b"  ", &mut out).unwrap();
            });
        });
        group.finish();
    }
}

/// The kinds of docs/run.md that the shapes below are made of. Numbers are those of nodes.
enum Node {
    Bool,
    Uint,
    Float,
    String,
    Any,
    Array(u32),
    Map(u32),
    Struct(&'static [(&'static str, u32)]),
}

fn shape(nodes: &[Node]) -> Shape {
    let mut bytes = Vec::new();
    let mut words = |words: &[u32], name: &str| {
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(name.bytes());
    };
    words(&[nodes.len() as u32], "");
    for node in nodes {
        match *node {
            Node::Bool => words(&[0, 0, 0, 0], ""),
            Node::Uint => words(&[2, 0, 64, 0], ""),
            Node::Float => words(&[3, 0, 64, 0], ""),
            Node::String => words(&[4, 0, 0, 0], ""),
            Node::Any => words(&[9, 0, 0, 0], ""),
            Node::Array(element) => words(&[10, 0, element, 0], ""),
            Node::Map(element) => words(&[11, 0, element, 0], ""),
            Node::Struct(members) => {
                words(&[12, 0, 0, members.len() as u32], "");
                for (name, node) in members {
                    words(&[*node, 0, name.len() as u32], name);
                }
            }
        }
    }
    Shape::new(&bytes).unwrap()
}

/// The shape of [`Order`].
const ORDER_SHAPE: &[Node] = &[
    Node::Struct(&[
        ("id", 1),
        ("customer", 2),
        ("items", 5),
        ("total", 8),
        ("currency", 1),
        ("paid", 9),
        ("created", 3),
        ("coupon", 1),
        ("notes", 1),
    ]),
    Node::String,
    Node::Struct(&[("id", 3), ("name", 1), ("email", 1), ("tags", 4)]),
    Node::Uint,
    Node::Array(1),
    Node::Array(6),
    Node::Struct(&[("sku", 1), ("name", 1), ("quantity", 3), ("price", 8), ("options", 7)]),
    Node::Map(1),
    Node::Float,
    Node::Bool,
];

/// The shape of [`Geometry`].
const GEOMETRY_SHAPE: &[Node] = &[
    Node::Struct(&[("features", 1)]),
    Node::Array(2),
    Node::Struct(&[("geometry", 3)]),
    Node::Struct(&[("coordinates", 4)]),
    Node::Array(5),
    Node::Array(6),
    Node::Array(7),
    Node::Float,
];

/// The shape of [`Search`].
const SEARCH_SHAPE: &[Node] = &[
    Node::Struct(&[("statuses", 1)]),
    Node::Array(2),
    Node::Struct(&[
        ("id", 3),
        ("created_at", 4),
        ("text", 4),
        ("truncated", 5),
        ("retweet_count", 3),
        ("user", 6),
    ]),
    Node::Uint,
    Node::String,
    Node::Bool,
    Node::Struct(&[("id", 3), ("name", 4), ("screen_name", 4), ("followers_count", 3)]),
];

/// The run of a text, in buffers that are used again.
struct Run {
    words: Box<[MaybeUninit<u64>]>,
    strings: Box<[MaybeUninit<u8>]>,
}

impl Run {
    /// Buffers that are enough for a text of that length.
    fn new(length: usize) -> Self {
        Run { words: Box::new_uninit_slice(length + 8), strings: Box::new_uninit_slice(3 * length) }
    }

    fn decode(&mut self, shape: &Shape, text: &[u8]) -> (usize, usize) {
        let options = DecodeOptions::default();
        json::decode::decode(shape, text, options, &mut self.words, &mut self.strings).unwrap()
    }
}

fn shapes(criterion: &mut Criterion) {
    for (document, nodes) in [
        (Document::new("order", ORDER), ORDER_SHAPE),
        (Document::file_or("canada_geometry", geometry), GEOMETRY_SHAPE),
        (Document::file_or("twitter_status", search), SEARCH_SHAPE),
    ] {
        let shape = shape(nodes);
        let mut run = Run::new(document.text.len());
        let mut group = criterion.benchmark_group(format!("shape/struct/{}", document.name));
        group.throughput(Throughput::Bytes(document.text.len() as u64));
        group.bench_function("decode", |b| {
            b.iter(|| run.decode(black_box(&shape), black_box(&document.text)));
        });
        group.finish();
    }
    // Runs of encoding are not those of decoding, save for values of any kind: behind the head of the first.
    let any = shape(&[Node::Any]);
    for document in documents() {
        let mut run = Run::new(document.text.len());
        let mut group = criterion.benchmark_group(format!("shape/any/{}", document.name));
        group.throughput(Throughput::Bytes(document.text.len() as u64));
        group.bench_function("decode", |b| {
            b.iter(|| run.decode(black_box(&any), black_box(&document.text)));
        });
        let (words, strings) = run.decode(&any, &document.text);
        // SAFETY: decode has filled that many words, and that many bytes.
        let (words, strings) = unsafe {
            (
                slice::from_raw_parts(run.words.as_ptr().cast::<u64>(), words),
                slice::from_raw_parts(run.strings.as_ptr().cast::<u8>(), strings),
            )
        };
        let mut output = Box::new_uninit_slice(6 * document.text.len());
        let mut encode = || {
            let options = EncodeOptions::default();
            json::encode::encode(&any, black_box(&words[1..]), strings, options, &mut output)
                .unwrap()
        };
        group.throughput(Throughput::Bytes(encode() as u64));
        group.bench_function("encode", |b| b.iter(&mut encode));
        group.finish();
    }
}

criterion_group!(benches, serde, texts, shapes);
criterion_main!(benches);
