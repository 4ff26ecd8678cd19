//! Values through serde: what is accepted and what is written agrees with serde_json.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::io;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::{DeserializeOwned, EnumAccess, IgnoredAny, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tandem::json::{self, CodecErrorKind, ErrorKind};

/// Reads `text` as a `T` with both codecs, which must both refuse it or find the same value. Writes that value
/// with both.
fn agree<T: DeserializeOwned + Serialize + Debug>(text: &[u8]) {
    let ours = json::from_slice::<T>(text);
    match serde_json::from_slice::<T>(text) {
        Ok(theirs) => {
            let ours = ours.unwrap_or_else(|error| panic!("{}: {error}", text.escape_ascii()));
            // Debug shows the bits that matter of each value, where PartialEq has NaN and -0.0.
            assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{}", text.escape_ascii());
            written_alike(&ours);
        }
        Err(theirs) => {
            let Err(ours) = ours else {
                panic!("{}: not refused, though {theirs}", text.escape_ascii());
            };
            let offset = ours.offset().expect("an offset in the text");
            assert!(offset <= text.len(), "{}: {ours}", text.escape_ascii());
            assert!(ours.position().is_some());
        }
    }
    if let Ok(text) = std::str::from_utf8(text) {
        assert_eq!(
            json::from_str::<T>(text).map(|value| format!("{value:?}")).ok(),
            serde_json::from_str::<T>(text).map(|value| format!("{value:?}")).ok()
        );
    }
}

fn written_alike<T: Serialize + Debug>(value: &T) {
    let compact = serde_json::to_vec(value).map_err(|_| ());
    let pretty = serde_json::to_vec_pretty(value).map_err(|_| ());
    assert_eq!(json::to_vec(value).map_err(|_| ()), compact, "{value:?}");
    assert_eq!(json::to_vec_pretty(value).map_err(|_| ()), pretty, "{value:?}");
    let (mut written, mut written_pretty) = (Vec::new(), Vec::new());
    assert_eq!(json::to_writer(&mut written, value).is_ok(), compact.is_ok());
    assert_eq!(json::to_writer_pretty(&mut written_pretty, value).is_ok(), pretty.is_ok());
    if let (Ok(compact), Ok(pretty)) = (compact, pretty) {
        assert_eq!(json::to_string(value).unwrap().as_bytes(), compact);
        assert_eq!(json::to_string_pretty(value).unwrap().as_bytes(), pretty);
        assert_eq!((written, written_pretty), (compact, pretty));
    }
}

/// Bytes that are no sequence of numbers to serde.
#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.into()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_bytes(BytesVisitor)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Newtype(i64);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pair(u8, Option<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Color {
    Red,
    #[serde(rename = "bright \"green\"")]
    Green,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum External {
    Unit,
    Newtype(i32),
    Tuple(bool, f64),
    Struct { a: u8, b: Option<Unit> },
    Nested(Box<External>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Internal {
    Unit,
    Struct { a: u64, b: Vec<f32> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(String),
    Tuple(i8, i8),
    Struct { x: char },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
    Struct { a: i32 },
    List(Vec<Untagged>),
    Nothing,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flat {
    flat_a: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flat_b: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Zoo {
    boolean: bool,
    signed: (i8, i16, i32, i64, i128),
    unsigned: (u8, u16, u32, u64, u128),
    floats: (f32, f64),
    #[serde(alias = "character")]
    letter: char,
    text: String,
    bytes: Bytes,
    unit: (),
    unit_struct: Unit,
    newtype: Newtype,
    pair: Pair,
    array: [i16; 3],
    option: Option<Option<u8>>,
    by_number: BTreeMap<i32, Unit>,
    by_wide: BTreeMap<u128, ()>,
    by_bool: BTreeMap<bool, u8>,
    by_char: BTreeMap<char, u8>,
    by_color: BTreeMap<Color, u8>,
    by_newtype: BTreeMap<Newtype, u8>,
    external: Vec<External>,
    internal: Vec<Internal>,
    adjacent: Vec<Adjacent>,
    untagged: Vec<Untagged>,
    #[serde(flatten)]
    flat: Flat,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z \"\\\\\u{0}-\u{1f}]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn externals() -> impl Strategy<Value = External> {
    let leaf = prop_oneof![
        Just(External::Unit),
        any::<i32>().prop_map(External::Newtype),
        any::<(bool, f64)>().prop_map(|(a, b)| External::Tuple(a, b)),
        (any::<u8>(), proptest::option::of(Just(Unit)))
            .prop_map(|(a, b)| External::Struct { a, b }),
    ];
    leaf.prop_recursive(3, 4, 1, |inner| inner.prop_map(|inner| External::Nested(inner.into())))
}

fn internals() -> impl Strategy<Value = Internal> {
    prop_oneof![
        Just(Internal::Unit),
        any::<(u64, Vec<f32>)>().prop_map(|(a, b)| Internal::Struct { a, b }),
    ]
}

fn adjacents() -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Unit),
        any::<String>().prop_map(Adjacent::Newtype),
        any::<(i8, i8)>().prop_map(|(a, b)| Adjacent::Tuple(a, b)),
        any::<char>().prop_map(|x| Adjacent::Struct { x }),
    ]
}

fn untaggeds() -> impl Strategy<Value = Untagged> {
    let leaf = prop_oneof![
        any::<f64>().prop_map(Untagged::Number),
        any::<String>().prop_map(Untagged::Text),
        any::<i32>().prop_map(|a| Untagged::Struct { a }),
        Just(Untagged::Nothing),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| vec(inner, 0..4).prop_map(Untagged::List))
}

prop_compose! {
    fn zoos()(
        (boolean, signed, unsigned, floats, letter, text) in any::<(
            bool,
            (i8, i16, i32, i64, i128),
            (u8, u16, u32, u64, u128),
            (f32, f64),
            char,
            String,
        )>(),
        (bytes, newtype, pair, array, option) in
            any::<(Vec<u8>, i64, (u8, Option<String>), [i16; 3], Option<u8>)>(),
        by_number in btree_map(any::<i32>(), Just(Unit), 0..4),
        by_wide in btree_map(any::<u128>(), Just(()), 0..4),
        (by_bool, by_char) in any::<(BTreeMap<bool, u8>, BTreeMap<char, u8>)>(),
        by_color in btree_map(prop_oneof![Just(Color::Red), Just(Color::Green)], any::<u8>(), 0..3),
        by_newtype in btree_map(any::<i64>().prop_map(Newtype), any::<u8>(), 0..3),
        external in vec(externals(), 0..4),
        internal in vec(internals(), 0..3),
        adjacent in vec(adjacents(), 0..3),
        untagged in vec(untaggeds(), 0..3),
        (flat_a, flat_b) in any::<(i32, Option<String>)>(),
        rest in btree_map("rest[a-z]{0,8}", values(), 0..3),
    ) -> Zoo {
        Zoo {
            boolean, signed, unsigned, floats, letter, text,
            bytes: Bytes(bytes),
            unit: (),
            unit_struct: Unit,
            newtype: Newtype(newtype),
            pair: Pair(pair.0, pair.1),
            array,
            option: option.map(Some),
            by_number, by_wide, by_bool, by_char, by_color, by_newtype,
            external, internal, adjacent, untagged,
            flat: Flat { flat_a, flat_b },
            rest,
        }
    }
}

/// A small damage: the place, as a fraction of the text, and what happens there.
fn damages() -> impl Strategy<Value = (f64, u8, u8)> {
    let byte = prop_oneof![
        proptest::sample::select(b" \n\"\\,:[]{}-+.eE019tfnu/\x00\x1f\x7f\xc3\xe2\xff".to_vec()),
        any::<u8>(),
    ];
    (0.0..1.0, 0..5u8, byte)
}

fn damaged(mut text: Vec<u8>, (place, what, byte): (f64, u8, u8)) -> Vec<u8> {
    if text.is_empty() {
        return text;
    }
    let at = (place * text.len() as f64) as usize;
    match what {
        0 => text.truncate(at),
        1 => text[at] = byte,
        2 => text.insert(at, byte),
        3 => drop(text.remove(at)),
        _ => text[at] ^= 1 << (byte % 8),
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_value_is_written_and_read_as_by_serde_json(value in values()) {
        written_alike(&value);
        agree::<Value>(&serde_json::to_vec_pretty(&value).unwrap());
    }

    #[test]
    fn every_kind_of_type_is_written_and_read_as_by_serde_json(zoo in zoos()) {
        written_alike(&zoo);
        agree::<Zoo>(&serde_json::to_vec(&zoo).unwrap());
        agree::<Zoo>(&serde_json::to_vec_pretty(&zoo).unwrap());
    }

    #[test]
    fn damaged_text_is_refused_when_serde_json_refuses_it(
        zoo in zoos(),
        pretty in any::<bool>(),
        damages in vec(damages(), 20),
    ) {
        let text = if pretty { serde_json::to_vec_pretty(&zoo) } else { serde_json::to_vec(&zoo) };
        let text = text.unwrap();
        for damage in damages {
            let text = damaged(text.clone(), damage);
            agree::<Zoo>(&text);
            agree::<Value>(&text);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_danger(bytes in vec(any::<u8>(), 0..200)) {
        agree::<Value>(&bytes);
        agree::<Zoo>(&bytes);
    }

    #[test]
    fn json_of_random_tokens_is_judged_alike(tokens in vec(proptest::sample::select(vec![
        "{", "}", "[", "]", ":", ",", "\"\"", "\"a\"", "\"\\ud800\"", "0", "-1", "1e3", "true", "null", " ",
    ]), 0..30)) {
        let text = tokens.concat();
        agree::<Value>(text.as_bytes());
        agree::<BTreeMap<String, Value>>(text.as_bytes());
        agree::<Vec<Value>>(text.as_bytes());
        agree::<External>(text.as_bytes());
    }

    #[test]
    fn floats_are_read_exactly(bits in any::<u64>(), exponent in -330..330i32, digits in "[0-9]{1,30}") {
        let value = f64::from_bits(bits);
        agree::<f64>(format!("{value:e}").as_bytes());
        agree::<f32>(format!("{value:e}").as_bytes());
        for text in [format!("0.{digits}e{exponent}"), format!("1{digits}"), format!("-1{digits}.{digits}")] {
            agree::<f64>(text.as_bytes());
            agree::<f32>(text.as_bytes());
            agree::<Value>(text.as_bytes());
            agree::<i128>(text.as_bytes());
        }
    }
}

#[test]
fn texts_are_judged_alike() {
    for text in [
        "",
        " ",
        "null",
        "true",
        "false",
        "tru",
        "nul",
        "truex",
        "0",
        "-0",
        "-",
        "01",
        "1.",
        ".1",
        "1e",
        "1e+",
        "1E+2",
        "-0.0",
        "1.5",
        "1e400",
        "-1e400",
        "1e-400",
        "255",
        "256",
        "-128",
        "-129",
        "65536",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "340282366920938463463374607431768211455",
        "340282366920938463463374607431768211456",
        "-170141183460469231731687303715884105728",
        "3.4028236e38",
        "3.4028234e38",
        "1e39",
        "16777217",
        "0.1",
        "1.0000000596046448",
        "9007199254740993",
        "\"\"",
        "\"a\"",
        "\"ab\"",
        "\"ä\"",
        "\"\\u00e4\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83dx\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\n\"",
        "\"a",
        "\"Red\"",
        "\"Blue\"",
        "\"Unit\"",
        "[]",
        "[1]",
        "[1,2]",
        "[1,2,3]",
        "[1,2,3,4]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "[",
        "]",
        "[1}",
        "[null]",
        "[[1]]",
        "[\"a\",1]",
        "[1,\"a\"]",
        "[1,null]",
        "[true,1.5]",
        "{}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1",
        "{\"a\" 1}",
        "{\"1\":1}",
        "{\"-1\":1}",
        "{\"1.5\":1}",
        "{\" 1\":1}",
        "{\"1 \":1}",
        "{\"true\":1}",
        "{\"null\":1}",
        "{\"\":1}",
        "{\"Red\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"Unit\":null}",
        "{\"Newtype\":5}",
        "{\"Tuple\":[true,1]}",
        "{\"Struct\":{\"a\":1}}",
        "{\"Struct\":[1,null]}",
        "{\"Newtype\":5,\"Unit\":null}",
        "{\"Unit\":null,}",
        "{\"type\":\"Unit\"}",
        "{\"type\":\"Struct\",\"a\":1,\"b\":[1.5]}",
        "{\"t\":\"Tuple\",\"c\":[1,2]}",
        "{\"c\":{\"x\":\"y\"},\"t\":\"Struct\"}",
        "{\"type\":\"None\"}",
        "{\"flat_a\":1,\"other\":{}}",
        "1 2",
        "{} x",
        "[]]",
        "\u{FEFF}1",
        "// comment\n1",
        "NaN",
        "Infinity",
        "'a'",
        "1_000",
        "0x10",
    ] {
        let text = text.as_bytes();
        agree::<Value>(text);
        agree::<()>(text);
        agree::<Unit>(text);
        agree::<bool>(text);
        agree::<u8>(text);
        agree::<i8>(text);
        agree::<u64>(text);
        agree::<i64>(text);
        agree::<u128>(text);
        agree::<i128>(text);
        agree::<f32>(text);
        agree::<f64>(text);
        agree::<char>(text);
        agree::<String>(text);
        // serde_json lets control characters pass where bytes are asked for, against RFC 8259.
        if !text.contains(&b'\n') {
            agree::<Bytes>(text);
        }
        agree::<Option<i32>>(text);
        agree::<Newtype>(text);
        agree::<Pair>(text);
        agree::<(u8, u8)>(text);
        agree::<[i64; 3]>(text);
        agree::<Vec<Option<Value>>>(text);
        agree::<BTreeMap<String, i32>>(text);
        agree::<BTreeMap<i8, i32>>(text);
        agree::<BTreeMap<u128, i32>>(text);
        agree::<BTreeMap<bool, i32>>(text);
        agree::<BTreeMap<Option<String>, i32>>(text);
        agree::<BTreeMap<Newtype, i32>>(text);
        agree::<BTreeMap<Color, i32>>(text);
        agree::<Color>(text);
        agree::<External>(text);
        agree::<Internal>(text);
        agree::<Adjacent>(text);
        agree::<Untagged>(text);
        agree::<Flat>(text);
    }
    // Not UTF-8: refused where a string is asked for, but not where bytes are, nor in what is skipped.
    for text in [
        &b"\"\xff\""[..],
        b"\"\\n\xff\"",
        b"[\"\xff\"]",
        b"{\"\xff\":1}",
        b"{\"x\":\"\xff\",\"flat_a\":1}",
    ] {
        agree::<Value>(text);
        agree::<String>(text);
        agree::<Bytes>(text);
        agree::<BTreeMap<String, i32>>(text);
        agree::<Flat>(text);
    }
}

#[test]
fn strings_are_escaped_wherever_it_is_as_by_serde_json() {
    // In all places relative to the blocks that strings are copied by, alone and before another.
    for length in 0..40 {
        let plain = "abcdefghijklmnopqrstuvwxyz0123456789ABCD"[..length].to_string();
        written_alike(&plain);
        for place in 0..length {
            for special in ["\"", "\\", "\n", "\0", "\u{1f}", "\u{7f}", "ä", "\u{2028}"] {
                let mut value = plain.clone();
                value.replace_range(place..=place, special);
                written_alike(&value);
                written_alike(&(&value, 1, BTreeMap::from([(&value, &value)])));
                value.push_str(special);
                written_alike(&value);
            }
        }
    }
}

#[test]
fn numbers_are_written_as_by_serde_json() {
    for shift in 0..64 {
        for number in
            [(1 << shift) - 1, 1 << shift, 10_u64.pow(shift / 4 + 3) - 1, 10_u64.pow(shift / 4 + 3)]
        {
            let short = (
                number as u8,
                number as u16,
                number as u32,
                number as i8,
                number as i16,
                number as i32,
            );
            written_alike(&short);
            written_alike(&(number, number as i64, -(number as i64 as i128)));
            written_alike(&(
                number as f64,
                -(number as f64),
                number as f32,
                f64::from_bits(number),
                f32::from_bits(number as u32),
            ));
        }
    }
    written_alike(&(
        i64::MIN,
        i64::MAX,
        u64::MAX,
        i128::MIN,
        u128::MAX,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::NAN,
    ));
}

#[test]
fn map_keys_are_written_as_by_serde_json() {
    written_alike(&BTreeMap::from([(1.5f64.to_bits(), 1), (0, 2)]));
    written_alike(&[("key", f64::NAN)]);
    written_alike(&BTreeMap::from([(Some("a"), 1)]));
    written_alike(&BTreeMap::from([(None::<String>, 1)]));
    written_alike(&BTreeMap::from([((), 1)]));
    written_alike(&BTreeMap::from([((1, 2), 1)]));
    written_alike(&BTreeMap::from([(vec![1], 1)]));

    struct FloatKeys(f64);
    impl Serialize for FloatKeys {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, 1)])
        }
    }
    impl Debug for FloatKeys {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", self.0)
        }
    }
    for key in [1.0, -0.5, 1e300, f64::NAN, f64::INFINITY] {
        written_alike(&FloatKeys(key));
    }
}

#[test]
fn scalars_are_read_from_names_as_by_serde_json() {
    /// A map with keys that are no keys of Rust's maps, in the order of the text.
    #[derive(Debug)]
    struct Members<K>(Vec<(K, i8)>);
    impl<K: Serialize> Serialize for Members<K> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
        }
    }
    impl<'de, K: Deserialize<'de>> Deserialize<'de> for Members<K> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct MembersVisitor<K>(std::marker::PhantomData<K>);
            impl<'de, K: Deserialize<'de>> Visitor<'de> for MembersVisitor<K> {
                type Value = Members<K>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Members<K>, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(MembersVisitor(std::marker::PhantomData))
        }
    }
    for name in [
        "",
        "0",
        "-0",
        "1",
        "-1",
        "01",
        "1.5",
        "-2e3",
        "1e400",
        " 1",
        "1 ",
        "1x",
        "-",
        "255",
        "256",
        "18446744073709551616",
        "340282366920938463463374607431768211455",
        "true",
        "false",
        "True",
        "null",
        "a",
        "ä",
        "ab",
        "\\u0031",
        "\\n",
        "Red",
        "NaN",
    ] {
        let text = format!("{{\"{name}\" : 7, \"{name}\":8}}");
        let text = text.as_bytes();
        agree::<Members<f32>>(text);
        agree::<Members<f64>>(text);
        agree::<Members<u8>>(text);
        agree::<Members<i64>>(text);
        agree::<Members<u128>>(text);
        agree::<Members<i128>>(text);
        // Here serde_json 1.0.154 cuts a name behind its first byte, and makes a string of what is left.
        if name != "ä" {
            agree::<Members<bool>>(text);
        }
        agree::<Members<char>>(text);
        agree::<Members<String>>(text);
        agree::<Members<Option<u8>>>(text);
        agree::<Members<Newtype>>(text);
        agree::<Members<Color>>(text);
        agree::<Members<Unit>>(text);
        agree::<Members<(u8, u8)>>(text);
        agree::<Members<Untagged>>(text);
        agree::<Members<Value>>(text);
    }
}

#[test]
fn variants_are_read_as_names() {
    /// A variant known by its number, and what it holds.
    #[derive(Debug, Serialize)]
    struct Numbered(u8, bool);
    impl<'de> Deserialize<'de> for Numbered {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct NumberedVisitor;
            impl<'de> Visitor<'de> for NumberedVisitor {
                type Value = Numbered;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a variant")
                }
                fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Numbered, A::Error> {
                    let (number, variant) = data.variant()?;
                    Ok(Numbered(number, variant.newtype_variant()?))
                }
            }
            deserializer.deserialize_enum("", &[], NumberedVisitor)
        }
    }
    /// Any variant.
    #[derive(Debug, Serialize)]
    struct Any;
    impl<'de> Deserialize<'de> for Any {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_enum("", &[], IgnoredAny).map(|_| Any)
        }
    }
    for text in [
        "{\"7\":true}",
        "{ \"7\" : true }",
        "{\"300\":true}",
        "{7:true}",
        "{\"a\":1}",
        "{[1]:2}",
        "{null:1}",
        "{{}:1}",
        "{:1}",
        "{}",
        "{",
        "\"7\"",
        "7",
    ] {
        agree::<Numbered>(text.as_bytes());
        agree::<Any>(text.as_bytes());
    }
}

#[test]
fn displayed_values_are_escaped() {
    #[derive(Debug)]
    struct Displayed;
    impl Serialize for Displayed {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{}\n\"{}\"", 1, '\u{1}'))
        }
    }
    written_alike(&Displayed);
    written_alike(&BTreeMap::from([(1, Displayed)]));
}

#[test]
fn strings_are_borrowed_where_the_text_holds_their_value() {
    #[derive(Deserialize)]
    struct Borrowing<'a> {
        plain: &'a str,
        #[serde(borrow)]
        either: Cow<'a, str>,
        bytes: &'a [u8],
    }
    let text = r#"{"plain":"ä€","either":"no escape","bytes":"b"}"#.as_bytes();
    let value: Borrowing = json::from_slice(text).unwrap();
    assert!(matches!(value.either, Cow::Borrowed("no escape")));
    assert_eq!(value.plain, "ä€");
    for part in [value.plain.as_bytes(), value.either.as_bytes(), value.bytes] {
        assert!(text.as_ptr_range().contains(&part.as_ptr()));
    }
    let text = r#"{"plain":"","either":"\u0065scape","bytes":""}"#;
    assert!(
        matches!(json::from_str::<Borrowing>(text).unwrap().either, Cow::Owned(value) if value == "escape")
    );
    let error = json::from_str::<&str>(r#""\n""#).unwrap_err();
    assert_eq!(error.kind(), CodecErrorKind::Data);
}

#[test]
fn errors_say_what_and_where() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        #[expect(dead_code)]
        id: u8,
    }
    use CodecErrorKind::{Data, Text};
    for (text, kind, offset, line, column, message) in [
        (
            "[\n{\"id\": 1},\n{\"id\": 300}]",
            Data,
            20,
            3,
            8,
            "invalid value: integer `300`, expected u8",
        ),
        ("[{\"id\": \"x\"}]", Data, 8, 1, 9, "invalid type: string \"x\", expected u8"),
        ("[{\"id\": null}]", Data, 8, 1, 9, "invalid type: null, expected u8"),
        ("[ {}]", Data, 2, 1, 3, "missing field `id`"),
        ("[{\"id\":1,\n\"no\":2}]", Data, 10, 2, 1, "unknown field `no`, expected `id`"),
        ("[{\"id\":1}", Text(ErrorKind::UnexpectedEnd), 9, 1, 10, "unexpected end of JSON text"),
        (
            "[{\"id\" 1}]",
            Text(ErrorKind::ExpectedColon),
            7,
            1,
            8,
            "expected ':' after a member name",
        ),
        ("[] x", Text(ErrorKind::TrailingData), 3, 1, 4, "unexpected data after the value"),
        ("{}", Data, 0, 1, 1, "invalid type: map, expected a sequence"),
    ] {
        let error = json::from_str::<Vec<Item>>(text).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, Some(offset)), "{text}: {error}");
        assert_eq!(error.to_string(), format!("{message} at line {line} column {column}"));
    }
    let error = json::from_slice::<String>(b"\"ab\\ud800\"").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (Text(ErrorKind::LoneSurrogate), Some(3)));
    let error = json::from_slice::<String>(b"\"ab\\n\xff\"").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (Text(ErrorKind::InvalidUtf8), Some(5)));
    let error = json::from_str::<f64>(" 1e999").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (Text(ErrorKind::NumberOutOfRange), Some(1)));
}

#[test]
fn depth_is_bounded_as_in_serde_json() {
    for depth in [1, 126, 127, 128, 129, 100_000] {
        agree::<Value>(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        agree::<Value>(format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).as_bytes());
        agree::<Value>("[".repeat(depth).as_bytes());
        agree::<External>(
            format!("{}\"Unit\"{}", "{\"Nested\":".repeat(depth), "}".repeat(depth)).as_bytes(),
        );
    }
    let skipped = format!("{{\"flat_a\":1,\"x\":{}{}}}", "[".repeat(9999), "]".repeat(9999));
    #[derive(Deserialize)]
    struct Known {
        flat_a: i32,
    }
    assert_eq!(json::from_str::<Known>(&skipped).unwrap().flat_a, 1);
}

#[test]
fn readers_and_writers_report_their_own_errors() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    impl io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = json::from_reader::<_, Value>(Broken).unwrap_err();
    assert_eq!(error.kind(), CodecErrorKind::Io(io::ErrorKind::ConnectionReset));
    let large = vec!["a string"; 100_000];
    for value in [&large[..1], &large] {
        let error = json::to_writer(Broken, value).unwrap_err();
        assert_eq!(error.kind(), CodecErrorKind::Io(io::ErrorKind::StorageFull));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
    }
    written_alike(&large);
    let read: Vec<String> = json::from_reader(&*json::to_vec(&large).unwrap()).unwrap();
    assert_eq!(read, large);
}
