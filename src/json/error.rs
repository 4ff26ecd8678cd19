//! Errors that say what is wrong with a text, and where.

use std::collections::TryReserveError;
use std::fmt;

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text ends where more was expected.
    UnexpectedEnd,
    /// A value was expected.
    ExpectedValue,
    /// A member name, which is a string, was expected.
    ExpectedName,
    /// `:` was expected after a member name.
    ExpectedColon,
    /// `,` or `}` was expected after a member.
    ExpectedCommaOrBrace,
    /// `,` or `]` was expected after an element.
    ExpectedCommaOrBracket,
    /// A number breaks the grammar of RFC 8259, section 6.
    InvalidNumber,
    /// A number is beyond the range of its type.
    NumberOutOfRange,
    /// A backslash is followed by something that is no escape.
    InvalidEscape,
    /// A string contains a control character (below U+0020) that is not escaped.
    ControlCharacter,
    /// A string contains the escape of a surrogate (U+D800 to U+DFFF) without the other half of the
    /// pair, and is to become a Rust string.
    LoneSurrogate,
    /// A string contains bytes that are not UTF-8, and is to become a Rust string.
    InvalidUtf8,
    /// An object has two members of that name, where this is not wanted.
    DuplicateName,
    /// Something other than white space follows the value.
    TrailingData,
    /// Arrays and objects are nested more than [`MAX_DEPTH`](crate::json::MAX_DEPTH) deep.
    TooDeep,
    /// The text is longer than the operation takes.
    TooLong,
    /// The system refused memory for the output.
    OutOfMemory,
}

impl ErrorKind {
    /// The message for people, without a position.
    pub const fn message(self) -> &'static str {
        match self {
            ErrorKind::UnexpectedEnd => "unexpected end of JSON text",
            ErrorKind::ExpectedValue => "expected a value",
            ErrorKind::ExpectedName => "expected a member name in double quotes",
            ErrorKind::ExpectedColon => "expected ':' after a member name",
            ErrorKind::ExpectedCommaOrBrace => "expected ',' or '}' after a member",
            ErrorKind::ExpectedCommaOrBracket => "expected ',' or ']' after an element",
            ErrorKind::InvalidNumber => "invalid number",
            ErrorKind::NumberOutOfRange => "number out of range",
            ErrorKind::InvalidEscape => "invalid escape in a string",
            ErrorKind::ControlCharacter => "control character in a string must be escaped",
            ErrorKind::LoneSurrogate => "escape of half a surrogate pair",
            ErrorKind::InvalidUtf8 => "invalid UTF-8 in a string",
            ErrorKind::DuplicateName => "name of a member that is there already",
            ErrorKind::TrailingData => "unexpected data after the value",
            ErrorKind::TooDeep => "nested too deeply",
            ErrorKind::TooLong => "the text is too long",
            ErrorKind::OutOfMemory => "out of memory",
        }
    }
}

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Byte offset of the first byte that can't be accepted; the text's length if more was expected.
    pub offset: usize,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind.message(), self.offset)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// The error of a part, as one of the whole in which `offset` bytes stand before the part.
    pub(crate) fn after(self, offset: usize) -> Self {
        Error { offset: self.offset + offset, ..self }
    }
}

impl From<TryReserveError> for Error {
    fn from(_: TryReserveError) -> Self {
        Error { kind: ErrorKind::OutOfMemory, offset: 0 }
    }
}

/// A place in a text, as editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1; lines end with LF.
    pub line: usize,
    /// Column within the line in bytes, from 1.
    pub column: usize,
}

impl Position {
    /// The position of the byte at `offset`; offsets beyond the end count as the end.
    pub fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        Position {
            line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
            column: 1 + before.len() - line_start,
        }
    }
}
