//! The tape of a document: its values in the text's order, a word for each, and two more for arrays and objects.
//! docs/run.md has its format, for those who walk it in other languages.

use std::mem::MaybeUninit;

use super::error::{Error, ErrorKind};
use super::index::{Places, Tokens};
use super::output::{Full, Output};
use super::scan::MAX_DEPTH;
use super::text;
use super::walk::{Invalid, Walk};

/// What a word stands for: its highest three bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `null`.
    Null = 0,
    /// `true` or `false`.
    Bool = 1,
    /// A number.
    Number = 2,
    /// A string.
    String = 3,
    /// An array.
    Array = 4,
    /// An object.
    Object = 5,
}

/// The kind of the word at the end of an array or object.
const END: u64 = 6;

const KIND_SHIFT: u32 = 61;
const PAYLOAD_SHIFT: u32 = 31;
const PAYLOAD: u64 = (1 << (KIND_SHIFT - PAYLOAD_SHIFT)) - 1;
const OFFSET: u64 = (1 << PAYLOAD_SHIFT) - 1;

/// The payload of strings and numbers whose length is a word of its own.
const LONG: u64 = PAYLOAD;

/// Texts are shorter than this, so that offsets, and counts of elements, fit into their bits.
const MAX_LENGTH: usize = OFFSET as usize;

const fn word(kind: u64, payload: u64, offset: usize) -> u64 {
    kind << KIND_SHIFT | payload << PAYLOAD_SHIFT | offset as u64
}

/// Why there is no tape.
pub(crate) enum Stop {
    Text(Error),
    Full,
}

impl From<Full> for Stop {
    fn from(_: Full) -> Self {
        Stop::Full
    }
}

/// How many words are enough for any text, and how many for most.
pub(crate) fn capacities(text: &[u8]) -> (usize, usize) {
    // Brackets that never close, of which there are few, have two words for a byte.
    (text.len() + text.len().min(MAX_DEPTH) + 4, text.len() / 4 + 8)
}

/// Writes the tape of a text, which is checked completely, and returns its length.
pub(crate) fn write(text: &[u8], words: &mut [MaybeUninit<u64>]) -> Result<usize, Stop> {
    if text.len() > MAX_LENGTH {
        return Err(Stop::Text(Error { kind: ErrorKind::TooLong, offset: MAX_LENGTH }));
    }
    let mut places = Places::new();
    let mut words = Output::new(words);
    match write_tokens(Tokens::new(text, &mut places), &mut words) {
        Ok(()) => Ok(words.len()),
        Err(Failed::Full) => Err(Stop::Full),
        // The cursor finds the same fault, and says what and where it is.
        Err(Failed::Invalid) => Err(Stop::Text(match text::valid(text) {
            Err(error) => error,
            Ok(()) => Error { kind: ErrorKind::ExpectedValue, offset: 0 },
        })),
    }
}

enum Failed {
    Invalid,
    Full,
}

impl From<Invalid> for Failed {
    fn from(_: Invalid) -> Self {
        Failed::Invalid
    }
}

impl From<Full> for Failed {
    fn from(_: Full) -> Self {
        Failed::Full
    }
}

/// The place of no array or object.
const NOWHERE: usize = u32::MAX as usize;

/// The arrays and objects that are open are a list through their second words, which have the place of the one around until
/// they close.
fn write_tokens(mut tokens: Tokens, words: &mut Output<u64>) -> Result<(), Failed> {
    tokens.advance()?;
    let (mut open, mut is_object, mut count, mut depth) = (NOWHERE, false, 0_u64, 0);
    loop {
        let at = tokens.at();
        match tokens.byte() {
            b'"' => {
                let (start, end) = tokens.string()?;
                push(words, Kind::String, end - start, at)?;
            }
            b'-' | b'0'..=b'9' => {
                let end = tokens.number()?.end;
                push(words, Kind::Number, end - at, at)?;
            }
            b't' => {
                tokens.literal(b"true")?;
                words.push(word(Kind::Bool as u64, 1, at))?;
            }
            b'f' => {
                tokens.literal(b"false")?;
                words.push(word(Kind::Bool as u64, 0, at))?;
            }
            b'n' => {
                tokens.literal(b"null")?;
                words.push(word(Kind::Null as u64, 0, at))?;
            }
            bracket @ (b'{' | b'[') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Failed::Invalid);
                }
                if let Some(around) = words.written().get_mut(open) {
                    *around |= count << PAYLOAD_SHIFT;
                }
                is_object = bracket == b'{';
                let kind = if is_object { Kind::Object } else { Kind::Array };
                let place = words.push(word(kind as u64, 0, at))?;
                words.push(open as u64)?;
                (open, count) = (place, 0);
                tokens.advance()?;
                // The closing bracket is the second character after the opening one in ASCII.
                if tokens.byte() != bracket + 2 {
                    if is_object {
                        name(&mut tokens, words)?;
                    }
                    continue;
                }
                // Before the loop below counts it.
                count = u64::MAX;
            }
            _ => return Err(Failed::Invalid),
        }
        loop {
            if open == NOWHERE {
                return Ok(tokens.finish()?);
            }
            count = count.wrapping_add(1);
            let close = tokens.at();
            if tokens.next_or(if is_object { b'}' } else { b']' })? {
                if is_object {
                    name(&mut tokens, words)?;
                }
                break;
            }
            let next = 1 + words.push(word(END, 0, close))?;
            let written = words.written();
            written[open] |= count << PAYLOAD_SHIFT;
            open = std::mem::replace(&mut written[open + 1], next as u64) as usize;
            depth -= 1;
            if let Some(around) = written.get_mut(open) {
                is_object = *around >> KIND_SHIFT == Kind::Object as u64;
                count = *around >> PAYLOAD_SHIFT & PAYLOAD;
                *around &= !(PAYLOAD << PAYLOAD_SHIFT);
            }
        }
    }
}

#[inline(always)]
fn push(words: &mut Output<u64>, kind: Kind, length: usize, at: usize) -> Result<(), Full> {
    if length as u64 >= LONG {
        words.push(word(kind as u64, LONG, at))?;
        words.push(length as u64)?;
    } else {
        words.push(word(kind as u64, length as u64, at))?;
    }
    Ok(())
}

/// Writes a member's name, and moves on behind its colon.
#[inline(always)]
fn name(tokens: &mut Tokens, words: &mut Output<u64>) -> Result<(), Failed> {
    let at = tokens.at();
    let (start, end) = tokens.name()?;
    push(words, Kind::String, end - start, at)?;
    Ok(tokens.take(b':')?)
}

/// A place on a tape.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    pub(crate) tape: &'t [u64],
    pub(crate) place: usize,
}

impl Node<'_> {
    #[inline(always)]
    fn word(self) -> u64 {
        self.tape.get(self.place).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn second(self) -> usize {
        self.tape.get(self.place + 1).copied().unwrap_or(0) as usize
    }

    /// Whether the payload is a word of its own.
    #[inline(always)]
    fn is_long(self) -> bool {
        self.word() >> PAYLOAD_SHIFT & PAYLOAD == LONG
            && matches!(self.kind(), Some(Kind::Number | Kind::String))
    }

    /// What is there; None for the end of an array or object.
    #[inline(always)]
    pub(crate) fn kind(self) -> Option<Kind> {
        Some(match self.word() >> KIND_SHIFT {
            0 => Kind::Null,
            1 => Kind::Bool,
            2 => Kind::Number,
            3 => Kind::String,
            4 => Kind::Array,
            5 => Kind::Object,
            _ => return None,
        })
    }

    /// A boolean's value, the count of an array's elements or an object's members, or the length of a number or, without its
    /// quotes, a string.
    #[inline(always)]
    pub(crate) fn payload(self) -> usize {
        if self.is_long() {
            self.second()
        } else {
            (self.word() >> PAYLOAD_SHIFT & PAYLOAD) as usize
        }
    }

    /// Where it begins in the text.
    #[inline(always)]
    pub(crate) fn start(self) -> usize {
        (self.word() & OFFSET) as usize
    }

    /// Where it ends.
    pub(crate) fn end(self) -> usize {
        self.start()
            + match self.kind() {
                Some(Kind::Null) => 4,
                Some(Kind::Bool) => 5 - self.payload(),
                Some(Kind::Number) => self.payload(),
                Some(Kind::String) => self.payload() + 2,
                Some(Kind::Array | Kind::Object) => {
                    let end = Node { place: self.next().saturating_sub(1), ..self };
                    return end.start() + 1;
                }
                None => 1,
            }
    }

    /// The place behind it.
    #[inline(always)]
    pub(crate) fn next(self) -> usize {
        match self.kind() {
            Some(Kind::Array | Kind::Object) => self.second(),
            _ => self.place + 1 + usize::from(self.is_long()),
        }
    }
}
