//! JSON Merge Patch (RFC 7396), on texts: what a patch does not name stays as it was written.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::raw::{end_of_value, unescape};

/// Merges a patch into a document. Both are checked and compact, and so is what comes out.
///
/// Members that are there keep their places, new ones come behind them in the order of the patch. If a name that the patch
/// has occurs more than once in an object, its first member is patched and the others go. Each text is read once.
pub fn merge(target: &[u8], patch: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(target.len() + patch.len());
    match Patch::read(patch, &mut 0) {
        Patch::Merge(patch) if target.first() == Some(&b'{') => {
            patch.apply(target, &mut 0, &mut out);
        }
        Patch::Merge(patch) => patch.write_new(&mut out),
        // A patch that is null is no member to remove, but the new document.
        Patch::Remove | Patch::Replace(_) => out.extend(patch),
    }
    out
}

/// What a patch says of one value.
enum Patch<'a> {
    Remove,
    Replace(&'a [u8]),
    Merge(Object<'a>),
}

/// The members of an object in a patch.
#[derive(Default)]
struct Object<'a> {
    /// Names as they are written, with quotes.
    members: Vec<(&'a [u8], Patch<'a>)>,
    places: HashMap<Cow<'a, [u8]>, usize>,
}

impl<'a> Patch<'a> {
    /// Reads the value at `at`, and moves behind it. Recursion is as deep as documents may be.
    fn read(text: &'a [u8], at: &mut usize) -> Self {
        if text[*at] != b'{' {
            let start = *at;
            *at = end_of_value(text, start);
            let value = &text[start..*at];
            return if value == b"null" { Patch::Remove } else { Patch::Replace(value) };
        }
        let mut object = Object::default();
        *at += 1;
        while text[*at] != b'}' {
            let start = *at;
            let end = end_of_value(text, start);
            *at = end + 1;
            let name = &text[start..end];
            let patch = Patch::read(text, at);
            let place = *object.places.entry(unescape(name)).or_insert(object.members.len());
            match object.members.get_mut(place) {
                Some(member) => member.1 = patch, // the last of a name counts
                None => object.members.push((name, patch)),
            }
            if text[*at] == b',' {
                *at += 1;
            }
        }
        *at += 1;
        Patch::Merge(object)
    }
}

impl Object<'_> {
    /// Appends the patched form of the object at `at`, and moves behind it.
    fn apply(&self, target: &[u8], at: &mut usize, out: &mut Vec<u8>) {
        let mut done = vec![false; self.members.len()];
        out.push(b'{');
        *at += 1;
        while target[*at] != b'}' {
            let start = *at;
            let end = end_of_value(target, start);
            let name = &target[start..end];
            let value = end + 1;
            let place = self.places.get(&unescape(name)).copied();
            let patch = place.map(|place| (&self.members[place].1, &mut done[place]));
            match patch {
                None => {
                    *at = end_of_value(target, value);
                    separate(out);
                    out.extend(&target[start..*at]);
                }
                Some((Patch::Merge(patch), done)) if !*done && target[value] == b'{' => {
                    *done = true;
                    write_name(name, out);
                    *at = value;
                    patch.apply(target, at, out);
                }
                Some((patch, done)) => {
                    *at = end_of_value(target, value);
                    if !std::mem::replace(done, true) {
                        patch.write_member(name, out);
                    }
                }
            }
            if target[*at] == b',' {
                *at += 1;
            }
        }
        *at += 1;
        for ((name, patch), done) in self.members.iter().zip(done) {
            if !done {
                patch.write_member(name, out);
            }
        }
        out.push(b'}');
    }

    /// Appends what the patch makes of nothing.
    fn write_new(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (name, patch) in &self.members {
            patch.write_member(name, out);
        }
        out.push(b'}');
    }
}

impl Patch<'_> {
    /// Appends the member that the patch makes, if it makes one.
    fn write_member(&self, name: &[u8], out: &mut Vec<u8>) {
        match self {
            Patch::Remove => {}
            Patch::Replace(value) => {
                write_name(name, out);
                out.extend(*value);
            }
            Patch::Merge(object) => {
                write_name(name, out);
                object.write_new(out);
            }
        }
    }
}

fn write_name(name: &[u8], out: &mut Vec<u8>) {
    separate(out);
    out.extend(name);
    out.push(b':');
}

/// Appends a comma, but for the first member. No member ends with a brace that opens.
fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn merged(target: &str, patch: &str) -> String {
        String::from_utf8(merge(target.as_bytes(), patch.as_bytes())).unwrap()
    }

    /// RFC 7396, appendix A.
    #[test]
    fn the_examples_of_the_specification_hold() {
        for (target, patch, want) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, r#"null"#, r#"null"#),
            (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            (r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            (r#"{}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(merged(target, patch), want, "{target} and {patch}");
        }
    }

    #[test]
    fn order_and_numbers_stay() {
        for (target, patch, want) in [
            (r#"{"z":1.0,"a":2e400,"m":3}"#, r#"{"a":1}"#, r#"{"z":1.0,"a":1,"m":3}"#),
            (
                r#"{"n":{"big":18446744073709551616,"x":0}}"#,
                r#"{"n":{"x":-0.0}}"#,
                r#"{"n":{"big":18446744073709551616,"x":-0.0}}"#,
            ),
            (r#"{"a":1,"b":2}"#, r#"{"d":4,"a":null,"c":3}"#, r#"{"b":2,"d":4,"c":3}"#),
            (r#"{"\u0061":1}"#, r#"{"a":2}"#, r#"{"\u0061":2}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":4}"#, r#"{"a":4,"b":2}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":0}"#, r#"{"a":1,"b":0,"a":3}"#),
            (r#"{"a":1}"#, r#"{"a":2,"a":3}"#, r#"{"a":3}"#),
            (r#"{"a":{},"b":"{"}"#, r#"{"c":{}}"#, r#"{"a":{},"b":"{","c":{}}"#),
        ] {
            assert_eq!(merged(target, patch), want, "{target} and {patch}");
        }
    }

    /// RFC 7396, section 2, as it is written there.
    fn oracle(target: Value, patch: Value) -> Value {
        let Value::Object(patch) = patch else { return patch };
        let mut target = match target {
            Value::Object(target) => target,
            _ => Map::new(),
        };
        for (name, value) in patch {
            if value.is_null() {
                target.remove(&name);
            } else {
                let old = target.remove(&name).unwrap_or(Value::Null);
                target.insert(name, oracle(old, value));
            }
        }
        Value::Object(target)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\\\\"{},\\[\\]a-c\u{1}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-c\\\\\"{}]{0,2}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn patches_do_what_the_specification_says(target in value(), patch in value()) {
            let got = merged(&target.to_string(), &patch.to_string());
            tandem::json::valid(got.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&got).unwrap(), oracle(target, patch));
        }
    }
}
