//! No operation reads before or behind the text that it is given, or writes outside of the buffers that it is lent: here
//! they end and begin at pages that must not be touched, where a single byte too far ends the process. What is around a text
//! must not change what is found in it, either. All kernels of this processor are tried.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::path::Path;
use std::{env, fs, ptr, slice};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::decode::{self, DecodeError, DecodeOptions, Progress};
use super::encode::{self, EncodeOptions};
use super::sink::Lent;
use super::stream::Scanner;
use super::strict::{self, Strictness};
use super::{Deserializer, Document, Position, RawValue, Shape, Value, index, tape, text};

/// Memory between two pages that must not be touched.
pub(crate) struct Guarded {
    start: *mut u8,
    length: usize,
}

const PAGE: usize = 1 << 16; // the largest that Linux has

#[cfg(miri)]
impl Guarded {
    /// Miri sees by itself what is touched beyond an allocation, and has no pages.
    pub(crate) fn new(room: usize) -> Self {
        let length = room.max(1).next_multiple_of(size_of::<u64>());
        // SAFETY: the layout has a size above 0.
        let start = unsafe { std::alloc::alloc_zeroed(Self::layout(length)) };
        assert!(!start.is_null());
        Guarded { start, length }
    }

    fn layout(length: usize) -> std::alloc::Layout {
        std::alloc::Layout::from_size_align(length, PAGE).unwrap()
    }
}

#[cfg(miri)]
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`, and borrowed by nobody.
        unsafe { std::alloc::dealloc(self.start, Self::layout(self.length)) };
    }
}

#[cfg(not(miri))]
impl Guarded {
    pub(crate) fn new(room: usize) -> Self {
        let length = room.max(1).next_multiple_of(PAGE);
        // SAFETY: new memory, of which the pages in between are made accessible.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let pages =
                libc::mmap(ptr::null_mut(), length + 2 * PAGE, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(pages, libc::MAP_FAILED);
            let start = pages.byte_add(PAGE);
            assert_eq!(libc::mprotect(start, length, libc::PROT_READ | libc::PROT_WRITE), 0);
            Guarded { start: start.cast(), length }
        }
    }
}

#[cfg(not(miri))]
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and borrowed by nobody.
        unsafe { libc::munmap(self.start.byte_sub(PAGE).cast(), self.length + 2 * PAGE) };
    }
}

impl Guarded {
    fn all(&mut self) -> &mut [u8] {
        // SAFETY: readable and writable, and zeroed when it was made.
        unsafe { slice::from_raw_parts_mut(self.start, self.length) }
    }

    /// A copy of `text` that ends where the memory does.
    pub(crate) fn at_end(&mut self, text: &[u8]) -> &[u8] {
        let start = self.length - text.len();
        let place = &mut self.all()[start..];
        place.copy_from_slice(text);
        place
    }

    /// A copy of `text` that begins where the memory does.
    pub(crate) fn at_start(&mut self, text: &[u8]) -> &[u8] {
        let place = &mut self.all()[..text.len()];
        place.copy_from_slice(text);
        place
    }

    /// Room for `count` elements that ends where the memory does.
    fn room<T: Copy>(&mut self, count: usize) -> &mut [MaybeUninit<T>] {
        let start = self.length - count * size_of::<T>();
        let bytes = &mut self.all()[start..];
        // SAFETY: any bytes are elements that may not be initialised; the end is aligned for words, and so is the start.
        unsafe { slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), count) }
    }
}

thread_local! {
    static BASELINE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is to do without what not every processor of the kind has.
#[cfg(target_arch = "x86_64")]
pub(crate) fn baseline() -> bool {
    BASELINE.get()
}

/// Has this thread do without, or not.
pub(crate) fn set_baseline(baseline: bool) {
    BASELINE.set(baseline);
}

/// A shape that has every kind of node.
fn shape() -> Shape {
    // Kind, flags, a and b.
    const KINDS: [[u32; 4]; 20] = [
        [12, 0, 0, 20],
        [0, 0, 0, 0],
        [1, 0, 64, 0],
        [2, 0, 8, 0],
        [3, 0, 64, 0],
        [3, 0, 32, 0],
        [4, 0, 0, 0],
        [5, 0, 0, 0],
        [6, 0, 0, 0],
        [7, 0, 0, 0],
        [8, 0, 0, 0],
        [9, 0, 0, 0],
        [10, 0, 4, 0],
        [10, 0, 0, 0],
        [11, 0, 11, 0],
        [11, 0, 6, 64],
        [13, 0, 0, 0],
        [1, 1, 64, 0],
        [14, 0, 0, 0],
        [10, 0, 12, 0],
    ];
    let mut bytes = Vec::new();
    let mut words = |words: &[u32]| bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    words(&[KINDS.len() as u32]);
    words(&KINDS[0]);
    let names = (1..KINDS.len()).map(|node| (node, format!("{node}")));
    let long = "a name of more than sixteen bytes".to_owned();
    let named: Vec<_> = names.chain([(6, long)]).collect();
    let mut description = Vec::new();
    for (node, name) in &named {
        description.extend((*node as u32).to_le_bytes());
        description.extend(1_u32.to_le_bytes());
        description.extend((name.len() as u32).to_le_bytes());
        description.extend(name.bytes());
    }
    bytes.extend(description);
    bytes.extend(KINDS[1..].iter().flatten().flat_map(|word| word.to_le_bytes()));
    Shape::new(&bytes).unwrap()
}

fn shape_of(kind: u32) -> Shape {
    let words = [1, kind, 0, 0, 0];
    Shape::new(&words.map(u32::to_le_bytes).concat()).unwrap()
}

/// What serde looks at differently from a value of any kind.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "shown")]
struct Typed<'a> {
    #[serde(borrow, rename = "9")]
    raw: Option<&'a RawValue>,
    #[serde(borrow, rename = "6")]
    text: Option<&'a str>,
    #[serde(rename = "4")]
    float: Option<f64>,
    #[serde(rename = "2")]
    int: Option<i64>,
}

/// Everything that is done with texts, and its buffers.
struct Operations {
    shapes: [Shape; 2],
    string: Shape,
    raw: Shape,
    words: Guarded,
    strings: Guarded,
    run_strings: Guarded,
    output: Guarded,
}

impl Operations {
    fn new(longest: usize) -> Self {
        Operations {
            shapes: [shape(), shape_of(9)],
            string: shape_of(4),
            raw: shape_of(7),
            words: Guarded::new(16 * longest + 128),
            strings: Guarded::new(3 * longest),
            run_strings: Guarded::new(3 * longest),
            output: Guarded::new(6 * longest + 64),
        }
    }

    /// What they find, in words.
    fn run(&mut self, input: &[u8]) -> Vec<String> {
        let mut found = vec![];
        let mut out = Vec::new();
        found.push(format!("{:?}", text::valid(input)));
        found.push(format!("{:?}", text::compact(input, &mut out)));
        found.push(format!("{:?}", text::indent(input, b">", b"\t", &mut out)));
        found.push(format!("{:?}", text::html_escape(input, &mut out)));
        found.push(format!("{:?}", text::compact_to(input, true, &mut out)));
        found.push(out.escape_ascii().to_string());
        // As much as is needed, and less: what does not fit is counted, and not written.
        for room in [input.len(), input.len() / 2] {
            let mut lent = Lent::new(self.output.room(room));
            found.push(format!("{:?}", text::compact_to(input, false, &mut lent)));
            let mut lent = Lent::new(self.output.room(room));
            found.push(format!("{:?}", text::indent_to(input, b"", b" ", &mut lent)));
            let mut lent = Lent::new(self.output.room(room));
            found.push(format!("{:?}", text::html_escape_to(input, &mut lent)));
            found.push(format!("{}", lent.length()));
        }
        found.push(self.scan(input, input.len()));
        found.push(self.scan(input, 7));
        let strictness = Strictness { unique_names: true, utf8: true, max_depth: 100 };
        found.push(format!("{:?}", strict::check(input, strictness)));
        found.push(format!("{:?}", Position::of(input, input.len())));
        self.runs(input, &mut found);
        self.parts(input, &mut found);
        self.encoding(input, &mut found);

        let document = Document::parse(input);
        found.push(match &document {
            Ok(document) => {
                let mut read = String::new();
                visit(document.root(), &mut read);
                read
            }
            Err(error) => format!("{error:?}"),
        });
        let (all, most) = tape::capacities(input);
        for capacity in [all, most.min(all), 2] {
            let length = tape::write(input, self.words.room(capacity));
            found.push(format!("{:?}", length.ok()));
        }
        let value = super::from_slice::<serde_json::Value>(input);
        found.push(format!("{:?}", value.map_err(|error| error.to_string())));
        let typed = super::from_slice::<Typed>(input);
        found.push(format!("{:?}", typed.map_err(|error| error.to_string())));
        for value in Deserializer::from_slice(input).into_iter::<IgnoredAny>() {
            found.push(format!("{:?}", value.map_err(|error| error.to_string())));
        }
        found
    }

    fn scan(&mut self, input: &[u8], piece: usize) -> String {
        let mut scanner = Scanner::default();
        let mut results = input.chunks(piece.max(1)).map(|piece| scanner.scan(piece)).enumerate();
        format!("{:?}", results.find(|(_, result)| *result != Ok(None)))
    }

    /// Decodes with each shape and several sizes of buffers, and encodes what was decoded.
    fn runs(&mut self, input: &[u8], found: &mut Vec<String>) {
        let options = DecodeOptions::default();
        for (number, shape) in self.shapes.iter().enumerate() {
            let (all_words, all_strings) = (input.len() + 8, 3 * input.len());
            let (words, strings) = (self.words.room(all_words), self.strings.room(all_strings));
            let result = decode::decode_indexed::<false>(shape, input, options, words, strings);
            let indexed = written(result, words, strings);
            let result = decode::decode(shape, input, options, words, strings);
            let run = written(result, words, strings);
            assert_eq!(run.ok(), indexed.ok(), "{}", input.escape_ascii());
            assert_ne!(result, Err(DecodeError::Full), "{}", input.escape_ascii());
            found.push(format!("{result:?}"));
            let Ok((word_count, string_count)) = result else { continue };
            // SAFETY: so many were written.
            let (words, strings) = unsafe {
                (
                    slice::from_raw_parts(words.as_ptr().cast::<u64>(), word_count).to_vec(),
                    slice::from_raw_parts(strings.as_ptr().cast::<u8>(), string_count).to_vec(),
                )
            };
            found.push(format!("{words:?} {}", strings.escape_ascii()));
            let borrowing = DecodeOptions { borrow: true, use_number: true, ..options };
            let (places, copied) = (self.words.room(all_words), self.strings.room(string_count));
            let result = decode::decode(shape, input, borrowing, places, copied);
            found.push(format!("{result:?}"));
            let counting = DecodeOptions { count: true, ..options };
            let (counted, copied) = (self.words.room(all_words), self.strings.room(all_strings));
            let result = decode::decode(shape, input, counting, counted, copied);
            assert_eq!(result, Ok((word_count + 2, string_count)), "{}", input.escape_ascii());
            for (word_count, string_count) in [
                (word_count, string_count),
                (word_count - 1, string_count),
                (word_count, string_count.saturating_sub(1)),
                (word_count / 2, string_count / 2),
            ] {
                let (words, strings) =
                    (self.words.room(word_count), self.strings.room(string_count));
                found.push(format!("{:?}", decode::decode(shape, input, options, words, strings)));
            }
            if number == 1 {
                let strings = self.run_strings.at_end(&strings);
                for room in [6 * input.len() + 2, input.len(), input.len() / 2] {
                    let output = self.output.room(room);
                    let options = EncodeOptions { escape_html: true, ..EncodeOptions::default() };
                    let result = encode::encode(shape, &words[1..], strings, options, output);
                    found.push(format!("{result:?}"));
                }
            }
        }
        for commas in [false, true] {
            let (words, strings) =
                (self.words.room(2 * input.len() + 16), self.strings.room(3 * input.len()));
            let shape = &self.shapes[1];
            let result = decode::decode_values(shape, input, options, commas, 9, words, strings);
            found.push(format!("{result:?}"));
        }
    }

    /// Decodes the first half, and goes on with all of it, or that with another half.
    fn parts(&mut self, input: &[u8], found: &mut Vec<String>) {
        let (half, rest) = input.split_at(input.len() / 2);
        for text in [input, half, &[half, b"]", rest].concat()[..input.len()]] {
            for shape in &self.shapes {
                let mut progress = Progress::default();
                let mut decode = |text: &[u8], room| {
                    let (words, strings) = (self.words.room(room), self.strings.room(3 * room));
                    // SAFETY: what was written is where it was if there is as much room, and elsewhere something else was written.
                    let result = unsafe {
                        let options = DecodeOptions::default();
                        decode::decode_part(shape, text, options, &mut progress, words, strings)
                    };
                    found.push(format!("{result:?} {}", progress.at));
                };
                decode(half, input.len() + 8);
                decode(text, input.len() + 8);
                decode(half, input.len() / 4);
                decode(half, input.len() / 2);
                decode(text, input.len() + 8);
            }
        }
    }

    /// The input as the value of a string, and as a part that is already JSON.
    fn encoding(&mut self, input: &[u8], found: &mut Vec<String>) {
        for escape_html in [false, true] {
            let options = EncodeOptions { escape_html, ..EncodeOptions::default() };
            for shape in [&self.string, &self.raw] {
                let words = [input.len() as u64];
                let output = self.output.room(6 * input.len() + 2);
                let result = encode::encode(shape, &words, input, options, output);
                found.push(format!("{result:?}"));
                let Ok(length) = result else { continue };
                // SAFETY: so many were written.
                let written =
                    unsafe { slice::from_raw_parts(output.as_ptr().cast::<u8>(), length) };
                found.push(written.escape_ascii().to_string());
                // With the room that is needed, and a little less.
                for less in [0, 1, 2, 17, 33] {
                    let output = self.output.room(length.saturating_sub(less));
                    let result = encode::encode(shape, &words, input, options, output);
                    found.push(format!("{result:?}"));
                }
            }
        }
    }
}

/// A run, if there is one.
fn written(
    result: Result<(usize, usize), DecodeError>,
    words: &[MaybeUninit<u64>],
    strings: &[MaybeUninit<u8>],
) -> Result<(Vec<u64>, Vec<u8>), DecodeError> {
    result.map(|(word_count, string_count)| {
        // SAFETY: so many were written.
        unsafe {
            (
                slice::from_raw_parts(words.as_ptr().cast(), word_count).to_vec(),
                slice::from_raw_parts(strings.as_ptr().cast(), string_count).to_vec(),
            )
        }
    })
}

/// Reads all that can be read of a value.
fn visit(value: Value, read: &mut String) {
    *read += &format!("{:?} {:?} {:?}", value.kind(), value.as_f64(), value.as_str());
    *read += &format!("{:?} {:?} {:?};", value.as_i64(), value.as_u64(), value.span());
    value.elements().for_each(|element| visit(element, read));
    for (name, member) in value.members() {
        *read += &name;
        visit(member, read);
    }
}

/// Runs everything over a text where memory begins and where it ends, and between other bytes of which its tokens could go on.
fn check(operations: &mut Operations, guarded: &mut Guarded, input: &[u8]) {
    const AROUND: [(&[u8], &[u8]); 3] =
        [(b"\"\\", b"\"5"), (b"[1", b"0.5e1]}"), (b"{ ", b",\\u12\"")];
    let (before, behind) = AROUND[input.len() % 3];
    let around = [before, input, behind].concat();
    let want = operations.run(&around[before.len()..][..input.len()]);
    assert!(operations.run(guarded.at_end(input)) == want, "{}", input.escape_ascii());
    assert!(operations.run(guarded.at_start(input)) == want, "{}", input.escape_ascii());
}

/// Checks texts of at most `longest` bytes with every kernel, and without what not every processor has.
fn check_all<'a>(longest: usize, inputs: impl Fn() -> Box<dyn Iterator<Item = Vec<u8>> + 'a>) {
    let (mut operations, mut guarded) = (Operations::new(longest), Guarded::new(longest));
    index::with_each_kernel(|baseline| {
        BASELINE.set(baseline);
        inputs().for_each(|input| check(&mut operations, &mut guarded, &input));
        BASELINE.set(false);
    });
}

/// Whole texts, right and wrong, of the kinds that JSONTestSuite has.
const TEXTS: &[&[u8]] = &[
    b"",
    b" ",
    b"\xEF\xBB\xBF1",
    b"[",
    b"]",
    b"{",
    b"[]",
    b"{}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"[1,",
    b"[1]x",
    b"{\"a\"",
    b"{\"a\":",
    b"{\"a\":1",
    b"{\"6\":\"x\",\"6\"",
    b"0",
    b"-",
    b"-0",
    b"01",
    b"1.",
    b"1.5",
    b"1e",
    b"1e+",
    b"1E-5",
    b"123456789012345678901234567890",
    b"0.30000000000000000000000000000000000000004",
    b"1.7976931348623157e308",
    b"9007199254740993.0000000000000000000000000001",
    b"5e-324",
    b"1e400",
    b"18446744073709551615",
    b"-9223372036854775808",
    b"t",
    b"tru",
    b"true",
    b"truer",
    b"fals",
    b"false",
    b"nul",
    b"null",
    b"\"",
    b"\"\\",
    b"\"\\u",
    b"\"\\u12",
    b"\"\\u0041",
    b"\"\\ud834\\u",
    b"\"\\ud834\\udd1e\"",
    b"\"\\\"",
    b"\"a\"",
    b"\"\xE2\x80",
    b"\"\xE2\x80\xA8\"",
    b"\"\xF0\x9D\x84",
    b"\"\xFF\"",
    b"\"a\x00\"",
    b"\"a string of more than thirty-two bytes, without an escape\"",
    b"\"a string of more than thirty-two bytes, and an escape\\n\"",
    b"{\"a name of more than sixteen bytes\":\"b\",\"2\":-5,\"3\":255,\"4\":1.5,\"5\":1.5,\"17\":\"5\"}",
    b"{\"12\":[1,2.5,null],\"13\":[[1],[2]],\"14\":{\"a\":1},\"15\":{\"-5\":\"x\"},\"16\":null,\"18\":null}",
    b"[1] [2]\n{\"a\":3}",
];

/// A text with everything that documents have.
const DOCUMENT: &str = concat!(
    r#"{"1":true,"2":4711223,"6":"Zoë \"Ada\" Almeida","9":[{"sku":"CHR-0042"  ,"price" : 189.50},null],"#,
    "\n\t\"12\": [-65.613617000000004, 43.420273e-1,\r\n1E22 , 0.1],\n",
    r#""10":{"text":"@aym0566x \n\n名前:前田あゆみ https:\/\/t.co\/\u00e4\ud834\udd1e<&>"},"unknown":[[],{},"\\\\"],"#,
    r#""7":"SGVsbG8=","8":12345678901234567890,"15":{"12":"a","-3":"b"},"17":"42","16":false}"#,
);

#[test]
fn whole_texts() {
    check_all(256, || Box::new(TEXTS.iter().map(|text| text.to_vec())));
}

/// A text, and all that it could be cut to.
#[test]
fn truncated_texts() {
    let text = DOCUMENT.as_bytes();
    check_all(text.len(), || Box::new((0..=text.len()).map(|length| text[..length].to_vec())));
}

/// Texts that end and begin at each place of a vector and of a block.
#[test]
fn texts_of_all_lengths() {
    check_all(256, || {
        let lengths = (0..70).chain(126..132);
        let ends = ["", "1", "\"", "\"\"", "\"\\\"", "\\", " ", "null", "[\"\u{20AC}\"]", "0.1e5"];
        Box::new(lengths.flat_map(move |length| {
            ends.into_iter().flat_map(move |end| {
                ["\"".to_owned() + &"x".repeat(length), " ".repeat(length), "9".repeat(length)]
                    .map(|text| (text + end).into_bytes())
            })
        }))
    });
}

/// Floats that end at each place of a block, in lists and in lists of lists.
#[test]
fn floats_of_all_places() {
    check_all(256, || {
        let numbers = ["5", "-0.25", "1.0e5", "12345678901234567890", "-123456.7890123456"];
        Box::new((1..70).flat_map(move |width| {
            numbers.into_iter().flat_map(move |number| {
                [
                    format!(r#"{{"12":[{number:>width$},{number},2.5]}}"#),
                    format!(r#"{{"19":[[{number:>width$},{number}],[2.5]]}}"#),
                ]
                .map(String::into_bytes)
            })
        }))
    });
}

/// Texts that end around the end of what is looked at together.
#[test]
fn texts_as_long_as_a_chunk() {
    check_all(index::CHUNK + 64, || {
        let lengths = [index::CHUNK - 1, index::CHUNK, index::CHUNK + 1];
        Box::new(lengths.into_iter().flat_map(|length| {
            ["\"\\u", "\"\u{20AC}", "0.1234567]"].map(|end| {
                let text = "[".to_owned() + &" \"a\\n\",".repeat(length / 7);
                (text + &" ".repeat(length % 7) + end).into_bytes()
            })
        }))
    });
}

/// Pieces of real documents, where `TANDEM_DATA` names a folder.
#[test]
fn pieces_of_documents() {
    let Some(folder) = env::var_os("TANDEM_DATA") else { return };
    let entries = fs::read_dir(Path::new(&folder).join("json")).unwrap();
    let texts: Vec<_> = entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    check_all(512, || {
        Box::new(texts.iter().flat_map(|text| {
            let starts = (0..text.len()).step_by(text.len() / 20 + 1);
            starts.zip(0..).map(|(start, number)| {
                let end = text.len().min(start + 300 + number * 7);
                text[start..end].to_vec()
            })
        }))
    });
}
