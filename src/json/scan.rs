//! The grammar: a cursor over a text that checks values and skips them.

use super::error::{Error, ErrorKind};
use super::{number, simd, string};

/// How deep arrays and objects may be nested, as in `encoding/json`.
pub const MAX_DEPTH: usize = 10_000;

/// What a scanned string looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Offset of the first byte after the opening quote.
    pub(crate) start: usize,
    /// Offset of the closing quote.
    pub(crate) end: usize,
    /// Whether the bytes between are the string's value: no escapes, and only ASCII.
    pub(crate) plain: bool,
    /// Whether there are escapes.
    pub(crate) escaped: bool,
}

/// A position in a text.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Cursor { text, at: 0 }
    }

    /// The next byte, which stays unread.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Skips white space and returns the byte after it, which stays unread.
    #[inline(always)]
    pub(crate) fn peek_token(&mut self) -> Option<u8> {
        // Most tokens follow at once or after one space.
        match self.peek()? {
            byte if byte > b' ' => return Some(byte),
            b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
            byte => return Some(byte),
        }
        match self.peek()? {
            byte if byte > b' ' => Some(byte),
            _ => {
                self.at = simd::skip_whitespace(self.text, self.at);
                self.peek()
            }
        }
    }

    /// An error at the cursor: of `kind`, or that the text ends here.
    #[cold]
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        let kind = if self.at < self.text.len() { kind } else { ErrorKind::UnexpectedEnd };
        Error { kind, offset: self.at.min(self.text.len()) }
    }

    /// Checks that nothing but white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        match self.peek_token() {
            None => Ok(()),
            Some(_) => Err(self.error(ErrorKind::TrailingData)),
        }
    }

    /// Reads `literal`, whose first byte was peeked.
    #[inline(always)]
    pub(crate) fn literal(&mut self, literal: &'static [u8]) -> Result<(), Error> {
        if self.text[self.at..].starts_with(literal) {
            self.at += literal.len();
            return Ok(());
        }
        let matching = literal.iter().zip(&self.text[self.at..]).take_while(|(a, b)| a == b);
        self.at += matching.count();
        Err(self.error(ErrorKind::ExpectedValue))
    }

    /// Reads the digits at the cursor and returns how many there are.
    #[inline(always)]
    fn digits(&mut self) -> usize {
        let start = self.at;
        self.at = number::skip_digits(self.text, start);
        self.at - start
    }

    /// Reads a number, whose first byte (a digit or `-`) was peeked.
    #[inline(always)]
    pub(crate) fn number(&mut self) -> Result<(), Error> {
        match number::end(self.text, self.at) {
            Some(end) => {
                self.at = end;
                Ok(())
            }
            None => self.number_in_steps(),
        }
    }

    /// As [`number`](Self::number), and finds what is wrong.
    #[cold]
    fn number_in_steps(&mut self) -> Result<(), Error> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ if self.digits() > 0 => {}
            _ => return Err(self.error(ErrorKind::InvalidNumber)),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.error(ErrorKind::InvalidNumber));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.error(ErrorKind::InvalidNumber));
            }
        }
        Ok(())
    }

    /// Reads a string, whose opening quote was peeked. Escapes are checked, UTF-8 is not.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Span, Error> {
        let start = self.at + 1;
        let (end, ascii) = simd::find_string_special(self.text, start);
        self.at = end;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Span { start, end, plain: ascii, escaped: false });
        }
        self.escaped_string(start)
    }

    /// As [`string`](Self::string), for those who only want it checked.
    #[inline(always)]
    pub(crate) fn pass_string(&mut self) -> Result<(), Error> {
        let start = self.at + 1;
        self.at = simd::find_string_special(self.text, start).0;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(());
        }
        self.escaped_string(start).map(|_| ())
    }

    /// Reads the rest of a string, from its first escape or forbidden byte on.
    fn escaped_string(&mut self, start: usize) -> Result<Span, Error> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    let end = self.at;
                    self.at += 1;
                    return Ok(Span { start, end, plain: false, escaped: true });
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 1
                        }
                        Some(b'u') if string::code_unit(&self.text[self.at - 1..]).is_some() => {
                            self.at += 5
                        }
                        Some(b'u') => {
                            self.at += 1;
                            while self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                self.at += 1;
                            }
                            return Err(self.error(ErrorKind::InvalidEscape));
                        }
                        _ => return Err(self.error(ErrorKind::InvalidEscape)),
                    }
                }
                _ => return Err(self.error(ErrorKind::ControlCharacter)),
            }
            // Escapes are often many in a row.
            if self.peek() != Some(b'\\') {
                self.at = simd::find_string_special(self.text, self.at).0;
            }
        }
    }

    /// Reads a value of any kind that lies within `depth` arrays and objects, and discards it.
    pub(crate) fn skip_value(&mut self, depth: usize) -> Result<(), Error> {
        self.walk(depth, &mut Discard)
    }

    /// Reads a value of any kind that lies within `depth` arrays and objects, and shows its tokens to
    /// `visitor` in their order.
    #[inline(always)]
    pub(crate) fn walk<V: Visitor>(
        &mut self,
        depth: usize,
        visitor: &mut V,
    ) -> Result<(), V::Error> {
        let mut open = Nesting::new(depth);
        loop {
            // A value.
            let byte = self.peek_behind_gap(visitor)?;
            let start = self.at;
            match byte {
                Some(b'"') => {
                    self.pass_string()?;
                    visitor.token(Token::Scalar, start, self.at)?;
                }
                Some(b'-' | b'0'..=b'9') => {
                    self.number()?;
                    visitor.token(Token::Scalar, start, self.at)?;
                }
                Some(bracket @ (b'{' | b'[')) => {
                    let object = bracket == b'{';
                    open.push(object).map_err(|kind| self.error(kind))?;
                    self.at += 1;
                    // The closing bracket is the second character after the opening one in ASCII.
                    let inside = self.at;
                    let empty = self.peek_token() == Some(bracket + 2);
                    visitor.token(Token::Open { empty }, start, inside)?;
                    if self.at != inside {
                        visitor.gap(inside, self.at)?;
                    }
                    if !empty {
                        if object {
                            self.walk_name(visitor)?;
                        }
                        continue;
                    }
                    visitor.token(Token::Close { empty }, self.at, self.at + 1)?;
                    self.at += 1;
                    open.pop();
                }
                _ => {
                    match byte {
                        Some(b't') => self.literal(b"true")?,
                        Some(b'f') => self.literal(b"false")?,
                        Some(b'n') => self.literal(b"null")?,
                        _ => return Err(self.error(ErrorKind::ExpectedValue).into()),
                    }
                    visitor.token(Token::Scalar, start, self.at)?;
                }
            }
            // What follows it.
            loop {
                let Some(object) = open.innermost() else { return Ok(()) };
                let byte = self.peek_behind_gap(visitor)?;
                let start = self.at;
                match byte {
                    Some(b',') => {
                        self.at += 1;
                        visitor.token(Token::Comma, start, self.at)?;
                        if object {
                            self.peek_behind_gap(visitor)?;
                            self.walk_name(visitor)?;
                        }
                        break;
                    }
                    Some(b'}') if object => {}
                    Some(b']') if !object => {}
                    _ if object => return Err(self.error(ErrorKind::ExpectedCommaOrBrace).into()),
                    _ => return Err(self.error(ErrorKind::ExpectedCommaOrBracket).into()),
                }
                self.at += 1;
                visitor.token(Token::Close { empty: false }, start, self.at)?;
                open.pop();
            }
        }
    }

    /// As [`peek_token`](Self::peek_token), and shows `visitor` what was skipped.
    #[inline(always)]
    fn peek_behind_gap<V: Visitor>(&mut self, visitor: &mut V) -> Result<Option<u8>, V::Error> {
        let start = self.at;
        let byte = self.peek_token();
        if self.at != start {
            visitor.gap(start, self.at)?;
        }
        Ok(byte)
    }

    /// Reads a member name and the colon after it. White space before it was skipped.
    #[inline(always)]
    fn walk_name<V: Visitor>(&mut self, visitor: &mut V) -> Result<(), V::Error> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.error(ErrorKind::ExpectedName).into());
        }
        self.pass_string()?;
        visitor.token(Token::Scalar, start, self.at)?;
        if self.peek_behind_gap(visitor)? != Some(b':') {
            return Err(self.error(ErrorKind::ExpectedColon).into());
        }
        self.at += 1;
        visitor.token(Token::Colon, self.at - 1, self.at)
    }
}

/// What a piece of a text is, white space apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An opening bracket; `empty` if the next token closes it.
    Open {
        empty: bool,
    },
    /// A closing bracket; `empty` if the token before it opened it.
    Close {
        empty: bool,
    },
    Comma,
    Colon,
    /// A member name, a string, a number, `true`, `false` or `null`.
    Scalar,
}

/// Sees the tokens of a value, each before what follows it is checked.
pub(crate) trait Visitor {
    type Error: From<Error>;

    /// A token, at `start..end` of the text.
    fn token(&mut self, token: Token, start: usize, end: usize) -> Result<(), Self::Error>;

    /// White space at `start..end` of the text, before the token that follows or within the value.
    #[inline(always)]
    fn gap(&mut self, _start: usize, _end: usize) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// For those who only want a value checked.
struct Discard;

impl Visitor for Discard {
    type Error = Error;

    #[inline(always)]
    fn token(&mut self, _: Token, _: usize, _: usize) -> Result<(), Error> {
        Ok(())
    }
}

/// Which of the open brackets are objects: a stack of bits, so that depth costs no recursion. Nothing is set up before
/// it is needed, since many values are skipped and few are deep.
pub(crate) struct Nesting {
    /// The innermost brackets, from the lowest bit up, and a one above them.
    bits: u64,
    /// The brackets around them, in the same form.
    around: Vec<u64>,
    /// How many more may be opened.
    room: usize,
}

/// No brackets.
const NO_BITS: u64 = 1;

impl Nesting {
    /// An empty stack within `base` brackets that are open already.
    pub(crate) fn new(base: usize) -> Self {
        Nesting { bits: NO_BITS, around: Vec::new(), room: MAX_DEPTH.saturating_sub(base) }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, object: bool) -> Result<(), ErrorKind> {
        self.room = self.room.checked_sub(1).ok_or(ErrorKind::TooDeep)?;
        if self.bits.leading_zeros() == 0 {
            self.bits = spill(&mut self.around, self.bits)?;
        }
        self.bits = self.bits << 1 | u64::from(object);
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) {
        self.room += 1;
        self.bits >>= 1;
        if self.bits == NO_BITS {
            self.bits = refill(&mut self.around);
        }
    }

    #[inline(always)]
    pub(crate) fn innermost(&self) -> Option<bool> {
        (self.bits != NO_BITS).then_some(self.bits & 1 == 1)
    }
}

// These two are apart, and don't take a `Nesting`, so that the bits of most texts stay in a register.

#[cold]
fn spill(around: &mut Vec<u64>, bits: u64) -> Result<u64, ErrorKind> {
    around.try_reserve(1).map_err(|_| ErrorKind::OutOfMemory)?;
    around.push(bits);
    Ok(NO_BITS)
}

#[cold]
fn refill(around: &mut Vec<u64>) -> u64 {
    around.pop().unwrap_or(NO_BITS)
}
