//! Many values in one text, and texts from readers, against serde_json; and where errors are.

use std::collections::BTreeMap;
use std::io::{self, Read};

use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tandem::json::{self, CodecErrorKind, Deserializer, ErrorKind};

/// A reader that gives its text in pieces of the given lengths, again and again, counts what it has given, and now and
/// then is interrupted.
struct Pieces<'a> {
    text: &'a [u8],
    lengths: &'a [usize],
    given: usize,
    turn: usize,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a [u8], lengths: &'a [usize]) -> Self {
        Pieces { text, lengths, given: 0, turn: 0 }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = self.lengths[self.turn % self.lengths.len()];
        let length = length.min(buffer.len()).min(self.text.len() - self.given);
        buffer[..length].copy_from_slice(&self.text[self.given..][..length]);
        self.given += length;
        Ok(length)
    }
}

/// What iterating finds: the values, and where the first error is.
type Found<T> = (Vec<T>, Option<(Option<usize>, String)>);

fn ours<T>(values: impl Iterator<Item = Result<T, json::CodecError>>) -> Found<T> {
    let mut found = Vec::new();
    for value in values {
        match value {
            Ok(value) => found.push(value),
            Err(error) => return (found, Some((error.offset(), error.to_string()))),
        }
    }
    (found, None)
}

/// Reads `text` as many values with this codec, from memory and from a reader, and with serde_json.
fn agree<T: DeserializeOwned + PartialEq + std::fmt::Debug>(text: &[u8], lengths: &[usize]) {
    let mut values = Deserializer::from_slice(text).into_iter::<T>();
    let from_slice = ours(values.by_ref());
    assert!(values.next().is_none());
    let offset = values.byte_offset();
    let mut values = Deserializer::from_reader(Pieces::new(text, lengths)).into_iter::<T>();
    let from_reader = ours(values.by_ref());
    assert!(values.next().is_none());
    assert_eq!(from_reader, from_slice, "{}", text.escape_ascii());
    assert_eq!(values.byte_offset(), offset, "{}", text.escape_ascii());

    let mut theirs = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    let mut expected = Vec::new();
    let failed = loop {
        match theirs.next() {
            Some(Ok(value)) => expected.push(value),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert_eq!(from_slice.0, expected, "{}", text.escape_ascii());
    assert_eq!(from_slice.1.is_some(), failed, "{}", text.escape_ascii());

    let one = json::from_slice::<T>(text).map_err(|error| error.to_string());
    let read = json::from_reader::<_, T>(Pieces::new(text, lengths));
    assert_eq!(read.map_err(|error| error.to_string()), one, "{}", text.escape_ascii());
    assert_eq!(one.ok(), serde_json::from_slice(text).ok());
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let tokens = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"\"",
        "\"a\"",
        "\"\\u00e4ö\"",
        "\"",
        "0",
        "-1",
        "1.5e3",
        "true",
        "null",
        "nul",
        "\\",
        "[1,2]",
        "{\"a\":1}",
        " ",
        "\n",
        "\n\n  ",
    ]);
    vec(tokens, 0..30).prop_map(|tokens| tokens.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn many_values_are_read_as_by_serde_json(text in texts(), lengths in vec(1..9usize, 1..4)) {
        agree::<Value>(&text, &lengths);
        agree::<BTreeMap<String, u8>>(&text, &lengths);
        agree::<f64>(&text, &lengths);
    }

    /// An error of the grammar is at the first byte with which the text is no beginning of a value any more. serde_json
    /// says so, too: it misses something up to there, and takes exception to the byte.
    #[test]
    fn errors_of_the_grammar_are_at_the_first_wrong_byte(text in texts()) {
        let Err(error) = json::from_slice::<IgnoredAny>(&text) else { return Ok(()) };
        let offset = error.offset().unwrap();
        let before = serde_json::from_slice::<IgnoredAny>(&text[..offset]);
        prop_assert!(before.is_ok() || before.is_err_and(|error| error.is_eof()), "{error}");
        if error.kind() == CodecErrorKind::Text(ErrorKind::UnexpectedEnd) {
            prop_assert_eq!(offset, text.len());
        } else {
            let with = serde_json::from_slice::<IgnoredAny>(&text[..=offset]);
            prop_assert!(with.is_err_and(|error| error.is_syntax()), "{error}");
        }
        let lines: Vec<&[u8]> = text[..offset].split(|&byte| byte == b'\n').collect();
        let position = error.position().unwrap();
        prop_assert_eq!(position.line, lines.len());
        prop_assert_eq!(position.column, lines.last().unwrap().len() + 1);
    }
}

#[test]
fn values_need_no_space_between_them_where_they_show_their_ends() {
    for (text, values, error) in [
        ("", 0, None),
        (" \n", 0, None),
        ("1", 1, None),
        ("1 2\t3\n", 3, None),
        ("[][]{}\"a\"\"b\"1", 6, None),
        ("1[2]", 2, None),
        ("true\"x\"null", 3, None),
        ("truefalse", 0, Some(4)),
        ("1,2", 1, Some(1)),
        ("null]", 1, Some(4)),
        ("[1],[2]", 1, Some(3)),
        ("[1]]", 1, Some(3)),
        ("12-3", 0, Some(2)),
        ("[1][2", 1, Some(5)),
        ("1 x 2", 1, Some(2)),
    ] {
        let (found, failure) = ours(Deserializer::from_str(text).into_iter::<Value>());
        assert_eq!((found.len(), failure.map(|(at, _)| at.unwrap())), (values, error), "{text}");
        agree::<Value>(text.as_bytes(), &[1]);
    }
}

#[test]
fn offsets_tell_how_far_it_came() {
    let text = b" [1] \n[2] [\"x\"] ";
    let mut values = Deserializer::from_slice(text).into_iter::<[u8; 1]>();
    let mut read = Deserializer::from_reader(&text[..]).into_iter::<[u8; 1]>();
    for (offset, good) in [(4, true), (9, true), (10, false)] {
        assert_eq!(values.next().unwrap().is_ok(), good);
        assert_eq!(values.byte_offset(), offset);
        let value = read.next().unwrap();
        assert_eq!(value.is_ok(), good);
        assert_eq!(read.byte_offset(), offset);
        if let Err(error) = value {
            assert_eq!((error.offset(), error.pointer()), (Some(11), Some("/0")));
            assert_eq!(error.position().map(|place| (place.line, place.column)), Some((2, 6)));
        }
    }
}

#[test]
fn strings_of_many_values_are_borrowed() {
    let text = "\"a\" \"b\"".to_owned();
    let values: Vec<&str> =
        Deserializer::from_str(&text).into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(values, ["a", "b"]);
}

/// Many blocks, values across their borders, and errors whose lines and columns are counted across them.
#[test]
fn long_texts_are_read_in_blocks() {
    let line = |number: usize| {
        format!("{{\"id\":{number},\"text\":\"{}\"}}\n", "ä\\n".repeat(number % 7000))
    };
    let mut text: Vec<u8> = (0..60).map(|number| line(number * 997)).collect::<String>().into();
    let mut ids = Vec::new();
    #[derive(Deserialize)]
    struct Line {
        id: usize,
        text: String,
    }
    let valid = text.len();
    text.extend(b"\n {\"id\": 1,\n  \"text\": 2}");
    for lengths in [&[usize::MAX][..], &[1000, 1 << 20, 3]] {
        ids.clear();
        let mut values = Deserializer::from_reader(Pieces::new(&text, lengths)).into_iter::<Line>();
        let error = loop {
            match values.next().unwrap() {
                Ok(line) => {
                    assert_eq!(line.text, "ä\n".repeat(line.id % 7000));
                    ids.push(line.id);
                }
                Err(error) => break error,
            }
        };
        assert_eq!(ids, (0..60).map(|number| number * 997).collect::<Vec<_>>());
        assert_eq!(error.offset(), Some(valid + 22));
        assert_eq!(
            error.to_string(),
            "invalid type: integer `2`, expected a string at line 63 column 11"
        );
        assert_eq!(error.pointer(), Some("/text"));
    }
}

#[test]
fn readers_are_not_read_much_beyond_what_is_needed() {
    const BLOCK: usize = 1 << 16;
    // An error in the middle of a long text.
    let mut text = b"[".to_vec();
    text.extend(b"1,".repeat(200_000));
    text.extend(b"]");
    text.extend(b"1,".repeat(200_000));
    let mut reader = Pieces::new(&text, &[usize::MAX]);
    let error = json::from_reader::<_, Vec<u8>>(&mut reader).unwrap_err();
    assert_eq!(error.offset(), Some(400_001));
    assert!(reader.given <= 400_001 + BLOCK, "{}", reader.given);

    // Values that are asked for one by one, of which each is there when it is needed.
    let text = "{\"a\":1}\n".repeat(100_000);
    let mut reader = Pieces::new(text.as_bytes(), &[usize::MAX]);
    let mut values = Deserializer::from_reader(&mut reader).into_iter::<Value>();
    assert!(values.next().unwrap().is_ok());
    assert!(reader.given <= BLOCK);
    let mut reader = Pieces::new(text.as_bytes(), &[8]);
    let mut values = Deserializer::from_reader(&mut reader).into_iter::<Value>();
    assert!(values.next().unwrap().is_ok());
    assert_eq!(reader.given, 8);

    // What follows a value of a whole text must be white space.
    let text = format!("1{}", " ".repeat(300_000));
    assert_eq!(json::from_reader::<_, u8>(text.as_bytes()).unwrap(), 1);
    let error = json::from_reader::<_, u8>(format!("{text}x").as_bytes()).unwrap_err();
    assert_eq!(error.kind(), CodecErrorKind::Text(ErrorKind::TrailingData));
    assert_eq!(error.position().map(|place| place.column), Some(300_002));
    let error = json::from_reader::<_, u8>(&b"  \n "[..]).unwrap_err();
    assert_eq!(error.to_string(), "unexpected end of JSON text at line 2 column 2");
}

#[test]
fn errors_of_readers_end_the_values() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => (&b"[1] [2"[..]).read(buffer),
                _ => Err(io::ErrorKind::ConnectionReset.into()),
            }
        }
    }
    let mut values = Deserializer::from_reader(Broken(0)).into_iter::<Vec<u8>>();
    assert_eq!(values.next().unwrap().unwrap(), [1]);
    let error = values.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), CodecErrorKind::Io(io::ErrorKind::ConnectionReset));
    assert_eq!(error.pointer(), None);
    assert!(values.next().is_none());
}

#[test]
fn pointers_name_the_value_that_is_wrong() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code)]
    struct Order {
        #[serde(rename = "a/b~c\n")]
        id: u8,
        #[serde(default)]
        lines: Vec<BTreeMap<String, (u8, State)>>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code)]
    enum State {
        Open,
        Sent { by: Vec<bool> },
    }
    for (text, pointer) in [
        ("7", ""),
        ("{}", ""),
        (r#"{"a/b~c\n": "x"}"#, "/a~1b~0c\n"),
        (r#"{"\u0061/b~c\u000a": -1}"#, "/a~1b~0c\n"),
        (r#"{"other": 1}"#, ""),
        (r#"{"lines": {}}"#, "/lines"),
        (r#"{"lines": [{}, {"x": [1, "Open"], "y": [1, "Lost"]}]}"#, "/lines/1/y/1"),
        (r#"{"lines": [{"x": [1, {"Sent": {"by": [true, [], 0]}}]}]}"#, "/lines/0/x/1/Sent/by/1"),
        (r#"{"lines": [{"x": [1, {"Sent": {}}]}]}"#, "/lines/0/x/1/Sent"),
        (r#"{"lines": [{"x": [1]}]}"#, "/lines/0/x"),
        (r#"{"lines": [{"x": [1, "Open", 3]}]}"#, "/lines/0/x/1"),
        (r#"{"lines": [{"": [1 2]}]}"#, "/lines/0//0"),
        (r#"{"lines": [{"x\": "#, "/lines/0"),
        (r#"{"lines": [{"x" 1"#, "/lines/0/x"),
        (r#"{"lines": [], }"#, ""),
    ] {
        let error = json::from_str::<Order>(text).unwrap_err();
        assert_eq!(error.pointer(), Some(pointer), "{text}: {error}");
        let error = json::from_reader::<_, Order>(text.as_bytes()).unwrap_err();
        assert_eq!(error.pointer(), Some(pointer), "{text}: {error}");
    }
}

#[test]
fn a_deserializer_by_itself_knows_offsets_only() {
    let mut deserializer = Deserializer::from_str(" [1, true]");
    let error = Vec::<u8>::deserialize(&mut deserializer).unwrap_err();
    assert_eq!((error.offset(), error.position(), error.pointer()), (Some(5), None, None));
    assert_eq!(error.to_string(), "invalid type: boolean `true`, expected u8 at byte 5");
    assert_eq!(json::to_vec(&1u8).map_err(|error| error.pointer().is_none()), Ok(b"1".to_vec()));
}
