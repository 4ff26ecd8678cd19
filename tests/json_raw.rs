//! Raw values: as parts of types in both directions, and what they refuse.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem::json::{self, CodecErrorKind, RawValue};

#[derive(Debug, Serialize, Deserialize)]
struct Envelope<'a> {
    id: u32,
    #[serde(borrow)]
    borrowed: &'a RawValue,
    owned: Box<RawValue>,
    absent: Option<Box<RawValue>>,
    list: Vec<Box<RawValue>>,
    #[serde(borrow)]
    map: BTreeMap<&'a str, &'a RawValue>,
}

#[test]
fn parts_stay_as_they_are_written() {
    let text = concat!(
        r#"{"id":1,"borrowed":{ "a" : [1.00, 1e2] ,"a":"\u0041"},"owned":123456789012345678901234567890,"#,
        r#""absent":null,"list":[ "x" ,[ ], -0.0,true],"map":{"k":{"z":1,"a":2}}}"#
    );
    let envelope: Envelope = json::from_str(text).unwrap();
    assert_eq!(envelope.borrowed.get(), r#"{ "a" : [1.00, 1e2] ,"a":"\u0041"}"#);
    assert!(text.as_bytes().as_ptr_range().contains(&envelope.borrowed.get().as_ptr()));
    assert_eq!(envelope.owned.get(), "123456789012345678901234567890");
    assert!(envelope.absent.is_none());
    let list: Vec<&str> = envelope.list.iter().map(|raw| raw.get()).collect();
    assert_eq!(list, ["\"x\"", "[ ]", "-0.0", "true"]);
    assert_eq!(envelope.map["k"].get(), r#"{"z":1,"a":2}"#);

    // Only the white space around them is gone.
    let written = json::to_string(&envelope).unwrap();
    assert_eq!(written, text.replace("[ \"x\" ,[ ], -0.0,", "[\"x\",[ ],-0.0,"));
    let mut streamed = Vec::new();
    json::to_writer(&mut streamed, &envelope).unwrap();
    assert_eq!(streamed, written.as_bytes());
    assert_eq!(
        json::to_string_pretty(&envelope.list).unwrap(),
        "[\n  \"x\",\n  [ ],\n  -0.0,\n  true\n]"
    );
}

#[test]
fn a_raw_value_alone() {
    for text in ["null", "[1, 2]", "\"ä\"", "-1.50e+3", " {\"a\" : 1}\n"] {
        let borrowed: &RawValue = json::from_str(text).unwrap();
        assert_eq!(borrowed.get(), text.trim());
        let owned: Box<RawValue> = json::from_reader(text.as_bytes()).unwrap();
        assert_eq!(owned, borrowed.to_owned());
        assert_eq!(RawValue::from_string(text.into()).unwrap(), owned);
        assert_eq!(json::to_vec(&owned).unwrap(), text.trim().as_bytes());
        assert_eq!(owned.to_string(), text.trim());
        assert_eq!(&*Box::<str>::from(owned.clone()), text.trim());
        let value: Value = json::from_str(owned.get()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
    }
    assert_eq!(json::to_raw_value(&[Some(1), None]).unwrap().get(), "[1,null]");
    assert_eq!(Box::<RawValue>::default().get(), "null");
    let named: BTreeMap<Box<str>, &RawValue> =
        [RawValue::NULL, RawValue::TRUE, RawValue::FALSE].map(|raw| (raw.get().into(), raw)).into();
    assert_eq!(json::to_string(&named).unwrap(), r#"{"false":false,"null":null,"true":true}"#);
    assert_eq!(format!("{:?}", RawValue::NULL), "RawValue(null)");
}

#[test]
fn what_is_no_value_is_refused() {
    for (text, offset) in
        [("", 0), ("[1,]", 3), ("{\"a\":}", 5), ("01", 1), ("1 2", 2), ("\"\\x\"", 2)]
    {
        for error in [
            json::from_str::<&RawValue>(text).unwrap_err(),
            json::from_reader::<_, Box<RawValue>>(text.as_bytes()).unwrap_err(),
            RawValue::from_string(text.into()).unwrap_err(),
        ] {
            assert!(matches!(error.kind(), CodecErrorKind::Text(_)), "{text}: {error:?}");
            assert_eq!(error.offset(), Some(offset), "{text}");
        }
    }
    // A `RawValue` is a `str`, so that it must be UTF-8.
    let error = json::from_slice::<Vec<&RawValue>>(b"[\"a\",\"\xFF\"]").unwrap_err();
    assert_eq!(error.offset(), Some(6));
    let error = json::from_str::<Vec<&RawValue>>(&"[".repeat(20_000)).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
}

/// Other formats have no text to take a raw value from, nor a place to put one unchecked.
#[test]
fn only_this_codec_makes_raw_values() {
    assert!(serde_json::from_str::<Box<RawValue>>("[1]").is_err());
    assert!(serde_json::from_str::<&RawValue>("\"no JSON\"").is_err());
    let forged = r#"{"$tandem::json::RawValue":"no JSON"}"#;
    assert!(serde_json::from_str::<&RawValue>(forged).is_err());
    assert_eq!(json::from_str::<&RawValue>(forged).unwrap().get(), forged);

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Buffered {
        #[expect(dead_code)]
        Raw(Box<RawValue>),
    }
    assert!(json::from_str::<Buffered>("[1]").is_err());
    assert!(json::from_str::<Buffered>(forged).is_err());
}

#[test]
fn raw_values_as_names() {
    let named: BTreeMap<Cow<str>, u8> = json::from_str(r#"{"a\n":1}"#).unwrap();
    assert_eq!(named["a\n"], 1);
    #[derive(Deserialize, PartialEq, Eq, Hash)]
    struct Name<'a>(#[serde(borrow)] &'a RawValue);
    let raw: std::collections::HashMap<Name, u8> = json::from_str(r#"{ "a\n" : 1}"#).unwrap();
    assert_eq!(raw[&Name(&RawValue::from_string(r#""a\n""#.into()).unwrap())], 1);
    assert!(json::to_string(&std::collections::HashMap::from([(RawValue::NULL, 1)])).is_err());
}
