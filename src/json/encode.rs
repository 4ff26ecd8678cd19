//! Encoding by a shape: the values of a document, gathered in the shape's order into a run of words and
//! string bytes, are rendered as compact JSON in one pass.
//! docs/run.md has the run's format.

use std::mem::MaybeUninit;

use super::decode::MAX_SHAPE_DEPTH;
use super::number;
use super::output::{Full, Output};
use super::shape::{Kind, Shape};
use super::{string, text};

/// Labels of values whose kind the shape leaves open; those of decoding, and these.
pub mod tag {
    pub use crate::json::decode::tag::*;
    /// A signed integer; its bits follow.
    pub const INT: u64 = 7;
    /// An unsigned integer; its bits follow.
    pub const UINT: u64 = 8;
    /// A float of single precision; the bits of its double follow.
    pub const FLOAT32: u64 = 9;
    /// JSON text, to be checked and compacted; the payload is its length.
    pub const RAW: u64 = 10;
    /// JSON text that an encoder made, copied as it is; the payload is its length.
    pub const RENDERED: u64 = 11;
    /// Bytes, as base64; the payload is their length.
    pub const BYTES: u64 = 12;
}

/// How values are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct EncodeOptions {
    /// `<`, `>` and `&` in strings are escaped, so that the text can stand in HTML.
    pub escape_html: bool,
}

/// Why a run was not encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The words don't fit the shape.
    Run,
    /// A value has no JSON form: a float that is not finite, or JSON text that is not valid.
    Value,
    /// The buffer is too small.
    Full,
}

impl From<Full> for EncodeError {
    fn from(_: Full) -> Self {
        EncodeError::Full
    }
}

type Result<T, E = EncodeError> = std::result::Result<T, E>;

/// Encodes the value that `words` and `strings` hold; returns the length of the JSON text in `output`.
pub fn encode(
    shape: &Shape,
    words: &[u64],
    strings: &[u8],
    options: EncodeOptions,
    output: &mut [MaybeUninit<u8>],
) -> Result<usize> {
    let mut encoder = Encoder { shape, options, words, strings, output: Output::new(output) };
    encoder.value(0, 0)?;
    match encoder.words {
        [] => Ok(encoder.output.len()),
        _ => Err(EncodeError::Run),
    }
}

struct Encoder<'a> {
    shape: &'a Shape,
    options: EncodeOptions,
    /// What is left of the run.
    words: &'a [u64],
    strings: &'a [u8],
    output: Output<'a, u8>,
}

impl<'a> Encoder<'a> {
    #[inline(always)]
    fn word(&mut self) -> Result<u64> {
        let (&word, rest) = self.words.split_first().ok_or(EncodeError::Run)?;
        self.words = rest;
        Ok(word)
    }

    /// A length or count that is one too large, so that 0 can mean null.
    #[inline(always)]
    fn nullable(&mut self) -> Result<Option<u64>> {
        match self.word()?.checked_sub(1) {
            None => {
                self.output.extend(b"null")?;
                Ok(None)
            }
            some => Ok(some),
        }
    }

    #[inline(always)]
    fn take(&mut self, length: u64) -> Result<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| EncodeError::Run)?;
        let (taken, rest) = self.strings.split_at_checked(length).ok_or(EncodeError::Run)?;
        self.strings = rest;
        Ok(taken)
    }

    fn value(&mut self, node: usize, depth: usize) -> Result<()> {
        if depth > 2 * MAX_SHAPE_DEPTH {
            return Err(EncodeError::Run);
        }
        let shape = self.shape;
        let node = &shape.nodes[node];
        match &node.kind {
            Kind::Struct(members) => {
                let mut separator = b'{';
                for member in &members.list {
                    if member.optional && self.word()? == 0 {
                        continue;
                    }
                    self.output.push(separator)?;
                    separator = b',';
                    self.output.extend(member.literal(self.options.escape_html))?;
                    self.value(member.node, depth + 1)?;
                }
                if separator == b'{' {
                    self.output.push(b'{')?;
                }
                self.output.push(b'}')?;
            }
            Kind::Array { element } => {
                let Some(count) = self.nullable()? else { return Ok(()) };
                self.output.push(b'[')?;
                for number in 0..count {
                    if number > 0 {
                        self.output.push(b',')?;
                    }
                    self.value(*element, depth + 1)?;
                }
                self.output.push(b']')?;
            }
            Kind::Map { element, .. } => {
                let Some(count) = self.nullable()? else { return Ok(()) };
                self.output.push(b'{')?;
                for number in 0..count {
                    self.name(number)?;
                    self.value(*element, depth + 1)?;
                }
                self.output.push(b'}')?;
            }
            Kind::Optional { element } => match self.word()? {
                0 => self.output.extend(b"null")?,
                1 => self.value(*element, depth + 1)?,
                _ => return Err(EncodeError::Run),
            },
            Kind::Any => self.any(depth)?,
            scalar if node.quoted => self.quoted(scalar)?,
            scalar => self.scalar(scalar)?,
        }
        Ok(())
    }

    #[inline(always)]
    fn scalar(&mut self, kind: &Kind) -> Result<()> {
        let word = self.word()?;
        match kind {
            Kind::Bool => self.boolean(word != 0)?,
            Kind::Int { .. } => number::write_int(word as i64, &mut self.output)?,
            Kind::Uint { .. } => number::write_uint(word, &mut self.output)?,
            Kind::Float64 => self.float(word)?,
            Kind::Float32 => self.float32(word)?,
            Kind::String => self.string(word)?,
            Kind::Bytes | Kind::Text => match word.checked_sub(1) {
                None => self.output.extend(b"null")?,
                Some(length) if matches!(kind, Kind::Text) => self.string(length)?,
                Some(length) => self.bytes(length)?,
            },
            Kind::Number => {
                let literal = self.take(word)?;
                self.output.extend(literal)?;
            }
            Kind::Raw => self.raw(word)?,
            _ => return Err(EncodeError::Run),
        }
        Ok(())
    }

    fn boolean(&mut self, value: bool) -> Result<()> {
        Ok(self.output.extend(if value { b"true" } else { b"false" })?)
    }

    fn float(&mut self, bits: u64) -> Result<()> {
        let value = f64::from_bits(bits);
        if !value.is_finite() {
            return Err(EncodeError::Value);
        }
        Ok(number::write_f64(value, &mut self.output)?)
    }

    fn float32(&mut self, bits: u64) -> Result<()> {
        let value = f64::from_bits(bits) as f32;
        if !value.is_finite() {
            return Err(EncodeError::Value);
        }
        Ok(number::write_f32(value, &mut self.output)?)
    }

    #[inline(always)]
    fn string(&mut self, length: u64) -> Result<()> {
        let value = self.take(length)?;
        Ok(string::escape(value, self.options.escape_html, &mut self.output)?)
    }

    fn bytes(&mut self, length: u64) -> Result<()> {
        let value = self.take(length)?;
        Ok(string::base64(value, &mut self.output)?)
    }

    fn raw(&mut self, length: u64) -> Result<()> {
        let value = self.take(length)?;
        text::compact_to(value, self.options.escape_html, &mut self.output).map_err(|failure| {
            match failure {
                text::Failure::Text(_) => EncodeError::Value,
                text::Failure::Sink(Full) => EncodeError::Full,
            }
        })
    }

    /// Writes a scalar inside a string, as the `,string` option of `encoding/json` has it.
    fn quoted(&mut self, kind: &Kind) -> Result<()> {
        match kind {
            Kind::String => {
                let length = self.word()?;
                let value = self.take(length)?;
                // A string's literal may grow sixfold.
                let mut inner = vec![MaybeUninit::uninit(); 6 * value.len() + 2];
                let mut inner = Output::new(&mut inner);
                string::escape(value, self.options.escape_html, &mut inner)?;
                string::escape(inner.written(), false, &mut self.output)?;
            }
            // These stay as they are: encoding/json quotes booleans and numbers only.
            Kind::Bytes | Kind::Text | Kind::Raw => self.scalar(kind)?,
            _ => {
                self.output.push(b'"')?;
                self.scalar(kind)?;
                self.output.push(b'"')?;
            }
        }
        Ok(())
    }

    /// Writes a member's name, and what stands before and after it.
    fn name(&mut self, number: u64) -> Result<()> {
        if number > 0 {
            self.output.push(b',')?;
        }
        let length = self.word()?;
        self.string(length)?;
        self.output.push(b':')?;
        Ok(())
    }

    fn any(&mut self, depth: usize) -> Result<()> {
        if depth > 2 * MAX_SHAPE_DEPTH {
            return Err(EncodeError::Run);
        }
        let head = self.word()?;
        let payload = head >> 32;
        if head & 1 != 0 {
            self.output.extend(b"null")?;
            return Ok(());
        }
        match (head as u32 >> 1).into() {
            tag::BOOL => self.boolean(payload != 0)?,
            tag::FLOAT => {
                let bits = self.word()?;
                self.float(bits)?;
            }
            tag::FLOAT32 => {
                let bits = self.word()?;
                self.float32(bits)?;
            }
            tag::INT => number::write_int(self.word()? as i64, &mut self.output)?,
            tag::UINT => number::write_uint(self.word()?, &mut self.output)?,
            tag::STRING => self.string(payload)?,
            tag::BYTES => self.bytes(payload)?,
            tag::RAW => self.raw(payload)?,
            tag::NUMBER | tag::RENDERED => {
                let literal = self.take(payload)?;
                self.output.extend(literal)?;
            }
            tag::ARRAY => {
                self.output.push(b'[')?;
                for number in 0..payload {
                    if number > 0 {
                        self.output.push(b',')?;
                    }
                    self.any(depth + 1)?;
                }
                self.output.push(b']')?;
            }
            tag::OBJECT => {
                self.output.push(b'{')?;
                for number in 0..payload {
                    self.name(number)?;
                    self.any(depth + 1)?;
                }
                self.output.push(b'}')?;
            }
            _ => return Err(EncodeError::Run),
        }
        Ok(())
    }
}
