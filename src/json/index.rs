//! The structural index: where the tokens of a text begin, found for 64 bytes at a time without a branch on what they
//! are (G. Langdale and D. Lemire, "Parsing Gigabytes of JSON per Second", 2019).
//!
//! A [`Tokens`] walks over these places. It scans a chunk of the text when the one before is used up, so that what it
//! finds is still in the first-level cache when it is read, and a short text pays for no more than it has. Strings are
//! checked completely on the way: that they end, that they have no control characters, that their escapes are
//! right. So whoever walks only checks the order of tokens, numbers and literals, and skips a string by moving on.
//!
//! There is a kernel for each kind of processor, chosen when a walk begins. All of them are tested on every machine that
//! has them, and the portable one everywhere.

use std::mem::MaybeUninit;
use std::sync::LazyLock;

use super::number::{self, Number};
use super::output::Output;
use super::scan::Nesting;
use super::string;
use super::walk::{FloatsRead, Invalid, Walk};
use grammar::Passes;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod floats;
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code))] // others have the cursor
mod grammar;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod utf8;

/// How many bytes a block has: one for each bit of a word.
const BLOCK: usize = 64;

/// How many bytes are scanned at a time. Their places fill at most a quarter of a first-level cache, and mostly a tenth.
pub(crate) const CHUNK: usize = 4096;

/// Room for what a chunk has, which whoever walks has on the stack.
pub(crate) struct Places {
    /// Where tokens begin. Places beyond the last are written, too.
    tokens: [MaybeUninit<u32>; CHUNK + BLOCK],
    /// Which bytes of a block are backslashes, if it has any.
    backslashes: [MaybeUninit<u64>; CHUNK / BLOCK],
}

impl Places {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Places {
            tokens: [MaybeUninit::uninit(); CHUNK + BLOCK],
            backslashes: [MaybeUninit::uninit(); CHUNK / BLOCK],
        }
    }

    /// Writes the places of all `bits` from `count` on, each plus `base`; returns the new count.
    #[inline(always)]
    fn write(&mut self, count: usize, base: u32, bits: u64) -> usize {
        assert!(count <= CHUNK, "no more places than bytes");
        count
            + for_each_bit(bits, |number, place| {
                // SAFETY: `number` is below 64, and so many places are left behind `CHUNK` of them.
                let room = unsafe { self.tokens.get_unchecked_mut(count + number) };
                room.write(base.wrapping_add(place));
            })
    }
}

/// Hands number and place of each bit to `take`, eight at a time: others than are set have numbers below 64, too, and the
/// place 64. Most blocks have fewer than eight, and a loop would be left at another place each time. Returns how many are set.
#[inline(always)]
fn for_each_bit(mut bits: u64, mut take: impl FnMut(usize, u32)) -> usize {
    let found = bits.count_ones() as usize;
    let mut next = |number: usize| {
        take(number, bits.trailing_zeros());
        bits &= bits.wrapping_sub(1);
    };
    (0..8).for_each(&mut next);
    if found > 8 {
        (8..16).for_each(&mut next);
        if found > 16 {
            (16..found).for_each(&mut next);
        }
    }
    found
}

/// What a kernel must know of the text before a chunk. Words alone: bytes are cleared together with parts of their neighbours,
/// which a processor then has to wait for.
#[derive(Clone, Copy, Default)]
struct Carry {
    /// All ones if the chunk begins inside of a string.
    in_string: u64,
    /// 1 if the first byte is escaped.
    escaped: u64,
    /// 1 if the byte before was of a number or a literal.
    scalar: u64,
    /// 1 if there are bytes beyond ASCII in the block before.
    non_ascii: u64,
}

/// What a kernel has found in a chunk.
struct Found {
    /// How many tokens begin there.
    count: usize,
    /// Whether there are bytes beyond ASCII, or such may go on there.
    non_ascii: bool,
    /// Whether all bytes that were looked at are UTF-8.
    utf8: bool,
    /// Which blocks have backslashes.
    backslashes: u64,
    /// Whether a string is wrong. Only the tokens before that are counted.
    broken: bool,
}

/// What is done by the block, with the instructions of one kind of processor.
struct Kernel {
    /// Scans `text[from..to]`, of which `from` is where a block begins, and writes the places of its tokens in `text`.
    scan: fn(text: &[u8], from: usize, to: usize, &mut Carry, &mut Places) -> Found,
    /// The grammar by the block, where that is faster than a cursor.
    passes: Option<Passes>,
    /// Lists of floats, where there is something faster than a walk.
    floats: Option<Floats>,
}

/// Reads the floats of a list, or of the lists of one, from the token on that is the first of `places`, as far as they are written
/// as most are.
type Floats = fn(
    text: &[u8],
    places: &[u32],
    room: &mut [MaybeUninit<u64>],
    nested: bool,
    single: bool,
) -> FloatsRead;

/// Whether `text` is JSON, if that can be told faster than by a cursor: what is not may still be.
#[inline]
pub(crate) fn is_valid(text: &[u8]) -> bool {
    kernel().passes.as_ref().is_some_and(|passes| grammar::valid(passes, text))
}

/// As [`is_valid`]; writes the text without white space between tokens to `out`, if that is as long as the text, and returns
/// how many bytes these are.
#[inline]
pub(crate) fn compact(text: &[u8], out: &mut [MaybeUninit<u8>]) -> Option<usize> {
    kernel().passes.as_ref().and_then(|passes| grammar::compact(passes, text, out))
}

/// A part of a text without white space between tokens.
pub(crate) struct Part<'a> {
    /// The first `length` bytes, and a block of zeros.
    pub(crate) padded: &'a [u8],
    pub(crate) length: usize,
    /// Where brackets, commas and colons are.
    pub(crate) operators: &'a [u32],
}

/// Whether `text` is JSON, if that can be told so; hands it without white space between tokens to `take`, part by part. What
/// is wrong may be found later.
#[inline]
pub(crate) fn compact_parts<E>(
    text: &[u8],
    take: impl FnMut(Part) -> Result<(), E>,
) -> Result<Option<bool>, E> {
    match &kernel().passes {
        Some(passes) => grammar::compact_parts(passes, text, take),
        None => Ok(None),
    }
}

/// What strings are made of; bit n stands for byte n of a block.
struct Strings {
    quotes: u64,
    backslashes: u64,
    /// Below U+0020.
    control: u64,
    non_ascii: bool,
}

/// What is between strings.
struct Between {
    /// `{`, `}`, `[`, `]`, `:`, `,`, and perhaps control characters.
    operators: u64,
    white_space: u64,
}

/// How many bytes before a block are looked at together with it: a vector, of which three matter.
const BEFORE: usize = 16;

/// A block with what is before it.
const WINDOW: usize = BEFORE + BLOCK;

/// 64 bytes.
trait Block {
    /// What is wrong with bytes that should be UTF-8.
    type Faults: Copy;

    fn no_faults() -> Self::Faults;

    /// Adds what is wrong with the block at the end of `window`, and with characters that should go on there.
    fn find_faults(faults: &mut Self::Faults, window: &[u8; WINDOW]);

    fn is_any(faults: Self::Faults) -> bool;

    /// A block that begins with `bytes`, which are fewer, and ends with spaces.
    #[inline(always)]
    fn padded(bytes: &[u8]) -> [u8; BLOCK] {
        let mut block = [b' '; BLOCK];
        block[..bytes.len()].copy_from_slice(bytes);
        block
    }

    fn strings(bytes: &[u8; BLOCK]) -> Strings;

    fn between(bytes: &[u8; BLOCK]) -> Between;

    /// Which of the escapes are wrong, whose backslashes are the bits of the block of `text` that begins at `from`.
    #[inline(always)]
    fn wrong_escapes(text: &[u8], from: usize, escapes: u64) -> u64 {
        wrong_escapes_alone(text, from, escapes)
    }

    /// Writes the places of all `bits` from `count` on, each plus `base`; returns the new count.
    #[inline(always)]
    fn write(places: &mut Places, count: usize, base: u32, bits: u64) -> usize {
        places.write(count, base, bits)
    }

    /// Each bit of the result is the sum, modulo 2, of that bit and all below it.
    #[inline(always)]
    fn prefix_xor(mut bits: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        bits
    }
}

/// A kernel's body, to be inlined into a function that may use the instructions of `B`.
#[inline(always)]
fn scan<B: Block>(
    text: &[u8],
    from: usize,
    to: usize,
    carry: &mut Carry,
    places: &mut Places,
) -> Found {
    let mut state = *carry;
    let mut faults = B::no_faults();
    let mut found = Found { count: 0, non_ascii: false, utf8: true, backslashes: 0, broken: false };
    let mut rest = &text[from..to];
    let mut at = from;
    while let Some((block, after)) = rest.split_first_chunk() {
        step::<B>(
            text,
            at,
            block,
            (at - from) / BLOCK,
            &mut state,
            places,
            &mut found,
            &mut faults,
        );
        at += BLOCK;
        rest = after;
        if found.broken {
            rest = &[];
            break;
        }
    }
    if !rest.is_empty() {
        let block = B::padded(rest);
        step::<B>(
            text,
            at,
            &block,
            (at - from) / BLOCK,
            &mut state,
            places,
            &mut found,
            &mut faults,
        );
    }
    if found.non_ascii {
        find_faults_at_edges::<B>(text, from, rest, &mut faults);
        found.utf8 = !B::is_any(faults);
    }
    *carry = state;
    found
}

/// Where the text has windows of its own.
#[inline(always)]
fn window(text: &[u8], at: usize) -> Option<&[u8; WINDOW]> {
    text.get(at.checked_sub(BEFORE)?..)?.first_chunk()
}

/// Looks at the first block of the text and at its `rest` at the end, for which there is no window.
#[inline(always)]
fn find_faults_at_edges<B: Block>(text: &[u8], from: usize, rest: &[u8], faults: &mut B::Faults) {
    let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else {
        let mut both = [b' '; WINDOW + BLOCK];
        both[BEFORE..][..text.len()].copy_from_slice(text);
        let windows = both.first_chunk().into_iter().chain(both.last_chunk());
        windows.for_each(|window| B::find_faults(faults, window));
        return;
    };
    if !rest.is_empty() {
        B::find_faults(faults, last);
    }
    if from < BEFORE {
        B::find_faults(faults, first);
        if !first[..BEFORE].is_ascii() {
            let mut window = [b' '; WINDOW];
            window[BEFORE..].copy_from_slice(&first[..BLOCK]);
            B::find_faults(faults, &window);
        }
    }
}

#[expect(clippy::too_many_arguments)]
#[inline(always)]
fn step<B: Block>(
    text: &[u8],
    from: usize,
    block: &[u8; BLOCK],
    number: usize,
    carry: &mut Carry,
    places: &mut Places,
    found: &mut Found,
    faults: &mut B::Faults,
) {
    let strings = B::strings(block);
    // A character may go on in the next block.
    if u64::from(strings.non_ascii) | carry.non_ascii != 0 {
        found.non_ascii = true;
        if let Some(window) = window(text, from) {
            B::find_faults(faults, window);
        }
    }
    carry.non_ascii = strings.non_ascii.into();
    if strings.backslashes != 0 {
        found.backslashes |= 1 << number;
        places.backslashes[number].write(strings.backslashes);
    }
    let Some(Inside { quotes, in_string, wrong }) = inside::<B>(text, from, &strings, carry) else {
        return; // no tokens
    };
    let classes = B::between(block);
    let scalars = !(classes.operators | classes.white_space | quotes);
    let after_scalars = scalars << 1 | carry.scalar;
    carry.scalar = scalars >> 63;
    let starts = classes.operators | (scalars | quotes) & !after_scalars;
    let mut tokens = starts & !(in_string ^ quotes);
    if wrong != 0 {
        found.broken = true;
        tokens &= (1 << wrong.trailing_zeros()) - 1;
    }
    found.count = B::write(places, found.count, from as u32, tokens);
}

/// Which bytes of a block are inside of strings.
struct Inside {
    quotes: u64,
    /// From each opening quote up to the closing one, which is outside.
    in_string: u64,
    /// Control characters and escapes that are none.
    wrong: u64,
}

/// Follows the strings through the block at `from`; None if all of it is in the middle of one.
#[inline(always)]
fn inside<B: Block>(
    text: &[u8],
    from: usize,
    strings: &Strings,
    carry: &mut Carry,
) -> Option<Inside> {
    let (mut escapes, mut escaped) = (0, carry.escaped);
    carry.escaped = 0;
    if strings.backslashes != 0 {
        (escapes, escaped) = split_backslashes(strings.backslashes, escaped);
        carry.escaped = escapes >> 63;
    }
    let quotes = strings.quotes & !escaped;
    if quotes | strings.control == 0
        && carry.in_string != 0
        && (escapes == 0 || B::wrong_escapes(text, from, escapes) == 0)
    {
        return None;
    }
    let in_string = B::prefix_xor(quotes) ^ carry.in_string;
    carry.in_string = ((in_string as i64) >> 63) as u64;
    let mut wrong = strings.control & in_string;
    if escapes & in_string != 0 {
        wrong |= B::wrong_escapes(text, from, escapes & in_string);
    }
    Some(Inside { quotes, in_string, wrong })
}

/// Tells backslashes that begin an escape, and the bytes that are escaped, given whether the first one is.
#[inline(always)]
fn split_backslashes(backslashes: u64, first_escaped: u64) -> (u64, u64) {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    // In a row of backslashes every other one begins an escape. Subtracting the row from itself shifted carries through rows
    // to tell those that begin at even places from those that begin at odd ones.
    let rows = backslashes & !first_escaped;
    let alternating = ((rows << 1 | ODD).wrapping_sub(rows)) ^ ODD;
    (alternating & backslashes, alternating ^ (backslashes | first_escaped))
}

/// As [`Block::wrong_escapes`], one escape at a time.
#[inline(never)]
fn wrong_escapes_alone(text: &[u8], from: usize, escapes: u64) -> u64 {
    let (mut wrong, mut rest) = (0, escapes);
    while rest != 0 {
        let at = from + rest.trailing_zeros() as usize;
        let right = string::code_unit(&text[at..]).is_some()
            || matches!(
                text.get(at + 1),
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
            );
        if !right {
            wrong |= rest & rest.wrapping_neg();
        }
        rest &= rest - 1;
    }
    wrong
}

/// The best one that this processor has.
static KERNEL: LazyLock<&Kernel> = LazyLock::new(|| {
    #[cfg(target_arch = "x86_64")]
    return avx512::kernel().or_else(avx2::kernel).unwrap_or(&sse2::KERNEL);
    #[cfg(target_arch = "aarch64")]
    return &neon::KERNEL;
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return &portable::KERNEL;
});

#[inline(always)]
fn kernel() -> &'static Kernel {
    #[cfg(test)]
    if let Some(kernel) = tests::CHOSEN.get() {
        return kernel;
    }
    *KERNEL
}

/// A walk over the tokens of a text of less than 4 GiB: brackets, commas, colons, and the first bytes of strings, numbers and
/// literals. Bytes that are no part of JSON appear as tokens, too.
pub(crate) struct Tokens<'a> {
    text: &'a [u8],
    /// Where the current token begins, and its first byte; at the text's end its length and 0.
    at: usize,
    byte: u8,
    /// The places of the tokens to come.
    next: *const u32,
    end: *const u32,
    places: &'a mut Places,
    /// How much of the text is scanned.
    scanned: usize,
    /// Whether that may have bytes that are not UTF-8.
    not_utf8: bool,
    /// Where the chunk with these tokens begins, and which of its blocks have backslashes; there are none from `plain` on.
    base: usize,
    backslashes: u64,
    plain: usize,
    /// What is behind the last place is wrong.
    broken: bool,
    carry: Carry,
    kernel: &'static Kernel,
}

impl<'a> Tokens<'a> {
    /// A walk that is to move on to the first token.
    #[inline(always)]
    pub(crate) fn new(text: &'a [u8], places: &'a mut Places) -> Self {
        Self::with(kernel(), text, places)
    }

    #[inline(always)]
    fn with(kernel: &'static Kernel, text: &'a [u8], places: &'a mut Places) -> Self {
        Tokens {
            text,
            at: 0,
            byte: 0,
            next: std::ptr::null(),
            end: std::ptr::null(),
            places,
            scanned: 0,
            not_utf8: false,
            base: 0,
            backslashes: 0,
            plain: 0,
            broken: false,
            carry: Carry::default(),
            kernel,
        }
    }

    /// Makes this a walk over the tokens of another text from `from` on, which lies outside of strings.
    pub(crate) fn restart(&mut self, text: &'a [u8], from: usize) {
        (self.text, self.at, self.byte) = (text, 0, 0);
        self.end = self.next;
        self.scanned = from;
        (self.not_utf8, self.broken) = (false, false);
        self.carry = Carry::default();
    }

    /// Scans until there is another token.
    #[inline(never)]
    fn refill(&mut self) -> Result<(), Invalid> {
        while self.scanned < self.text.len() {
            let from = self.scanned;
            let to = self.text.len().min(from + CHUNK);
            let found = (self.kernel.scan)(self.text, from, to, &mut self.carry, self.places);
            self.scanned = to;
            self.not_utf8 |= !found.utf8;
            if found.backslashes != 0 {
                self.plain = from + BLOCK * (found.backslashes.ilog2() as usize + 1);
            }
            if found.broken {
                (self.broken, self.scanned) = (true, self.text.len());
            }
            if found.count > 0 {
                let places: &[MaybeUninit<u32>] = &self.places.tokens[..found.count];
                let range = places.as_ptr_range();
                (self.next, self.end) = (range.start.cast(), range.end.cast());
                (self.base, self.backslashes) = (from, found.backslashes);
                return self.advance();
            }
        }
        (self.at, self.byte) = (self.text.len(), 0);
        if self.broken || self.carry.in_string != 0 { Err(Invalid) } else { Ok(()) }
    }

    /// Where the string before the current token ends. Behind it is white space.
    #[inline(never)]
    fn closing_quote(&self) -> usize {
        let mut before = &self.text[..self.at];
        // Most of it is indentation.
        while let Some(rest) = before.strip_suffix(&[b' '; 8]) {
            before = rest;
        }
        before.iter().rposition(|&byte| byte == b'"').unwrap_or(0)
    }

    /// Whether bytes of a block have no backslash, which others of it have.
    #[inline(never)]
    fn is_plain_within(&self, block: usize, start: usize, end: usize) -> bool {
        // SAFETY: the block has backslashes, so that this was written.
        let backslashes = unsafe { self.places.backslashes[block].assume_init() };
        backslashes >> start & ((1 << (end - start)) - 1) == 0
    }

    /// Where the next token begins, unless that is not known yet.
    #[inline(always)]
    fn next_place(&self) -> Option<usize> {
        // SAFETY: as in `advance`.
        (self.next != self.end).then(|| unsafe { *self.next as usize })
    }

    #[inline(never)]
    fn long_number(&mut self) -> Result<Number, Invalid> {
        let number = number::parse(self.text, self.at).map_err(|end| {
            self.at = end; // of the text, if more may follow
            Invalid
        })?;
        self.leave_scalar(number.end)?;
        Ok(number)
    }

    /// Moves on from a number or literal that should end at `end`: what follows must be a token or white space.
    #[inline(always)]
    fn leave_scalar(&mut self, end: usize) -> Result<(), Invalid> {
        let moved = self.advance();
        let follows = end == self.at || matches!(self.text[end], b' ' | b'\n' | b'\r' | b'\t');
        if moved.is_ok() && follows {
            return Ok(());
        }
        self.at = end; // what is wrong is there: the text may have come to its end
        Err(Invalid)
    }

    /// Passes a member's name and the colon behind it.
    #[inline(always)]
    fn skip_name(&mut self) -> Result<(), Invalid> {
        self.take(b'"')?;
        self.take(b':')
    }

    /// Where what lies before the current token ends.
    pub(crate) fn end_before(&self) -> usize {
        let before = &self.text[..self.at];
        before.len() - before.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count()
    }
}

impl<'a> Walk<'a> for Tokens<'a> {
    #[inline(always)]
    fn text(&self) -> &'a [u8] {
        self.text
    }

    #[inline(always)]
    fn at(&self) -> usize {
        self.at
    }

    #[inline(always)]
    fn byte(&self) -> u8 {
        self.byte
    }

    #[inline(always)]
    fn not_utf8(&self) -> bool {
        self.not_utf8
    }

    #[inline(always)]
    fn begin(&mut self) -> Result<(), Invalid> {
        self.advance()
    }

    fn begin_at(&mut self, at: usize) -> Result<(), Invalid> {
        self.restart(self.text, at);
        self.advance()
    }

    fn lacks_more(&self) -> bool {
        self.at == self.text.len() && !self.broken
    }

    #[inline(always)]
    fn advance(&mut self) -> Result<(), Invalid> {
        if self.next == self.end {
            return self.refill();
        }
        // SAFETY: the places from `next` to `end` were written, to an array that stays as it is until all are read. Kernels
        // find tokens within the text only.
        unsafe {
            self.at = *self.next as usize;
            self.byte = *self.text.get_unchecked(self.at);
            self.next = self.next.add(1);
        }
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self) -> Result<(usize, usize), Invalid> {
        let start = self.at + 1;
        self.advance()?;
        let mut end = self.at - 1;
        if self.text[end] != b'"' {
            end = self.closing_quote();
        }
        if end < start { Err(Invalid) } else { Ok((start, end)) }
    }

    #[inline(always)]
    fn is_plain(&self, start: usize, end: usize) -> bool {
        if start >= self.plain {
            return true;
        }
        let Some(start) = start.checked_sub(self.base) else { return false };
        let end = end - self.base;
        let (first, last) = (start / BLOCK, end / BLOCK);
        self.backslashes >> first & u64::MAX >> (63 - (last - first)) == 0
            || first == last && self.is_plain_within(first, start % BLOCK, end % BLOCK)
    }

    #[inline(always)]
    fn pass_name_if(&mut self, _: usize, stands: impl FnOnce(&[u8], usize) -> bool) -> bool {
        if self.end.addr() - self.next.addr() < 3 * size_of::<u32>() {
            return false;
        }
        // SAFETY: as in `advance`, for three places.
        unsafe {
            let (name, colon) = (*self.next as usize, *self.next.add(1) as usize);
            if !stands(self.text, name) || *self.text.get_unchecked(colon) != b':' {
                return false;
            }
            self.at = *self.next.add(2) as usize;
            self.byte = *self.text.get_unchecked(self.at);
            self.next = self.next.add(3);
        }
        true
    }

    #[inline(always)]
    fn short_integer(&mut self) -> Result<Option<i64>, Invalid> {
        let end = self.next_place();
        match end.and_then(|end| number::integer_between(self.text, self.at, end)) {
            Some(value) => self.advance().map(|()| Some(value)),
            None => Ok(None),
        }
    }

    #[inline(always)]
    fn integers(&mut self, fits: impl Fn(i64) -> bool, out: &mut Output<u64>) -> (usize, bool) {
        let pairs = (self.end.addr() - self.next.addr()) / size_of::<[u32; 2]>();
        // SAFETY: as in `advance`. There is a current token, so that `next` is not null.
        let pairs = unsafe { std::slice::from_raw_parts(self.next.cast::<[u32; 2]>(), pairs) };
        let (mut at, mut count, mut more) = (self.at, 0, true);
        for (room, &[end, after]) in out.spare().iter_mut().zip(pairs) {
            let end = end as usize;
            match number::integer_between(self.text, at, end) {
                Some(value) if fits(value) => room.write(value as u64),
                _ => break,
            };
            count += 1;
            at = after as usize;
            if self.text[end] != b',' {
                (at, more) = (end, false);
                break;
            }
        }
        if count > 0 {
            (self.at, self.byte) = (at, self.text[at]);
            // SAFETY: so many places were read, and as many integers written to the spare room.
            unsafe {
                self.next = self.next.add(2 * count - usize::from(!more));
                out.advance(count);
            }
        }
        (count, more)
    }

    #[inline(always)]
    fn floats(
        &mut self,
        nested: bool,
        single: bool,
        out: &mut Output<u64>,
    ) -> Result<FloatsRead, Invalid> {
        let Some(floats) = self.kernel.floats else { return Ok(FloatsRead::default()) };
        // SAFETY: as in `advance`. Within an array there is a place before `next`: that of the current token, or of one before it,
        // alone, at the end of the text.
        let places = unsafe {
            let first = self.next.sub(1);
            std::slice::from_raw_parts(first, (self.end.addr() - first.addr()) / size_of::<u32>())
        };
        let read = floats(self.text, places, out.spare(), nested, single);
        if read.tokens > 0 {
            self.next = places[read.tokens..].as_ptr();
            // SAFETY: so many words were written to the spare room.
            unsafe { out.advance(read.words) };
            self.advance()?;
        }
        Ok(read)
    }

    #[inline(always)]
    fn number(&mut self) -> Result<Number, Invalid> {
        let end = self.next_place();
        match end.and_then(|end| number::between(self.text, self.at, end)) {
            Some(number) => self.advance().map(|()| number),
            None => self.long_number(),
        }
    }

    #[inline(always)]
    fn literal(&mut self, literal: &'static [u8]) -> Result<(), Invalid> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(literal) {
            if literal.starts_with(rest) {
                self.at = self.text.len(); // what is missing may follow
            }
            return Err(Invalid);
        }
        self.leave_scalar(self.at + literal.len())
    }

    fn skip_value(&mut self, depth: usize) -> Result<usize, Invalid> {
        let mut open = Nesting::new(depth);
        loop {
            match self.byte() {
                b'"' => self.advance()?,
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                bracket @ (b'{' | b'[') => {
                    let object = bracket == b'{';
                    open.push(object).map_err(|_| Invalid)?;
                    self.advance()?;
                    // The closing bracket is the second character after the opening one in ASCII.
                    if self.byte() != bracket + 2 {
                        if object {
                            self.skip_name()?;
                        }
                        continue;
                    }
                    self.advance()?;
                    open.pop();
                }
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return Err(Invalid),
            }
            loop {
                let Some(object) = open.innermost() else { return Ok(self.end_before()) };
                if self.next_or(if object { b'}' } else { b']' })? {
                    if object {
                        self.skip_name()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }
}

#[cfg(test)]
pub(super) use tests::{Random, with_each_kernel};

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::scan::Cursor;
    use super::*;

    thread_local! {
        /// The kernel of this thread's walks, if it is not to be the processor's best.
        pub(super) static CHOSEN: Cell<Option<&'static Kernel>> = const { Cell::new(None) };
    }

    /// Runs a test with each kernel in turn, and tells it whether every processor of the kind has it.
    pub(in super::super) fn with_each_kernel(mut test: impl FnMut(bool)) {
        for (name, kernel) in kernels() {
            CHOSEN.set(Some(kernel));
            test(!name.starts_with("avx"));
        }
        CHOSEN.set(None);
    }

    pub(super) fn kernels() -> Vec<(&'static str, &'static Kernel)> {
        let mut kernels: Vec<(&str, &Kernel)> = vec![("portable", &portable::KERNEL)];
        #[cfg(target_arch = "x86_64")]
        {
            kernels.push(("sse2", &sse2::KERNEL));
            kernels.extend(avx2::kernel().map(|kernel| ("avx2", kernel)));
            kernels.extend(avx512::kernel().map(|kernel| ("avx512", kernel)));
        }
        #[cfg(target_arch = "aarch64")]
        kernels.push(("neon", &neon::KERNEL));
        kernels
    }

    pub(in super::super) struct Random(pub(in super::super) u64);

    impl Random {
        pub(in super::super) fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 33) as usize % limit
        }
    }

    /// A text of pieces that matter to the index, right or wrong.
    fn pieces(random: &mut Random, count: usize) -> Vec<u8> {
        const PIECES: [&[u8]; 30] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b":",
            b"\"",
            b"\"",
            b"\"ab\"",
            b"\"\"",
            b" ",
            b"\n\t\r",
            b"12",
            b"-0.5e7",
            b"true",
            b"null",
            b"\\",
            b"\\\\",
            b"\\\"",
            b"\\u12aF",
            b"\\u12",
            b"\\n",
            b"\\x",
            "ä".as_bytes(),
            "\u{FFFF}".as_bytes(),
            b"\xFF",
            b"\x1F",
            b"\0",
            b"abcdefgh",
            b"                                                                  ",
        ];
        (0..count).flat_map(|_| PIECES[random.below(PIECES.len())]).copied().collect()
    }

    /// The places of tokens, found one byte at a time, and whether all strings are right. It ends at a backslash outside
    /// of strings, which is for those to refuse who look at tokens.
    fn slow(text: &[u8]) -> (Vec<usize>, Option<bool>) {
        let (mut places, mut at) = (Vec::new(), 0);
        let mut scalar = false;
        while at < text.len() {
            match text[at] {
                b' ' | b'\n' | b'\r' | b'\t' => scalar = false,
                b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                    places.push(at);
                    scalar = false;
                }
                b'"' => {
                    if !scalar {
                        places.push(at);
                    }
                    let mut cursor = Cursor { text, at };
                    if cursor.string().is_err() {
                        return (places, Some(false));
                    }
                    at = cursor.at - 1;
                    scalar = false;
                }
                b'\\' => {
                    if !scalar {
                        places.push(at);
                    }
                    return (places, None);
                }
                _ => {
                    if !scalar {
                        places.push(at);
                    }
                    scalar = true;
                }
            }
            at += 1;
        }
        (places, Some(true))
    }

    fn walk(kernel: &'static Kernel, text: &[u8]) -> (Vec<usize>, bool) {
        let mut room = Places::new();
        let mut places = Vec::new();
        let mut tokens = Tokens::with(kernel, text, &mut room);
        loop {
            if tokens.advance().is_err() {
                return (places, false);
            }
            if tokens.finish().is_ok() {
                return (places, true);
            }
            assert_eq!(tokens.byte(), text[tokens.at()]);
            places.push(tokens.at());
        }
    }

    #[test]
    fn all_kernels_find_the_tokens() {
        let mut random = Random(7);
        for round in 0..30_000 {
            let text = match round {
                // Longer than a chunk, with few strings, so that most of it is looked at.
                0..200 => {
                    let mut text = pieces(&mut random, 4000);
                    let wrong = [b'"', b'\\', 0x1F];
                    text.retain(|byte| !wrong.contains(byte));
                    text
                }
                _ => pieces(&mut random, 1 + round % 40),
            };
            let (places, right) = slow(&text);
            for (name, kernel) in kernels() {
                let (found, passed) = walk(kernel, &text);
                let shown = text.escape_ascii();
                match right {
                    Some(right) => {
                        assert_eq!(passed, right, "{name}: {shown}");
                        assert_eq!(found, places, "{name}: {shown}");
                    }
                    None => assert!(!passed || found.starts_with(&places), "{name}: {shown}"),
                }
            }
        }
    }

    /// Every position of a string's end and of an escape relative to blocks and chunks.
    #[test]
    fn strings_may_lie_across_blocks_and_chunks() {
        for length in (0..200).chain(CHUNK - 70..CHUNK + 70) {
            for middle in ["", "\\\"", "\\\\", "\\u00e4", "\\\\\\\"", "ä", "\u{10FFFF}"] {
                let contents = format!("{}{middle}", "x".repeat(length));
                let text = format!("[\"{contents}\" , 1]");
                for (name, kernel) in kernels() {
                    let mut room = Places::new();
                    let mut tokens = Tokens::with(kernel, text.as_bytes(), &mut room);
                    tokens.advance().unwrap();
                    tokens.take(b'[').unwrap();
                    let (start, end) = tokens.string().unwrap();
                    assert_eq!(text[start..end], contents, "{name} {length}");
                    assert!(!tokens.not_utf8(), "{name} {length} {middle}");
                    let plain = !middle.contains('\\');
                    // Where a chunk ends in the string, or right behind it, nothing is known.
                    if !plain || end + 8 < CHUNK {
                        assert_eq!(tokens.is_plain(start, end), plain, "{name} {length} {middle}");
                    }
                    assert_eq!(tokens.next_or(b']'), Ok(true));
                    tokens.number().unwrap();
                    assert_eq!(tokens.next_or(b']'), Ok(false));
                    tokens.finish().unwrap();
                }
            }
        }
    }

    #[test]
    fn strings_without_escapes_are_known_beside_others() {
        for length in (0..200).chain(CHUNK - 70..CHUNK + 70) {
            let text = format!("[\"{}\\n\",\"plain\",\"\\t\",\"\",\"behind\"]", "x".repeat(length));
            for (name, kernel) in kernels() {
                let mut room = Places::new();
                let mut tokens = Tokens::with(kernel, text.as_bytes(), &mut room);
                tokens.advance().unwrap();
                tokens.take(b'[').unwrap();
                for contents in ["\\n", "plain", "\\t", "", "behind"] {
                    let (start, end) = tokens.string().unwrap();
                    assert!(text[start..end].ends_with(contents), "{name} {length}");
                    let plain = tokens.is_plain(start, end);
                    assert!(!plain || !contents.contains('\\'), "{name} {length} {contents}");
                    // Within a block it is known, unless the next token is in another chunk.
                    let within = start / BLOCK == end / BLOCK && end + 2 < CHUNK;
                    assert!(
                        plain || !within || contents.contains('\\'),
                        "{name} {length} {contents}"
                    );
                    tokens.advance().unwrap();
                }
                tokens.finish().unwrap();
            }
        }
    }

    /// Whether the cursor accepts a text, which all kernels must do then, and only then.
    fn walks_as_the_cursor(text: &[u8]) -> bool {
        let mut cursor = Cursor::new(text);
        let want = cursor.skip_value(0).and_then(|()| cursor.finish()).is_ok();
        for (name, kernel) in kernels() {
            let mut room = Places::new();
            let mut tokens = Tokens::with(kernel, text, &mut room);
            let result =
                tokens.advance().and_then(|()| tokens.skip_value(0)).and_then(|_| tokens.finish());
            assert_eq!(result.is_ok(), want, "{name}: {}", text.escape_ascii());
        }
        want
    }

    /// Every byte in every place of rows of escapes, which are checked together.
    #[test]
    fn escapes_in_rows_are_checked_as_the_cursor_does() {
        for row in [r"\u00af".repeat(14), r"\n\u9C3e\/\\\b".repeat(6), r"\t".repeat(40)] {
            for place in 0..row.len() {
                for byte in 0..=255 {
                    let mut text = format!("[\"{row}\"]").into_bytes();
                    text[2 + place] = byte;
                    walks_as_the_cursor(&text);
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_noticed_before_their_string_ends() {
        for length in (0..70).chain(CHUNK - 70..CHUNK + 10) {
            for wrong in [&b"\xFF"[..], b"\xC3", b"\xE2\x82", b"\xF0\x9F\x92", b"\x80\x80\x80\x80"]
            {
                let text = [b"\"", &*vec![b'x'; length], wrong, b"\""].concat();
                for (name, kernel) in kernels() {
                    let mut room = Places::new();
                    let mut tokens = Tokens::with(kernel, &text, &mut room);
                    tokens.advance().unwrap();
                    tokens.string().unwrap();
                    assert!(tokens.not_utf8(), "{name} {length} {}", wrong.escape_ascii());
                }
            }
        }
    }

    /// All rows of four bytes at the edges of what is UTF-8, at all places in blocks, in short texts and long ones.
    #[test]
    fn all_kernels_find_what_is_not_utf8() {
        const EDGES: [u8; 27] = [
            b'x', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
            0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFE, 0xFF,
        ];
        let mut valid = 0;
        for number in 0..EDGES.len().pow(4) {
            let row =
                [0, 1, 2, 3].map(|digit| EDGES[number / EDGES.len().pow(digit) % EDGES.len()]);
            let (before, after) = (number % 131, number % 89);
            let text = [b"\"", &[b'x'; 131][..before], &row, &[b'x'; 89][..after], b"\""].concat();
            let utf8 = std::str::from_utf8(&text).is_ok();
            valid += usize::from(utf8);
            for (name, kernel) in kernels() {
                let mut room = Places::new();
                let mut tokens = Tokens::with(kernel, &text, &mut room);
                tokens.advance().unwrap();
                tokens.string().unwrap();
                assert_eq!(tokens.not_utf8(), !utf8, "{name} {}", text.escape_ascii());
            }
        }
        assert!(valid > 1000, "only {valid} texts were UTF-8");
    }

    /// Texts of pieces, and such that were valid before something was changed.
    #[test]
    fn a_walk_accepts_what_the_cursor_accepts() {
        let valid =
            br#"{"a":[1,-0.5e+7,{"b":null,"\u00e4\\":"\"x"},[],{}] , "c" : true,"d":[false,"",0]}"#;
        let mut random = Random(3);
        let mut accepted = 0;
        for round in 0..60_000 {
            let mut text = valid.to_vec();
            match round % 3 {
                0 => text = pieces(&mut random, 1 + round % 6),
                1 => {
                    let place = random.below(text.len());
                    text[place] = b"{}[],:\"\\ 01-.eatn\x1F\xC3\x0C\x1A"[random.below(21)];
                }
                _ => {
                    let place = random.below(text.len());
                    let piece = pieces(&mut random, 1);
                    text.splice(place..place + random.below(2), piece);
                }
            }
            accepted += usize::from(walks_as_the_cursor(&text));
        }
        assert!(accepted > 1000, "only {accepted} texts were valid");
    }
}
