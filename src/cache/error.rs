//! What can go wrong.

use std::fmt;

/// Why an operation was refused. What the cache held before is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// An option is out of range; the text says which and why.
    Options(&'static str),
    /// The entry is larger than the cache may ever hold.
    TooLarge,
    /// The system refused memory, or other threads hold all that the limit allows.
    OutOfMemory,
    /// The cache was closed.
    Closed,
    /// The value is not a number of 64 bits.
    NotNumber,
    /// The sum is out of range.
    Overflow,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Error::Options(problem) => problem,
            Error::TooLarge => "the entry is larger than the cache may ever hold",
            Error::OutOfMemory => "out of memory",
            Error::Closed => "the cache is closed",
            Error::NotNumber => "the value is not a number of 64 bits",
            Error::Overflow => "the sum is out of range",
        })
    }
}

impl std::error::Error for Error {}
