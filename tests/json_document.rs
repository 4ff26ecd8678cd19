//! Documents: what is read out of them is what serde_json reads, and what the text says.

use std::path::Path;
use std::{env, fs};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Number, Value as Tree};
use tandem::json::{self, Document, Kind, Value};

/// A value read through a document, as a tree.
fn tree(value: Value) -> Tree {
    match value.kind() {
        Kind::Null => Tree::Null,
        Kind::Bool => value.as_bool().unwrap().into(),
        Kind::Number => number(value).into(),
        Kind::String => value.as_str().unwrap().into(),
        Kind::Array => value.elements().map(tree).collect(),
        Kind::Object => {
            let members = value.members().map(|(name, value)| (name.into_owned(), tree(value)));
            members.collect::<Map<_, _>>().into()
        }
    }
}

fn number(value: Value) -> Number {
    if value.number() == Some("-0") {
        return Number::from_f64(-0.0).unwrap(); // serde_json's way to keep the sign
    }
    let integer = value.as_u64().map(Number::from).or(value.as_i64().map(Number::from));
    integer.unwrap_or_else(|| Number::from_f64(value.as_f64().unwrap()).unwrap())
}

fn agrees(text: &[u8]) {
    let document = Document::parse(text);
    assert_eq!(document.as_ref().err(), json::valid(text).as_ref().err());
    let Ok(document) = document else { return };
    assert_eq!(document.text(), text);
    if let Ok(expected) = serde_json::from_slice::<Tree>(text) {
        assert_eq!(tree(document.root()), expected, "{}", text.escape_ascii());
    }
    spans(document.root());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    document.root().indent(b">", b"  ", &mut ours).unwrap();
    json::indent(text.trim_ascii_end(), b">", b"  ", &mut theirs).unwrap();
    assert_eq!(ours, theirs);
}

/// Each part of a value, cut out of the text, is a document of its own with the same value.
fn spans(value: Value) {
    // Large ones would be parsed once for each value around them.
    if value.raw().len() > 1 << 16 {
        value.elements().for_each(spans);
        return value.members().for_each(|(_, value)| spans(value));
    }
    let alone = Document::parse(value.raw()).unwrap();
    assert_eq!((alone.root().span(), alone.root().kind()), (0..value.raw().len(), value.kind()));
    assert_eq!(alone.root().len(), value.len());
    let mut compact = Vec::new();
    value.compact(&mut compact).unwrap();
    assert_eq!(Document::parse(&compact).unwrap().root().len(), value.len());
    value.elements().for_each(spans);
    value.members().for_each(|(_, value)| spans(value));
}

#[test]
fn values_are_read_as_they_stand() {
    let text = br#" {"a": [1, -2.50, 1e400, 18446744073709551615, {}], "b\u00e9": "x\ny", "t": true, "n": null, "a": []} "#;
    let document = Document::parse(text).unwrap();
    let root = document.root();
    assert_eq!((root.kind(), root.len(), root.span()), (Kind::Object, 5, 1..text.len() - 1));
    // The last of the members that have a name.
    assert_eq!(root.get("a").unwrap().raw(), b"[]");
    assert_eq!(root.get("b\u{e9}").unwrap().as_str().unwrap(), "x\ny");
    assert_eq!(root.get("b").map(Value::raw), None);
    let (_, first) = root.members().next().unwrap();
    let numbers: Vec<_> =
        first.elements().map(|n| (n.number(), n.as_i64(), n.as_u64(), n.as_f64())).collect();
    assert_eq!(
        numbers,
        [
            (Some("1"), Some(1), Some(1), Some(1.0)),
            (Some("-2.50"), None, None, Some(-2.5)),
            (Some("1e400"), None, None, None),
            (Some("18446744073709551615"), None, Some(u64::MAX), Some(18446744073709551615.0)),
            (None, None, None, None),
        ]
    );
    assert_eq!(first.index(4).map(Value::len), Some(0));
    assert!(first.index(5).is_none());
    assert_eq!(root.get("t").unwrap().as_bool(), Some(true));
    assert!(root.get("n").unwrap().is_null());
    assert_eq!(root.as_str(), None);
    assert_eq!(Document::copied(text).unwrap().root().span(), root.span());
}

#[test]
fn what_is_no_character_reads_as_the_replacement() {
    let document = Document::parse(b"[\"a\xFFb\", \"\\ud800x\", \"\\ud83d\\ude00\"]").unwrap();
    let read: Vec<_> = document.root().elements().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(read, ["a\u{FFFD}b", "\u{FFFD}x", "\u{1F600}"]);
}

/// Names that look alike in the text are not always the same.
#[test]
fn names_are_compared_by_their_values() {
    let text = b"{\"a\\n\":1,\"a\\\\n\":2,\"\xFF\":3,\"\\u0062\":4,\"x\\ud800\":5}";
    let document = Document::parse(text).unwrap();
    for (name, expected) in [
        ("a\n", Some(1)),
        ("a\\n", Some(2)),
        ("\u{FFFD}", Some(3)),
        ("b", Some(4)),
        ("x\u{FFFD}", Some(5)),
        ("\\u0062", None),
    ] {
        assert_eq!(document.root().get(name).and_then(Value::as_u64), expected, "{name:?}");
    }
}

/// The examples of RFC 6901, and what it does not allow.
#[test]
fn pointers_lead_to_values() {
    let text = br#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
    let document = Document::parse(text).unwrap();
    for (pointer, expected) in [
        ("", Ok(Some(&text[..]))),
        ("/foo", Ok(Some(br#"["bar","baz"]"#))),
        ("/foo/0", Ok(Some(br#""bar""#))),
        ("/", Ok(Some(b"0"))),
        ("/a~1b", Ok(Some(b"1"))),
        ("/c%d", Ok(Some(b"2"))),
        ("/e^f", Ok(Some(b"3"))),
        ("/g|h", Ok(Some(b"4"))),
        ("/i\\j", Ok(Some(b"5"))),
        ("/k\"l", Ok(Some(b"6"))),
        ("/ ", Ok(Some(b"7"))),
        ("/m~0n", Ok(Some(b"8"))),
        ("/m~01n", Ok(None)),
        ("/foo/2", Ok(None)),
        ("/foo/-", Ok(None)),
        ("/foo/01", Ok(None)),
        ("/foo/+1", Ok(None)),
        ("/foo/00", Ok(None)),
        ("/foo/0/x", Ok(None)),
        ("/foo/99999999999999999999", Ok(None)),
        ("foo", Err(())),
        ("/m~n", Err(())),
        ("/m~", Err(())),
        ("/nothing/m~2", Err(())),
    ] {
        let found = document.root().find(pointer);
        assert_eq!(found.map(|it| it.map(Value::raw)).map_err(drop), expected, "{pointer}");
    }
}

/// Strings, escapes and numbers across the ends of the blocks that the index works on.
#[test]
fn long_texts() {
    for length in (0..200).chain(4000..4200).chain([1 << 16]) {
        let filler = "x".repeat(length);
        agrees(
            format!("[\"{filler}\",\"\\\"{filler}\\\\\" , {{\"{filler}\\n\" : 12}}  ]").as_bytes(),
        );
        agrees(format!("{}[[],{{}},-1.5e3,true]", " ".repeat(length)).as_bytes());
        agrees(format!("[\"{filler}\u{e9}\\u12\"]").as_bytes());
        agrees(format!("[\"{filler}").as_bytes());
    }
    let elements = vec!["[0,{}]"; 5000].join(",");
    agrees(format!("[{elements}]").as_bytes());
}

#[test]
fn depth_is_bounded() {
    for (depth, good) in [(10_000, true), (10_001, false)] {
        let text = [vec![b'['; depth], vec![b']'; depth]].concat();
        assert_eq!(Document::parse(&text).is_ok(), good);
    }
    assert!(Document::parse(&vec![b'['; 1 << 20]).is_err());
}

/// JSONTestSuite, where a developer has it.
#[test]
fn suites() {
    let Some(data) = env::var_os("TANDEM_DATA") else { return };
    for folder in ["suite/test_parsing", "suite/test_transform", "json"] {
        for entry in fs::read_dir(Path::new(&data).join(folder)).unwrap() {
            agrees(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|it| it.to_string()),
        any::<i64>().prop_map(|it| it.to_string()),
        any::<f64>().prop_filter_map("finite", |it| serde_json::to_string(&it).ok()),
        any::<String>().prop_map(|it| serde_json::to_string(&it).unwrap()),
        "[\\\\\"a-c]{0,70}".prop_map(|it| serde_json::to_string(&it).unwrap()),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let space = "[ \n\t]{0,2}";
        prop_oneof![
            (vec(inner.clone(), 0..6), space).prop_map(|(items, space)| format!(
                "[{space}{}]",
                items.join(&format!("{space},"))
            )),
            (vec((any::<String>(), inner), 0..6), space).prop_map(|(members, space)| {
                let member = |(name, value)| {
                    format!("{space}{}{space}:{value}", serde_json::to_string(&name).unwrap())
                };
                let members: Vec<_> = members.into_iter().map(member).collect();
                format!("{{{}{space}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn random_texts(text in any_text()) {
        agrees(text.as_bytes());
    }

    #[test]
    fn damaged_texts(text in any_text(), place in any::<prop::sample::Index>(), byte in prop::sample::select(&b"\"\\{}[],: 0ae-\n\x01\xFF"[..])) {
        let mut text = text.into_bytes();
        let place = place.index(text.len());
        text[place] = byte;
        agrees(&text);
        text.truncate(place);
        agrees(&text);
    }
}
