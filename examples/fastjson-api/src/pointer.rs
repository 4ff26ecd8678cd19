//! JSON Pointers (RFC 6901).

use crate::raw::{end_of_value, unescape};

/// A pointer that was checked: the names and indexes on the way to a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    /// Reads the form that is not escaped for URIs.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Ok(Pointer { tokens: Vec::new() });
        }
        let tokens = text.strip_prefix('/').ok_or("a JSON Pointer is empty or begins with '/'")?;
        let escapes = text.split('~').skip(1);
        if !escapes.clone().all(|rest| rest.starts_with(['0', '1'])) {
            return Err("in a JSON Pointer '~' is followed by '0' or '1'");
        }
        let token = |token: &str| token.replace("~1", "/").replace("~0", "~");
        Ok(Pointer { tokens: tokens.split('/').map(token).collect() })
    }

    /// The value in a checked and compact text. Of members with the same name it is the first.
    pub fn find<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let mut at = 0;
        for token in &self.tokens {
            at = match text[at] {
                b'{' => find_member(text, at, token)?,
                b'[' => find_element(text, at, token)?,
                _ => return None,
            };
        }
        Some(&text[at..end_of_value(text, at)])
    }
}

fn find_member(text: &[u8], object: usize, name: &str) -> Option<usize> {
    let mut at = object + 1;
    while text[at] == b'"' {
        let end = end_of_value(text, at);
        let value = end + 1;
        if *unescape(&text[at..end]) == *name.as_bytes() {
            return Some(value);
        }
        at = end_of_value(text, value) + 1;
        if text[at - 1] == b'}' {
            return None;
        }
    }
    None
}

fn find_element(text: &[u8], array: usize, index: &str) -> Option<usize> {
    let is_index = index.bytes().all(|byte| byte.is_ascii_digit())
        && (index == "0" || !index.starts_with('0'));
    let mut left: usize = index.parse().ok().filter(|_| is_index)?;
    let mut at = array + 1;
    while text[at] != b']' {
        if left == 0 {
            return Some(at);
        }
        left -= 1;
        at = end_of_value(text, at);
        if text[at] == b',' {
            at += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pointer: &str, text: &str) -> Option<String> {
        let found = Pointer::parse(pointer).unwrap().find(text.as_bytes())?;
        Some(String::from_utf8(found.to_vec()).unwrap())
    }

    /// RFC 6901, section 5.
    #[test]
    fn the_examples_of_the_specification_hold() {
        let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        for (pointer, want) in [
            ("", text),
            ("/foo", r#"["bar","baz"]"#),
            ("/foo/0", "\"bar\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            assert_eq!(find(pointer, text).as_deref(), Some(want), "{pointer}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for (pointer, text) in [
            ("/a", "{}"),
            ("/a", "[]"),
            ("/0", "[]"),
            ("/2", "[1,2]"),
            ("/-", "[1]"),
            ("/00", "[1]"),
            ("/+0", "[1]"),
            ("/99999999999999999999", "[1]"),
            ("/a/b", r#"{"a":1}"#),
            ("/b", r#"{"a":{"b":1}}"#),
            ("/", r#""""#),
        ] {
            assert_eq!(find(pointer, text), None, "{pointer} in {text}");
        }
    }

    #[test]
    fn values_come_as_they_are_written() {
        for (pointer, text, want) in [
            ("/1/n", r#"[0,{"n":1.50e+00}]"#, "1.50e+00"),
            ("/b", r#"{"a":[1,{"b":2}],"b":12345678901234567890}"#, "12345678901234567890"),
            ("/a", r#"{"\u0061":1,"a":2}"#, "1"),
            ("/~01", r#"{"~1":true}"#, "true"),
            ("/10", "[0,1,2,3,4,5,6,7,8,9,[10]]", "[10]"),
        ] {
            assert_eq!(find(pointer, text).as_deref(), Some(want), "{pointer} in {text}");
        }
    }

    #[test]
    fn malformed_pointers_are_refused() {
        for pointer in ["a", "#/a", "/~", "/~2", "/a~"] {
            assert!(Pointer::parse(pointer).is_err(), "{pointer}");
        }
    }
}
