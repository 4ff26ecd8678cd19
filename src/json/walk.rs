//! Walks over the tokens of a text: brackets, commas, colons, and what stands between them. Where a walk stands is at a token,
//! of which all before were passed. Bytes that are no part of JSON are tokens, too.

use super::number::Number;
use super::output::Output;

/// The text is not JSON. What is wrong and where is for [`Cursor`](super::scan::Cursor) to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// What was read of floats.
#[derive(Clone, Copy, Default)]
pub(crate) struct FloatsRead {
    /// How many tokens were passed.
    pub(super) tokens: usize,
    /// How many words were written: one for each float, behind one for each list with the head of an array.
    pub(super) words: usize,
    /// How many lists are complete.
    pub(super) lists: usize,
    /// How many floats of a list were read that is not complete yet.
    pub(super) open: usize,
}

/// A walk. Whoever walks checks the order of tokens; that each is right by itself is the walk's to check.
pub(crate) trait Walk<'a> {
    fn text(&self) -> &'a [u8];

    /// Where the current token begins; at the text's end its length.
    fn at(&self) -> usize;

    /// The first byte of the current token, 0 at the text's end.
    fn byte(&self) -> u8;

    /// Whether a string before the current token, the last one at least, may have bytes that are not UTF-8.
    fn not_utf8(&self) -> bool;

    /// Moves on to the first token.
    #[inline(always)]
    fn begin(&mut self) -> Result<(), Invalid> {
        self.begin_at(0)
    }

    /// Moves on to the first token from `at` on, which lies between tokens.
    fn begin_at(&mut self, at: usize) -> Result<(), Invalid>;

    /// Whether a walk of a text that may go on was invalid only as it lacks what may follow: it came to the end, and nothing is wrong before.
    fn lacks_more(&self) -> bool;

    /// Moves on to the next token, from one of a single byte.
    fn advance(&mut self) -> Result<(), Invalid>;

    /// Passes a string, whose opening quote is the current token; returns where its contents begin and end.
    fn string(&mut self) -> Result<(usize, usize), Invalid>;

    /// Passes a string and appends its value to `out`; returns its length. May do nothing.
    #[inline(always)]
    fn copy_string(&mut self, _out: &mut Output<u8>) -> Option<usize> {
        None
    }

    /// Passes a string that is an integer of few digits and `fits`. May do nothing.
    #[inline(always)]
    fn integer_name(&mut self, _fits: impl FnOnce(i64) -> bool) -> Option<i64> {
        None
    }

    /// Whether `text[start..end]`, the contents of the string before the current token, is known to have no backslash.
    fn is_plain(&self, start: usize, end: usize) -> bool;

    /// Passes the current token, a single byte, and the name and the colon behind it, if `stands` finds the name, of `length` bytes with
    /// its quotes, where the next token begins. They may be there and not be seen.
    fn pass_name_if(&mut self, length: usize, stands: impl FnOnce(&[u8], usize) -> bool) -> bool;

    /// Passes an integer of few digits, which the next token follows at once. For other numbers does nothing.
    fn short_integer(&mut self) -> Result<Option<i64>, Invalid>;

    /// Passes elements that are integers of few digits that `fits`, and the commas behind them, and appends them to `out`; returns how
    /// many, and whether the current token should be another element, not what follows the last one. More may be there and not be seen.
    fn integers(&mut self, fits: impl Fn(i64) -> bool, out: &mut Output<u64>) -> (usize, bool);

    /// Within an array, decodes its floats, or with `nested` its lists of floats, from the current token on, as far as that is done
    /// faster than by one. What follows the last one is the current token then.
    #[inline(always)]
    fn floats(
        &mut self,
        _nested: bool,
        _single: bool,
        _out: &mut Output<u64>,
    ) -> Result<FloatsRead, Invalid> {
        Ok(FloatsRead::default())
    }

    /// Passes a number, whose first byte was seen.
    fn number(&mut self) -> Result<Number, Invalid>;

    /// Passes `literal`, whose first byte was seen.
    fn literal(&mut self, literal: &'static [u8]) -> Result<(), Invalid>;

    /// Passes a value that lies within `depth` arrays and objects; returns where it ends.
    fn skip_value(&mut self, depth: usize) -> Result<usize, Invalid>;

    /// Checks that all tokens were passed.
    #[inline(always)]
    fn finish(&self) -> Result<(), Invalid> {
        if self.at() == self.text().len() { Ok(()) } else { Err(Invalid) }
    }

    /// Passes the token that is `byte`.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> Result<(), Invalid> {
        if self.byte() == byte { self.advance() } else { Err(Invalid) }
    }

    /// Passes the comma behind an element or member, or the bracket `close`; tells whether it was a comma.
    #[inline(always)]
    fn next_or(&mut self, close: u8) -> Result<bool, Invalid> {
        let more = self.byte() == b',';
        if !more && self.byte() != close {
            return Err(Invalid);
        }
        self.advance().map(|()| more)
    }

    /// As [`string`](Self::string), if the current token is one.
    #[inline(always)]
    fn name(&mut self) -> Result<(usize, usize), Invalid> {
        if self.byte() == b'"' { self.string() } else { Err(Invalid) }
    }
}
