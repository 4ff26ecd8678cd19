//! The error of reading and writing values.

use std::borrow::Cow;
use std::collections::TryReserveError;
use std::fmt::{self, Display};
use std::io;

use serde::{de, ser};

use super::pointer::pointer_to;
use crate::json::{Error, ErrorKind, Position};

/// Why a value could not be read from JSON or written as JSON.
pub struct CodecError(Box<Inner>);

struct Inner {
    cause: Cause,
    /// Where in the text, if reading failed.
    offset: Option<usize>,
    position: Option<Position>,
    pointer: Option<String>,
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
        CodecError(Box::new(Inner { cause, offset: None, position: None, pointer: None }))
    }

    #[cold]
    pub(super) fn data(message: &'static str) -> Self {
        Self::new(Cause::Data(message.into()))
    }

    /// The error, found at `offset` unless it is known better.
    #[cold]
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.locate(offset);
        self
    }

    /// Notes that the error was found at `offset`, unless it is known better.
    #[cold]
    pub(super) fn locate(&mut self, offset: usize) {
        self.0.offset.get_or_insert(offset);
    }

    /// The error with its line, column and pointer in `text`, in which it was found.
    #[cold]
    pub(super) fn within(mut self, text: &[u8]) -> Self {
        self.0.position = self.0.offset.map(|offset| Position::of(text, offset));
        self.0.pointer = self.0.offset.map(|offset| pointer_to(text, offset));
        self
    }

    /// The error of a part, as one of the whole in which `offset` bytes are before the part, which begins at `start`.
    #[cold]
    pub(super) fn after(mut self, offset: usize, start: Position) -> Self {
        if let Some(own) = &mut self.0.offset {
            *own += offset;
        }
        if let Some(own) = &mut self.0.position {
            if own.line == 1 {
                own.column += start.column - 1;
            }
            own.line += start.line - 1;
        }
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

    /// The line and column of [`offset`](Self::offset). `None` if the text is not known, as with a [`Deserializer`]
    /// that is used by itself.
    ///
    /// [`Deserializer`]: super::Deserializer
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// The pointer (RFC 6901) to the innermost value around [`offset`](Self::offset), such as `/orders/3/price`: what
    /// was of another type than was expected, or where the text breaks off. A wrong member name belongs to its object. `None` if
    /// [`position`](Self::position) is.
    ///
    /// ```
    /// let text = r#"{"orders": [{"price": 1}, {"price": "?"}]}"#;
    /// type Orders = std::collections::HashMap<String, Vec<std::collections::HashMap<String, u8>>>;
    /// let error = tandem::json::from_str::<Orders>(text).unwrap_err();
    /// assert_eq!(error.pointer(), Some("/orders/1/price"));
    /// ```
    pub fn pointer(&self) -> Option<&str> {
        self.0.pointer.as_deref()
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
