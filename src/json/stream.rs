//! Finding where a value ends in a text that arrives in pieces. Each byte is looked at once, however the text is cut, and
//! what breaks the grammar is found as soon as it is there.

use super::scan::{Cursor, MAX_DEPTH};
use super::{number, simd};

/// How many words hold a bit for each bracket that may be open.
const NESTING: usize = MAX_DEPTH.div_ceil(64);

/// What was seen of a value so far. All zeros is the start, and any other contents are a place somewhere in a value: no
/// contents are invalid, so that the memory may be a caller's.
#[repr(C)]
#[derive(Clone)]
pub struct Scanner {
    /// A [`State`].
    state: u32,
    /// How many brackets are open.
    depth: u32,
    /// A bit for each open bracket, set if it is an object's.
    objects: [u64; NESTING],
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum State {
    Value,
    /// A value, or `]`.
    FirstElement,
    /// A name, or `}`.
    FirstName,
    Name,
    Colon,
    /// What may follow an element or a member.
    Next,
    /// Anything: the value is complete, and ended by the byte after it.
    End,
    /// The rest of a name, a string.
    InName,
    InString,
    NameEscape,
    StringEscape,
    NameHex1,
    NameHex2,
    NameHex3,
    NameHex4,
    StringHex1,
    StringHex2,
    StringHex3,
    StringHex4,
    /// A digit after `-`.
    Minus,
    /// What may follow a leading zero, the digits before the point, the point, those behind it.
    Zero,
    Integer,
    Point,
    Fraction,
    /// What may follow `e`, its sign, the digits of the exponent.
    E,
    Sign,
    Exponent,
    T,
    Tr,
    Tru,
    F,
    Fa,
    Fal,
    Fals,
    N,
    Nu,
    Nul,
}

use State::*;

/// All states, by their numbers.
const STATES: [State; 37] = [
    Value,
    FirstElement,
    FirstName,
    Name,
    Colon,
    Next,
    End,
    InName,
    InString,
    NameEscape,
    StringEscape,
    NameHex1,
    NameHex2,
    NameHex3,
    NameHex4,
    StringHex1,
    StringHex2,
    StringHex3,
    StringHex4,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
    T,
    Tr,
    Tru,
    F,
    Fa,
    Fal,
    Fals,
    N,
    Nu,
    Nul,
];

impl Default for Scanner {
    fn default() -> Self {
        Scanner { state: Value as u32, depth: 0, objects: [0; NESTING] }
    }
}

impl Scanner {
    /// Looks at the next piece of the text. Returns how many of its bytes belong to the value, if that ends there.
    ///
    /// A number, a string or a literal ends before the byte that follows it, which is not looked at: where there is
    /// none, a space takes its place. An array or object ends with its bracket.
    ///
    /// # Errors
    /// The offset in the piece of the first byte that can't be accepted. After an error or the end of a value, the next
    /// one needs a new scanner.
    pub fn scan(&mut self, text: &[u8]) -> Result<Option<usize>, usize> {
        let mut state = STATES.get(self.state as usize).copied().unwrap_or(Value);
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            state = match state {
                Value | FirstElement | FirstName | Name | Colon | Next if byte <= b' ' => {
                    if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                        return Err(at);
                    }
                    at += 1;
                    if text.get(at).is_some_and(|&byte| byte <= b' ') {
                        at = simd::skip_whitespace(text, at);
                    }
                    continue;
                }
                FirstElement if byte == b']' => match self.close(at)? {
                    true => return Ok(Some(at + 1)),
                    false => Next,
                },
                FirstName if byte == b'}' => match self.close(at)? {
                    true => return Ok(Some(at + 1)),
                    false => Next,
                },
                Value | FirstElement => {
                    if let Some(end) = whole(text, at) {
                        at = end;
                        state = self.after();
                        continue;
                    }
                    match byte {
                        b'"' => InString,
                        b'-' => Minus,
                        b'0' => Zero,
                        b'1'..=b'9' => Integer,
                        b'{' => {
                            self.open(true, at)?;
                            FirstName
                        }
                        b'[' => {
                            self.open(false, at)?;
                            FirstElement
                        }
                        b't' => T,
                        b'f' => F,
                        b'n' => N,
                        _ => return Err(at),
                    }
                }
                FirstName | Name if byte == b'"' => match whole(text, at) {
                    Some(end) => {
                        at = end;
                        state = Colon;
                        continue;
                    }
                    None => InName,
                },
                Colon if byte == b':' => Value,
                Next => match (byte, self.in_object()) {
                    (b',', true) => Name,
                    (b',', false) => Value,
                    (b'}', true) | (b']', false) => match self.close(at)? {
                        true => return Ok(Some(at + 1)),
                        false => Next,
                    },
                    _ => return Err(at),
                },
                End => return Ok(Some(at)),
                InName | InString => {
                    at = simd::find_string_special(text, at).0;
                    match (text.get(at), state) {
                        (None, _) => continue,
                        (Some(b'"'), InName) => Colon,
                        (Some(b'"'), _) => self.after(),
                        (Some(b'\\'), InName) => NameEscape,
                        (Some(b'\\'), _) => StringEscape,
                        _ => return Err(at),
                    }
                }
                NameEscape | StringEscape => match (byte, state) {
                    (b'u', NameEscape) => NameHex1,
                    (b'u', _) => StringHex1,
                    (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', NameEscape) => InName,
                    (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', _) => InString,
                    _ => return Err(at),
                },
                NameHex1 if byte.is_ascii_hexdigit() => NameHex2,
                NameHex2 if byte.is_ascii_hexdigit() => NameHex3,
                NameHex3 if byte.is_ascii_hexdigit() => NameHex4,
                NameHex4 if byte.is_ascii_hexdigit() => InName,
                StringHex1 if byte.is_ascii_hexdigit() => StringHex2,
                StringHex2 if byte.is_ascii_hexdigit() => StringHex3,
                StringHex3 if byte.is_ascii_hexdigit() => StringHex4,
                StringHex4 if byte.is_ascii_hexdigit() => InString,
                Minus => match byte {
                    b'0' => Zero,
                    b'1'..=b'9' => Integer,
                    _ => return Err(at),
                },
                Integer | Fraction | Exponent if byte.is_ascii_digit() => state,
                Point if byte.is_ascii_digit() => Fraction,
                E | Sign if byte.is_ascii_digit() => Exponent,
                E if matches!(byte, b'+' | b'-') => Sign,
                Zero | Integer if byte == b'.' => Point,
                Zero | Integer | Fraction if matches!(byte, b'e' | b'E') => E,
                Zero | Integer | Fraction | Exponent => {
                    state = self.after();
                    continue;
                }
                T if byte == b'r' => Tr,
                Tr if byte == b'u' => Tru,
                F if byte == b'a' => Fa,
                Fa if byte == b'l' => Fal,
                Fal if byte == b's' => Fals,
                N if byte == b'u' => Nu,
                Nu if byte == b'l' => Nul,
                Tru | Fals if byte == b'e' => self.after(),
                Nul if byte == b'l' => self.after(),
                _ => return Err(at),
            };
            at += 1;
        }
        self.state = state as u32;
        Ok(None)
    }

    /// What follows a string, a number or a literal.
    fn after(&self) -> State {
        if self.depth == 0 { End } else { Next }
    }

    fn open(&mut self, object: bool, at: usize) -> Result<(), usize> {
        if self.depth as usize >= MAX_DEPTH {
            return Err(at);
        }
        let (word, bit) = (self.depth as usize / 64, self.depth % 64);
        self.objects[word] = self.objects[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
        Ok(())
    }

    /// Closes the innermost bracket; tells whether it was the last.
    fn close(&mut self, at: usize) -> Result<bool, usize> {
        self.depth = self.depth.checked_sub(1).ok_or(at)?;
        Ok(self.depth == 0)
    }

    /// Whether the innermost bracket is an object's.
    fn in_object(&self) -> bool {
        let innermost = self.depth.wrapping_sub(1);
        let word = self.objects.get(innermost as usize / 64);
        word.is_some_and(|word| word >> (innermost % 64) & 1 == 1)
    }
}

/// Where the string, number or literal at `at` ends, if all of it is here and right.
#[inline]
fn whole(text: &[u8], at: usize) -> Option<usize> {
    let mut cursor = Cursor { text, at };
    match text[at] {
        b'"' => cursor.pass_string().ok()?,
        b't' => cursor.literal(b"true").ok()?,
        b'f' => cursor.literal(b"false").ok()?,
        b'n' => cursor.literal(b"null").ok()?,
        // It may go on behind the text.
        b'-' | b'0'..=b'9' => return number::end(text, at).filter(|&end| end < text.len()),
        _ => return None,
    }
    Some(cursor.at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a scanner finds in a text that comes in pieces of the given lengths, again and again: where the value ends, or
    /// the first byte that can't be accepted. The text's end is none.
    fn scan(text: &[u8], lengths: &[usize]) -> Result<Option<usize>, usize> {
        let mut scanner = Scanner::default();
        let mut start = 0;
        for &length in lengths.iter().cycle() {
            let end = (start + length).min(text.len());
            match scanner.scan(&text[start..end]) {
                Ok(None) if end == text.len() => return Ok(None),
                Ok(None) => start = end,
                Ok(Some(length)) => return Ok(Some(start + length)),
                Err(offset) => return Err(start + offset),
            }
        }
        unreachable!("lengths are not empty")
    }

    #[test]
    fn states_have_their_numbers() {
        for (number, state) in STATES.into_iter().enumerate() {
            assert_eq!(state as usize, number);
        }
    }

    #[test]
    fn ends_and_errors() {
        for (text, expected) in [
            ("", Ok(None)),
            (" \n", Ok(None)),
            ("{}", Ok(Some(2))),
            (" []]", Ok(Some(3))),
            ("[[],{}] ", Ok(Some(7))),
            (r#"{"a":[1,-0.5e+7],"bA\n":{"c":null}}x"#, Ok(Some(35))),
            ("1", Ok(None)),
            ("1 ", Ok(Some(1))),
            ("01", Ok(Some(1))),
            ("-0.10E-7,", Ok(Some(8))),
            ("true", Ok(None)),
            ("true1", Ok(Some(4))),
            ("false[", Ok(Some(5))),
            ("null\"", Ok(Some(4))),
            (r#""a\"b""#, Ok(None)),
            (r#""a\"b"""#, Ok(Some(6))),
            (r#""\u00e4\ud834" "#, Ok(Some(14))),
            ("[", Ok(None)),
            ("[1,", Ok(None)),
            ("{\"a\"", Ok(None)),
            ("]", Err(0)),
            ("[}", Err(1)),
            ("{]", Err(1)),
            ("[1,]", Err(3)),
            ("{\"a\":1,}", Err(7)),
            ("{1", Err(1)),
            ("{\"a\" 1", Err(5)),
            ("[1 2", Err(3)),
            ("{\"a\":1]", Err(6)),
            ("[1}", Err(2)),
            ("-x", Err(1)),
            ("[1.]", Err(3)),
            ("1e ", Err(2)),
            ("1e+ ", Err(3)),
            ("trux", Err(3)),
            ("faLse", Err(2)),
            ("nulL", Err(3)),
            (r#""\x""#, Err(2)),
            (r#""\u12g4""#, Err(5)),
            ("\"\n\"", Err(1)),
            ("[\x0b1]", Err(1)),
            ("[\u{a0}1]", Err(1)),
        ] {
            for length in 1..=text.len().max(1) {
                assert_eq!(
                    scan(text.as_bytes(), &[length]),
                    expected,
                    "{text} in pieces of {length}"
                );
            }
        }
    }

    #[test]
    fn depth_is_limited() {
        let text = "[{\"\":".repeat(MAX_DEPTH / 2);
        assert_eq!(scan(text.as_bytes(), &[4096]), Ok(None));
        assert_eq!(
            scan(format!("{text}0{}", "}]".repeat(MAX_DEPTH / 2)).as_bytes(), &[64]),
            Ok(Some(7 * MAX_DEPTH / 2 + 1))
        );
        assert_eq!(scan(format!("{text}[").as_bytes(), &[64]), Err(text.len()));
    }

    #[test]
    fn any_contents_are_safe() {
        for state in [0, 5, 36, 37, u32::MAX] {
            for depth in [0, 1, 64, MAX_DEPTH as u32, u32::MAX] {
                for text in ["]", "}", ",1]", "[{\"a\":[]}]", "\"a\",[[", "1e5"] {
                    let mut scanner = Scanner { state, depth, objects: [u64::MAX; NESTING] };
                    let _ = scanner.scan(text.as_bytes());
                }
            }
        }
    }

    proptest! {
        /// A scanner and the cursor that checks whole texts agree, however the text is cut.
        #[test]
        fn agrees_with_the_cursor(
            text in r#"[\[\]{},: 01e.\-"a\\u\n]{0,40}|(\[|\{"a":|1,|"b\\n" ?,|true|null|\]|\}|,|"c":){0,20}"#,
            lengths in prop::collection::vec(1usize..9, 1..4),
        ) {
            let mut cursor = Cursor::new(text.as_bytes());
            let expected = match cursor.skip_value(0) {
                // A scalar may go on.
                Ok(()) if cursor.at == text.len() && !text.ends_with(['}', ']']) => Ok(None),
                Ok(()) => Ok(Some(cursor.at)),
                Err(error) if error.offset == text.len() => Ok(None),
                Err(error) => Err(error.offset),
            };
            prop_assert_eq!(scan(text.as_bytes(), &lengths), expected);
        }
    }
}
