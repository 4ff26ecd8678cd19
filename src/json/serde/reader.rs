//! Reading from readers.

use std::io::{self, Read};
use std::iter::FusedIterator;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::de::Deserializer;
use super::error::CodecError;
use crate::json::stream::Scanner;
use crate::json::{Error, ErrorKind, Position};

/// How many bytes a reader is asked for at most at a time, and so the most that is read beyond a value or an error.
const BLOCK: usize = 1 << 16;

/// Reads a value from all that `reader` has, which is JSON text and held in memory meanwhile. Of a text that is not JSON,
/// no more is read than at most 64 KiB beyond the first byte that can't be accepted.
///
/// # Errors
/// Those of [`from_slice`](super::from_slice), and the reader's own.
pub fn from_reader<R: Read, T: DeserializeOwned>(reader: R) -> Result<T, CodecError> {
    let mut values = Deserializer::from_reader(reader).into_iter();
    match values.next() {
        Some(value) => {
            let value = value?;
            values.source.finish()?;
            Ok(value)
        }
        None => Err(values.source.error(ErrorKind::UnexpectedEnd)),
    }
}

impl Deserializer<'_> {
    /// Reads the values that follow one another in what `reader` has. It is asked for blocks of 64 KiB: a buffer around it
    /// would do nothing.
    pub fn from_reader<R: Read>(reader: R) -> ReaderDeserializer<R> {
        ReaderDeserializer { reader }
    }
}

/// Reads values from a reader: what [`Deserializer::from_reader`] returns.
pub struct ReaderDeserializer<R> {
    reader: R,
}

impl<R: Read> ReaderDeserializer<R> {
    /// The values that follow one another, with or without white space between them: the lines of NDJSON, for one.
    #[expect(clippy::should_implement_trait, reason = "named as in serde_json, and generic")]
    pub fn into_iter<T: DeserializeOwned>(self) -> ReaderValues<R, T> {
        ReaderValues { source: Source::new(self.reader), failed: false, value: PhantomData }
    }
}

/// Reads the values of a reader one after the other, each when it is asked for, with memory for the largest. It ends after the
/// first error.
///
/// At most 64 KiB beyond a value are read before it is returned, and nothing that the reader has to be waited for, save the byte
/// behind a number, a string or a literal, which may go on.
///
/// ```
/// use tandem::json::Deserializer;
///
/// let log = std::io::Cursor::new("{\"id\": 1}\n{\"id\": 2}\n{\"id\": true}\n");
/// type Line = std::collections::BTreeMap<String, u32>;
/// let mut lines = Deserializer::from_reader(log).into_iter::<Line>();
/// assert_eq!(lines.next().transpose()?.unwrap()["id"], 1);
/// assert_eq!(lines.next().transpose()?.unwrap()["id"], 2);
/// let error = lines.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "invalid type: boolean `true`, expected u32 at line 3 column 8");
/// # Ok::<(), tandem::json::CodecError>(())
/// ```
pub struct ReaderValues<R, T> {
    source: Source<R>,
    failed: bool,
    value: PhantomData<fn() -> T>,
}

impl<R, T> ReaderValues<R, T> {
    /// How many bytes make up the values by now, and the white space before them. After an error, the bytes before the value
    /// that it is about.
    pub fn byte_offset(&self) -> usize {
        self.source.consumed + self.source.start
    }
}

impl<R: Read, T: DeserializeOwned> Iterator for ReaderValues<R, T> {
    type Item = Result<T, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let result = self.source.next_value().transpose();
        self.failed = matches!(result, Some(Err(_)));
        result
    }
}

impl<R: Read, T: DeserializeOwned> FusedIterator for ReaderValues<R, T> {}

/// The text of a reader, of which the part that is needed is in memory.
struct Source<R> {
    reader: R,
    /// The text, up to `filled`; then room for more.
    buffer: Vec<u8>,
    filled: usize,
    /// Where in the buffer the text begins that was not read as values yet.
    start: usize,
    /// What was before the buffer: bytes, line feeds, and bytes behind the last of these.
    consumed: usize,
    lines: usize,
    column: usize,
}

impl<R: Read> Source<R> {
    fn new(reader: R) -> Self {
        let (buffer, filled, start) = (Vec::new(), 0, 0);
        Source { reader, buffer, filled, start, consumed: 0, lines: 0, column: 0 }
    }

    /// Reads more text; tells whether there was any.
    fn fill(&mut self) -> Result<bool, CodecError> {
        if self.start > 0 && self.start >= self.filled / 2 {
            self.forget();
        }
        if self.buffer.len() < self.filled + BLOCK {
            let room = self.buffer.len().max(BLOCK);
            self.buffer.try_reserve(room)?;
            self.buffer.resize(self.buffer.len() + room, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..][..BLOCK]) {
                Ok(length) => {
                    self.filled += length;
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Drops the text that was read as values.
    fn forget(&mut self) {
        let Position { line, column } = Position::of(&self.buffer[..self.start], self.start);
        self.column = if line == 1 { self.column + column - 1 } else { column - 1 };
        self.lines += line - 1;
        self.consumed += self.start;
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
    }

    /// Skips white space; tells whether anything follows it.
    fn skip_whitespace(&mut self) -> Result<bool, CodecError> {
        loop {
            let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
            let rest = &self.buffer[self.start..self.filled];
            match rest.iter().position(|byte| !space(byte)) {
                Some(length) => {
                    self.start += length;
                    return Ok(true);
                }
                None => self.start = self.filled,
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
    }

    /// Reads the next value, if there is one.
    fn next_value<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CodecError> {
        if !self.skip_whitespace()? {
            return Ok(None);
        }
        let mut scanner = Scanner::default();
        let mut scanned = self.start;
        // A value that is no value, or not whole, is read as far as it goes: that tells best what is wrong with it.
        let end = loop {
            match scanner.scan(&self.buffer[scanned..self.filled]) {
                Ok(Some(length)) => break scanned + length,
                Err(length) => break scanned + length,
                Ok(None) => {
                    // What was scanned stays the same distance from the start, which may move.
                    let length = self.filled - self.start;
                    if !self.fill()? {
                        break self.filled;
                    }
                    scanned = self.start + length;
                }
            }
        };
        // The byte behind it tells whether a number or a literal ends there.
        let end = self.filled.min(end + 1);
        let text = &self.buffer[self.start..end];
        let mut deserializer = Deserializer::from_slice(text);
        match deserializer.next_value() {
            Some(Ok(value)) => {
                self.start += deserializer.place().1;
                Ok(Some(value))
            }
            Some(Err(error)) => Err(self.placed(error.within(text))),
            None => Ok(None),
        }
    }

    /// Checks that nothing but white space is left.
    fn finish(&mut self) -> Result<(), CodecError> {
        match self.skip_whitespace()? {
            true => Err(self.error(ErrorKind::TrailingData)),
            false => Ok(()),
        }
    }

    /// An error at the start of what is left.
    fn error(&self, kind: ErrorKind) -> CodecError {
        let rest = &self.buffer[self.start..self.filled];
        self.placed(CodecError::from(Error { kind, offset: 0 }).within(rest))
    }

    /// An error in what is left, as one in all of the text.
    fn placed(&self, error: CodecError) -> CodecError {
        let Position { line, column } = Position::of(&self.buffer[..self.start], self.start);
        let column = if line == 1 { self.column + column } else { column };
        error.after(self.consumed + self.start, Position { line: self.lines + line, column })
    }
}
