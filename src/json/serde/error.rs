//! The error of reading and writing values.

use std::borrow::Cow;
use std::collections::TryReserveError;
use std::fmt::{self, Display};
use std::io;

use serde::{de, ser};

use crate::json::{Error, ErrorKind, Position};

/// Why a value could not be read from JSON or written as JSON.
pub struct CodecError(Box<Inner>);

struct Inner {
    cause: Cause,
    /// Where in the text, if reading failed.
    offset: Option<usize>,
    position: Option<Position>,
}

enum Cause {
    Text(ErrorKind),
    Data(Cow<'static, str>),
    Io(io::Error),
}

/// What sort of error a [`CodecError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecErrorKind {
    /// The text is not JSON, or the codec ran into a limit.
    Text(ErrorKind),
    /// The text is JSON, but not of the type that was asked for; or a value has no JSON form.
    Data,
    /// The reader or the writer failed.
    Io(io::ErrorKind),
}

impl CodecError {
    #[cold]
    fn new(cause: Cause) -> Self {
        CodecError(Box::new(Inner { cause, offset: None, position: None }))
    }

    #[cold]
    pub(super) fn data(message: &'static str) -> Self {
        Self::new(Cause::Data(message.into()))
    }

    /// The error, found at `offset` unless it is known better.
    #[cold]
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The error with its line and column in `text`, in which it was found.
    #[cold]
    pub(super) fn within(mut self, text: &[u8]) -> Self {
        self.0.position = self.0.offset.map(|offset| Position::of(text, offset));
        self
    }

    /// What sort of error it is.
    pub fn kind(&self) -> CodecErrorKind {
        match &self.0.cause {
            Cause::Text(kind) => CodecErrorKind::Text(*kind),
            Cause::Data(_) => CodecErrorKind::Data,
            Cause::Io(error) => CodecErrorKind::Io(error.kind()),
        }
    }

    /// The offset in bytes of what can't be accepted: a byte of the text, or the beginning of a value of
    /// another type than was expected. `None` if no text is to blame.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The line and column of [`offset`](Self::offset).
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }
}

impl Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Cause::Text(kind) => f.write_str(kind.message())?,
            Cause::Data(message) => f.write_str(message)?,
            Cause::Io(error) => Display::fmt(error, f)?,
        }
        match (self.0.position, self.0.offset) {
            (Some(Position { line, column }), _) => write!(f, " at line {line} column {column}"),
            (None, Some(offset)) => write!(f, " at byte {offset}"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodecError({:?}: {self})", self.kind())
    }
}

impl std::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl de::Error for CodecError {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        Self::new(Cause::Data(message.to_string().into()))
    }

    #[cold]
    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match unexpected {
            de::Unexpected::Unit => {
                Self::custom(format_args!("invalid type: null, expected {expected}"))
            }
            _ => Self::custom(format_args!("invalid type: {unexpected}, expected {expected}")),
        }
    }
}

impl ser::Error for CodecError {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        de::Error::custom(message)
    }
}

impl From<Error> for CodecError {
    #[cold]
    fn from(error: Error) -> Self {
        Self::new(Cause::Text(error.kind)).at(error.offset)
    }
}

impl From<TryReserveError> for CodecError {
    #[cold]
    fn from(_: TryReserveError) -> Self {
        Self::new(Cause::Text(ErrorKind::OutOfMemory))
    }
}

impl From<io::Error> for CodecError {
    #[cold]
    fn from(error: io::Error) -> Self {
        Self::new(Cause::Io(error))
    }
}

/// For functions that return I/O errors: the reader's or writer's own error, and others as
/// [`InvalidData`](io::ErrorKind::InvalidData) or [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
impl From<CodecError> for io::Error {
    fn from(error: CodecError) -> Self {
        let kind = match error.0.cause {
            Cause::Io(error) => return error,
            Cause::Text(ErrorKind::UnexpectedEnd) => io::ErrorKind::UnexpectedEof,
            Cause::Text(ErrorKind::OutOfMemory) => io::ErrorKind::OutOfMemory,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
