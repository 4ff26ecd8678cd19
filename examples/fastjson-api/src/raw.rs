//! Walks over JSON that the codec has checked and compacted, without building values: what is looked at stays as it was
//! written, numbers and order included.

use std::borrow::Cow;

use tandem::json;

/// The end of the value, or of the string, that begins at `at`.
pub fn end_of_value(text: &[u8], at: usize) -> usize {
    match text[at] {
        b'"' => end_of_string(text, at),
        b'{' | b'[' => end_of_nested(text, at),
        _ => end_of_scalar(text, at),
    }
}

fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    loop {
        match text[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn end_of_nested(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    loop {
        match text[at] {
            b'"' => {
                at = end_of_string(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

fn end_of_scalar(text: &[u8], at: usize) -> usize {
    let length = text[at..].iter().position(|byte| matches!(byte, b',' | b']' | b'}'));
    length.map_or(text.len(), |length| at + length)
}

/// The offset of the first bracket that is nested deeper than `max_depth`.
pub fn too_deep(text: &[u8], max_depth: usize) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        match text[at] {
            b'"' => {
                at = end_of_string(text, at);
                continue;
            }
            b'{' | b'[' if depth == max_depth => return Some(at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// What a string says, given with its quotes. One with the escape of half a surrogate pair says no text: it stands for
/// itself, behind a byte that no text has.
pub fn unescape(string: &[u8]) -> Cow<'_, [u8]> {
    let inside = &string[1..string.len() - 1];
    if !inside.contains(&b'\\') {
        return inside.into();
    }
    match json::from_slice::<String>(string) {
        Ok(text) => text.into_bytes().into(),
        Err(_) => [b"\xFF", inside].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_they_end() {
        for (text, at, want) in [
            ("12", 0, 2),
            ("[1,true]", 1, 2),
            ("[1,true]", 3, 7),
            ("[1,true]", 0, 8),
            (r#"{"a":{"b":"}"},"c":0}"#, 5, 14),
            (r#"["\\","\"]"]"#, 1, 5),
            (r#"["\\","\"]"]"#, 6, 11),
            (r#"["\\","\"]"]"#, 0, 12),
        ] {
            assert_eq!(end_of_value(text.as_bytes(), at), want, "{text} at {at}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        for (text, max, want) in [
            ("1", 1, None),
            ("[[]]", 2, None),
            ("[[]]", 1, Some(1)),
            (r#"{"[[[":[],"b":[[]]}"#, 2, Some(15)),
            (r#"["\"[["]"#, 1, None),
        ] {
            assert_eq!(too_deep(text.as_bytes(), max), want, "{text}");
        }
    }

    #[test]
    fn strings_say_what_their_escapes_stand_for() {
        for (string, want) in [
            (r#""a""#, "a".as_bytes()),
            (r#""""#, b""),
            (r#""\u0061\n/\/""#, b"a\n//"),
            (r#""\ud83d\ude00""#, "😀".as_bytes()),
            (r#""\ud83d""#, b"\xFF\\ud83d"),
        ] {
            assert_eq!(unescape(string.as_bytes()), want, "{string}");
        }
    }
}
