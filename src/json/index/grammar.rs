//! The whole grammar, by the block. A first pass over a chunk of the text follows strings, and sorts what is outside of them:
//! the first bytes of all tokens go to one stream, numbers and literals to another. Then numbers are checked, by additions
//! that carry through their digits, and what follows what is told for 64 tokens at once, by shifts. Brackets and literals are
//! looked at one by one.

use std::mem::MaybeUninit;

use super::super::scan::{Cursor, MAX_DEPTH};
use super::{BLOCK, Block, CHUNK, Carry, Part, Places, for_each_bit, inside};

/// What tokens begin with; bit n stands for the nth.
pub(super) struct Classes {
    pub(super) commas: u64,
    pub(super) colons: u64,
    /// `{` and `[`.
    pub(super) opening: u64,
    /// `}` and `]`.
    pub(super) closing: u64,
    /// `{` and `}`, and others that are no brackets.
    pub(super) curly: u64,
    pub(super) quotes: u64,
}

/// What numbers are made of; bit n stands for byte n of a block.
pub(super) struct Numeric {
    pub(super) digits: u64,
    pub(super) zeros: u64,
    pub(super) minus: u64,
    pub(super) dots: u64,
}

/// Blocks of processors that gather bits fast.
pub(super) trait Grammar: Block {
    fn classes(bytes: &[u8; BLOCK]) -> Classes;

    fn numeric(bytes: &[u8; BLOCK]) -> Numeric;

    /// Which bytes are `byte` when one bit is set in them.
    fn like(bytes: &[u8; BLOCK], bit: u8, byte: u8) -> u64;

    /// Those of the bits that have places, side by side.
    fn gather(bits: u64, places: u64) -> u64;

    /// The opposite of `gather`.
    fn scatter(bits: u64, places: u64) -> u64;

    /// Writes all scalars of a block to `to`, with at least one zero between two of them, and between those of this block and
    /// the next; returns how many bytes these are. A scalar `goes_on` if the byte before the block belongs to it.
    ///
    /// # Safety
    /// 64 bytes can be written to `to`.
    unsafe fn append_scalars(block: &[u8; BLOCK], scalars: u64, goes_on: u64, to: *mut u8)
    -> usize;

    /// Writes those of the block's bytes whose bits are set to `to`, side by side; returns how many they are.
    ///
    /// # Safety
    /// 64 bytes can be written to `to`.
    #[inline(always)]
    unsafe fn pick(block: &[u8; BLOCK], bits: u64, to: *mut u8) -> usize {
        for_each_bit(bits, |number, place| {
            // SAFETY: `number` is below 64.
            unsafe { to.add(number).write(block[place as usize % BLOCK]) };
        })
    }

    /// Writes those of the 64 bytes at `from` whose bits are set to `to`; returns how many they are.
    ///
    /// # Safety
    /// 128 bytes can be read from `from` and written to `to`.
    #[inline(always)]
    unsafe fn squeeze(from: *const u8, mut kept: u64, to: *mut u8) -> usize {
        const SHORT: usize = 16;
        if kept == u64::MAX {
            // SAFETY: the caller's promise.
            unsafe { to.copy_from_nonoverlapping(from, BLOCK) };
            return BLOCK;
        }
        let mut written = 0;
        while kept != 0 {
            let start = kept.trailing_zeros() as usize;
            let length = (!(kept >> start)).trailing_zeros() as usize;
            // SAFETY: `start` and `written` are below 64, and at most 64 bytes follow.
            unsafe {
                let (from, to) = (from.add(start), to.add(written));
                to.copy_from_nonoverlapping(from, SHORT);
                if length > SHORT {
                    let (from, to) = (from.add(SHORT), to.add(SHORT));
                    to.copy_from_nonoverlapping(from, BLOCK - SHORT);
                }
            }
            written += length;
            // Adding to its lowest bit clears the run.
            kept &= kept.wrapping_add(1 << start);
        }
        written
    }
}

/// The passes, with the instructions of one kind of processor.
pub(super) struct Passes {
    /// Follows strings through a chunk. None if there is something wrong in them, or control characters between them.
    pub(super) split: fn(&Chunk, &mut State, &mut Room) -> Option<()>,
    /// As `split`; writes what is no white space between tokens, and returns how much that is.
    ///
    /// There must be room for the chunk, and for all of the text behind it or two blocks.
    pub(super) squeeze: unsafe fn(&Chunk, &mut State, &mut Room, out: *mut u8) -> Option<usize>,
    /// As `squeeze`; lists where brackets, commas and colons were written to, and returns how many these are, too.
    pub(super) list: Option<List>,
    /// Whether what the streams have is right, as far as it is told yet, or if nothing follows.
    pub(super) check: fn(&mut State, &mut Room, last: bool) -> bool,
}

type List =
    unsafe fn(&Chunk, &mut State, &mut Room, out: *mut u8, &mut Places) -> Option<(usize, usize)>;

/// `text[from..to]`.
pub(super) struct Chunk<'a> {
    text: &'a [u8],
    from: usize,
    to: usize,
}

/// Bytes that wait to be 64, and what a chunk adds.
type Stream = [MaybeUninit<u8>; CHUNK + 3 * BLOCK];

/// Room for what is read only after it was written, apart from all else for that reason.
pub(super) struct Room {
    /// The first bytes of tokens.
    heads: Stream,
    /// Numbers and literals, with zeros between them.
    scalars: Stream,
    /// Of the open brackets the outer ones.
    brackets: [MaybeUninit<u16>; MAX_DEPTH / UNIT],
}

/// What must be known of the text before a chunk.
pub(super) struct State {
    strings: Carry,
    /// How many bytes of the streams wait.
    heads: usize,
    scalars: usize,
    numbers: Markers,
    order: Order,
}

/// Whether `text` is an array or object that is JSON, with white space around it.
pub(super) fn valid(passes: &Passes, text: &[u8]) -> bool {
    begins_with_bracket(text) && run(passes, text, passes.split)
}

/// As [`valid`]; writes the text without white space between tokens to `out`, if that is as long as the text, and returns how
/// many bytes these are.
pub(super) fn compact(passes: &Passes, text: &[u8], out: &mut [MaybeUninit<u8>]) -> Option<usize> {
    if out.len() < text.len() || !begins_with_bracket(text) {
        return None;
    }
    let mut written = 0;
    let valid = run(passes, text, |chunk, state, room| {
        // SAFETY: there is room for the text, and no more was written than read.
        written += unsafe {
            let out = out.as_mut_ptr().add(written).cast();
            (passes.squeeze)(chunk, state, room, out)?
        };
        Some(())
    });
    valid.then_some(written)
}

/// As [`valid`]; hands the text without white space between tokens to `take`, part by part. What is wrong may be found later.
/// None if nothing was looked at.
pub(super) fn compact_parts<E>(
    passes: &Passes,
    text: &[u8],
    mut take: impl FnMut(Part) -> Result<(), E>,
) -> Result<Option<bool>, E> {
    let Some(list) = passes.list.filter(|_| begins_with_bracket(text)) else { return Ok(None) };
    let mut bytes = [MaybeUninit::uninit(); CHUNK + 2 * BLOCK];
    let mut places = Places::new();
    let mut result = Ok(());
    let valid = run(passes, text, |chunk, state, room| {
        // SAFETY: there is room for a chunk and two blocks.
        let (length, count) =
            unsafe { list(chunk, state, room, bytes.as_mut_ptr().cast(), &mut places)? };
        bytes[length..][..BLOCK].fill(MaybeUninit::new(0));
        // SAFETY: so many bytes and places were written.
        let (padded, operators) = unsafe {
            let padded = std::slice::from_raw_parts(bytes.as_ptr().cast(), length + BLOCK);
            (padded, std::slice::from_raw_parts(places.tokens.as_ptr().cast(), count))
        };
        result = take(Part { padded, length, operators });
        result.is_ok().then_some(())
    });
    result.map(|()| Some(valid))
}

/// Other values are short or strings, and nothing to be fast at. What follows relies on a bracket being first.
#[inline(always)]
fn begins_with_bracket(text: &[u8]) -> bool {
    matches!(Cursor::new(text).peek_token(), Some(b'{' | b'['))
}

#[inline(always)]
fn run(
    passes: &Passes,
    text: &[u8],
    mut split: impl FnMut(&Chunk, &mut State, &mut Room) -> Option<()>,
) -> bool {
    let mut room = Room {
        heads: [MaybeUninit::uninit(); _],
        scalars: [MaybeUninit::uninit(); _],
        brackets: [MaybeUninit::uninit(); _],
    };
    let mut state = State {
        strings: Carry::default(),
        heads: 0,
        scalars: 0,
        numbers: Markers::default(),
        order: Order { colon: 1, ..Order::default() },
    };
    let mut from = 0;
    while from < text.len() {
        let to = text.len().min(from + CHUNK);
        if split(&Chunk { text, from, to }, &mut state, &mut room).is_none()
            || !(passes.check)(&mut state, &mut room, to == text.len())
        {
            return false;
        }
        from = to;
    }
    state.order.ended
}

/// The first pass. Without `SQUEEZE` nothing is written to `out`, and `places` are None; returns how much was written to both.
///
/// # Safety
/// If `SQUEEZE`, the chunk can be written to `out`, and the text behind it or two blocks.
#[inline(always)]
pub(super) unsafe fn split<B: Grammar, const SQUEEZE: bool>(
    &Chunk { text, from, to }: &Chunk,
    state: &mut State,
    room: &mut Room,
    out: *mut u8,
    mut places: Option<&mut Places>,
) -> Option<(usize, usize)> {
    let mut carry = state.strings;
    let (mut heads, mut scalar_bytes) = (state.heads, state.scalars);
    assert!(to - from <= CHUNK && heads.max(scalar_bytes) <= 2 * BLOCK);
    let (mut wrong, mut written, mut listed) = (0, 0, 0);
    let (full, rest) = text[from..to].as_chunks();
    let tail = B::padded(rest);
    for number in 0..(to - from).div_ceil(BLOCK) {
        let block = full.get(number).unwrap_or(&tail);
        let at = from + number * BLOCK;
        let goes_on = carry.scalar;
        let (mut white_space, mut operators, mut scalars) = (0, 0, 0);
        let strings = B::strings(block);
        if let Some(inside) = inside::<B>(text, at, &strings, &mut carry) {
            let between = B::between(block);
            let outside = !(inside.in_string | inside.quotes);
            white_space = between.white_space & outside;
            operators = between.operators & outside;
            wrong |= inside.wrong | strings.control & !white_space;
            scalars = outside & !(white_space | operators);
            let starts = scalars & !(scalars << 1 | goes_on);
            let tokens = operators | inside.quotes & inside.in_string | starts;
            // SAFETY: of either no more bytes come out of a chunk than it has, and room for a block is left behind them.
            unsafe {
                heads += B::pick(block, tokens, room.heads.as_mut_ptr().add(heads).cast());
                let to = room.scalars.as_mut_ptr().add(scalar_bytes).cast();
                scalar_bytes += B::append_scalars(block, scalars, goes_on, to);
            }
        }
        carry.scalar = scalars >> 63;
        if SQUEEZE {
            let (kept, left) = (!white_space, text.len() - at);
            if let Some(places) = &mut places {
                let operators = B::gather(operators, kept);
                listed = B::write(places, listed, written as u32, operators);
            }
            // SAFETY: where two blocks are left to read there is room for two, as no more was written than read.
            unsafe {
                let out = out.add(written);
                written += if left >= 2 * BLOCK {
                    B::squeeze(block.as_ptr(), kept, out)
                } else {
                    squeeze_last::<B>(block, kept & u64::MAX >> (BLOCK - left.min(BLOCK)), out)
                };
            }
        }
    }
    (state.strings, state.heads, state.scalars) = (carry, heads, scalar_bytes);
    (wrong == 0).then_some((written, listed))
}

/// As [`Grammar::squeeze`], for blocks with nothing behind them.
///
/// # Safety
/// Those bytes can be written to `to` whose bits are set.
#[inline(always)]
unsafe fn squeeze_last<B: Grammar>(block: &[u8; BLOCK], kept: u64, to: *mut u8) -> usize {
    let (mut both, mut squeezed) = ([0; 2 * BLOCK], [0; 2 * BLOCK]);
    both[..BLOCK].copy_from_slice(block);
    // SAFETY: both have two blocks; the caller's promise.
    unsafe {
        let length = B::squeeze(both.as_ptr(), kept, squeezed.as_mut_ptr());
        to.copy_from_nonoverlapping(squeezed.as_ptr(), length);
        length
    }
}

/// The other passes.
#[inline(always)]
pub(super) fn check<B: Grammar>(state: &mut State, room: &mut Room, last: bool) -> bool {
    check_scalars::<B>(state, &mut room.scalars, last) && check_order::<B>(state, room, last)
}

#[inline(always)]
fn check_scalars<B: Grammar>(state: &mut State, stream: &mut Stream, last: bool) -> bool {
    let mut end = state.scalars.saturating_sub(LITERAL) / BLOCK * BLOCK;
    if last {
        stream[state.scalars..][..BLOCK + LITERAL].fill(MaybeUninit::new(0));
        end = state.scalars.next_multiple_of(BLOCK);
    }
    let mut markers = state.numbers;
    let mut wrong = 0;
    for at in (0..end).step_by(BLOCK) {
        // SAFETY: all before `end` was written.
        let (faults, mut words) = markers.pass::<B>(unsafe { block(stream, at) });
        wrong |= faults;
        while words != 0 {
            let at = at + words.trailing_zeros() as usize;
            words &= words - 1;
            // SAFETY: so many bytes were written behind each place below `end`.
            let word = unsafe { stream.as_ptr().add(at).cast::<[u8; LITERAL]>().read() };
            wrong |= u64::from(!is_literal(word));
        }
    }
    state.numbers = markers;
    if !last {
        stream.copy_within(end..state.scalars, 0);
        state.scalars -= end;
    }
    wrong == 0
}

#[inline(always)]
fn check_order<B: Grammar>(state: &mut State, room: &mut Room, last: bool) -> bool {
    let (stream, order) = (&mut room.heads, &mut state.order);
    if last {
        stream[state.heads..][..BLOCK].fill(MaybeUninit::new(0));
    }
    let mut at = 0;
    while at + BLOCK <= state.heads || last && at < state.heads {
        // SAFETY: all heads were written, and a block behind the last.
        let block = unsafe { block(stream, at) };
        if !order.check::<B>(block, BLOCK.min(state.heads - at), &mut room.brackets) {
            return false;
        }
        at += BLOCK;
    }
    if last {
        return true;
    }
    stream.copy_within(at..state.heads, 0);
    state.heads -= at;
    true
}

/// The block of a stream that is at `at`.
///
/// # Safety
/// It was written.
#[inline(always)]
unsafe fn block(stream: &Stream, at: usize) -> &[u8; BLOCK] {
    let bytes = &stream[at..at + BLOCK];
    // SAFETY: they are as many, and the caller's promise.
    unsafe { &*bytes.as_ptr().cast() }
}

/// Where numbers stand at a block's end: 1 if the next byte is what a marker is at.
#[derive(Clone, Copy, Default)]
struct Markers {
    /// The byte before was of a number or a literal.
    scalar: u64,
    /// Behind a minus.
    signed: u64,
    /// In or behind an integer's digits, and behind a zero that they begin with.
    integer: u64,
    zero: u64,
    /// Behind a dot, and in or behind the digits after it.
    dot: u64,
    tenth: u64,
    /// Behind an `e`, its sign, and in or behind the digits after that.
    exponent: u64,
    sign: u64,
    power: u64,
}

impl Markers {
    /// Checks the numbers of a block, and tells what is wrong, and where literals or other words begin.
    #[inline(always)]
    fn pass<B: Grammar>(&mut self, block: &[u8; BLOCK]) -> (u64, u64) {
        let Numeric { digits, zeros, minus, dots } = B::numeric(block);
        let scalars = !B::like(block, 0, 0);
        let starts = scalars & !(scalars << 1 | self.scalar);
        self.scalar = scalars >> 63;
        // Markers move along the numbers, by addition through all digits at once.
        let pass = |places: u64, carry: &mut u64| {
            let (sum, over) = (places | *carry).overflowing_add(digits);
            *carry = over.into();
            sum & !digits
        };
        let shift = |places: u64, carry: &mut u64| {
            let shifted = places << 1 | *carry;
            *carry = places >> 63;
            shifted
        };
        let first = shift(starts & minus, &mut self.signed) | starts & digits;
        let behind_zero = shift(first & zeros, &mut self.zero);
        let integers = pass(first, &mut self.integer);
        let dots = integers & dots;
        let tenths = shift(dots, &mut self.dot);
        let mut ends = integers & !dots | pass(tenths, &mut self.tenth);
        let mut wrong = (first | tenths) & !digits | behind_zero & digits;
        if ends & scalars | self.exponent | self.sign | self.power != 0 {
            rarely();
            let exponents = ends & B::like(block, 0x20, b'e');
            let powers = shift(exponents, &mut self.exponent);
            let signs = powers & (minus | B::like(block, 0, b'+'));
            let powers = shift(signs, &mut self.sign) | powers & !signs;
            ends = ends & !exponents | pass(powers, &mut self.power);
            wrong |= powers & !digits | ends & scalars;
        }
        (wrong, starts & !(digits | minus))
    }
}

/// Keeps what is done in a branch out of the way of all else.
#[cold]
fn rarely() {}

/// As many bytes as are looked at together.
const LITERAL: usize = 8;

/// Whether the bytes begin with `true`, `false` or `null`, and a zero.
#[inline(always)]
fn is_literal(bytes: [u8; LITERAL]) -> bool {
    let word = u64::from_le_bytes(bytes);
    let begins = |literal: [u8; LITERAL], length: u32| {
        word << (64 - 8 * length) == u64::from_le_bytes(literal) << (64 - 8 * length)
    };
    begins(*b"true\0   ", 5) | begins(*b"null\0   ", 5) | begins(*b"false\0  ", 6)
}

/// What must be known of the tokens before others.
#[derive(Default)]
struct Order {
    /// 1 if the last one was an opening bracket, a comma, a colon, a name.
    open: u64,
    comma: u64,
    colon: u64,
    name: u64,
    brackets: Brackets,
    /// Whether the text's value has ended.
    ended: bool,
}

impl Order {
    /// Whether the first `count` of the `heads` follow each other as they must.
    #[inline(always)]
    fn check<B: Grammar>(
        &mut self,
        heads: &[u8; BLOCK],
        count: usize,
        outer: &mut [MaybeUninit<u16>],
    ) -> bool {
        // Nothing may follow the end.
        if self.ended {
            return false;
        }
        let last = count as u32 - 1;
        let all = u64::MAX >> (63 - last);
        let Classes { commas, colons, opening, closing, curly, quotes } = B::classes(heads);
        let (opening, closing) = (opening & all, closing & all);
        let brackets = opening | closing;

        let began_in_object = self.brackets.inner & 1;
        let opens = B::gather(opening, brackets);
        let objects = B::gather(curly, brackets);
        let number = brackets.count_ones();
        let Some(in_object) = self.brackets.pass(opens, objects, number, outer) else {
            return false;
        };
        let changes = in_object ^ (in_object << 1 | began_in_object);
        let in_object = B::prefix_xor(B::scatter(changes, brackets)) << 1;
        let in_object = in_object ^ 0u64.wrapping_sub(began_in_object);

        let behind_open = opening << 1 | self.open;
        let behind_comma = commas << 1 | self.comma;
        let behind_colon = colons << 1 | self.colon;
        let names = (behind_open | behind_comma) & in_object & !(behind_open & closing);
        let behind_name = names << 1 | self.name;
        let behind_value = !(behind_open | behind_comma | behind_colon | behind_name);
        let follows = behind_name ^ colons | behind_value ^ (commas | closing & !behind_open);
        self.open = opening >> last;
        self.comma = commas >> last & 1;
        self.colon = colons >> last & 1;
        self.name = names >> last & 1;
        self.ended = self.brackets.depth == 0;
        let goes_on = self.ended && closing >> last & 1 == 0;
        (names & !quotes | follows) & all == 0 && !goes_on
    }
}

/// The brackets that are open: a bit for each, which is set if it is an object.
#[derive(Default)]
struct Brackets {
    depth: usize,
    /// The innermost ones, from the lowest bit up.
    inner: u64,
    /// How many units of others there are.
    units: usize,
}

/// How many brackets are moved to the outer ones, and back.
const UNIT: usize = 16;

/// How many brackets are looked at together. So many may be closed, and one is left `inner`; so many may be opened.
const ROUND: usize = 24;

impl Brackets {
    /// Opens and closes `count` brackets, for which `opens` and `objects` have bits, and tells for each whether an object is
    /// innermost after it. None if one does not match, too many are open, or none was before others than the text's first.
    #[inline(always)]
    fn pass(
        &mut self,
        mut opens: u64,
        mut objects: u64,
        count: u32,
        outer: &mut [MaybeUninit<u16>],
    ) -> Option<u64> {
        let room = MAX_DEPTH - self.depth;
        if opens.count_ones() as usize > room && is_too_deep(room, opens, count) {
            return None;
        }
        let first = usize::from(self.depth == 0);
        let (mut inside, mut mismatch, mut grounded) = (0, 0, 0);
        let mut left = count as usize;
        while left != 0 {
            let held = self.depth - UNIT * self.units;
            if held > u64::BITS as usize - ROUND || held <= ROUND && self.units != 0 {
                self.balance(outer);
            }
            let (mut depth, mut inner) = (self.depth, self.inner);
            let round = left.min(ROUND);
            for _ in 0..round {
                grounded += usize::from(depth == 0);
                let opening = opens & 1;
                mismatch |= (inner ^ objects) & !opening;
                inner = if opening == 1 { inner << 1 | objects & 1 } else { inner >> 1 };
                depth = depth.wrapping_add(2 * opening as usize).wrapping_sub(1);
                opens >>= 1;
                objects >>= 1;
                inside = inside >> 1 | inner << 63;
            }
            if mismatch & 1 != 0 || grounded != first {
                return None;
            }
            (self.depth, self.inner) = (depth, inner);
            left -= round;
        }
        Some(if count == 0 { 0 } else { inside >> (u64::BITS - count) })
    }

    /// Moves brackets to the outer ones, or back, so that a round can begin.
    #[cold]
    fn balance(&mut self, outer: &mut [MaybeUninit<u16>]) {
        let mut held = self.depth - UNIT * self.units;
        while held > u64::BITS as usize - ROUND {
            held -= UNIT;
            outer[self.units].write((self.inner >> held) as u16);
            self.units += 1;
            self.inner &= !(u64::MAX << held);
        }
        while held <= ROUND && self.units != 0 {
            self.units -= 1;
            // SAFETY: it was written when it became one of them.
            let unit = unsafe { outer[self.units].assume_init() };
            self.inner |= u64::from(unit) << held;
            held += UNIT;
        }
    }
}

/// Whether there is no room for one of the first `count` brackets, which open where `opens` has bits.
#[cold]
fn is_too_deep(mut room: usize, opens: u64, count: u32) -> bool {
    (0..count).any(|number| match opens >> number & 1 {
        0 => {
            room += 1;
            false
        }
        _ if room == 0 => true,
        _ => {
            room -= 1;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::scan::{Cursor, MAX_DEPTH};
    use super::super::tests::kernels;
    use super::{compact, valid};
    use std::mem::MaybeUninit;

    /// All kinds of tokens, next to each other and with white space between.
    const TEXT: &str = concat!(
        r#"{"a":[1,-0,0.5,-12.25e+7,1E5,3e-10,{"b":null,"\u00e4\\":"\"x"},[],{},[[]]] , "c" : true,"d":[false,"",0],"#,
        "\n\t\"ä\": { \"e\" :[ ] ,\r \"\": { } } , \"long\" :[12345678901234567890123456789012345678901234567890123456789012345678901234567890.5,",
        r#"true,null,false,123456,-1,0,10,100,"x"],"f":{"g":{"h":[{"i":1},{"i":[2]},{}]},"j":0}}"#,
    );

    /// Whether a cursor accepts `text`, as all kernels must then, and only then.
    fn is_valid(text: &[u8]) -> bool {
        let mut cursor = Cursor::new(text);
        let want = cursor.skip_value(0).and_then(|()| cursor.finish()).is_ok();
        for (name, kernel) in kernels() {
            let Some(passes) = &kernel.passes else { continue };
            let found = valid(passes, text);
            // Other values are left to the cursor.
            let bracket = text.trim_ascii_start().starts_with(b"[")
                || text.trim_ascii_start().starts_with(b"{");
            assert_eq!(found, want && bracket, "{name}: {}", text.escape_ascii());
        }
        want
    }

    fn compacted(text: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut all = Vec::new();
        for (_, kernel) in kernels() {
            let Some(passes) = &kernel.passes else { continue };
            // What lies behind the room must stay as it is.
            let mut out = vec![MaybeUninit::new(0xAA); text.len() + 64];
            let (room, behind) = out.split_at_mut(text.len());
            let length = compact(passes, text, room);
            // SAFETY: all bytes were written when `out` was made.
            let (room, behind) = unsafe { (room.assume_init_ref(), behind.assume_init_ref()) };
            assert!(behind.iter().all(|&byte| byte == 0xAA), "{}", text.escape_ascii());
            all.push(length.map(|length| room[..length].to_vec()));
        }
        all
    }

    /// Each byte of a text is replaced by each of those that matter, wherever blocks begin.
    #[test]
    fn blocks_accept_what_a_cursor_accepts() {
        let text = TEXT.as_bytes();
        let mut accepted = 0;
        for shift in 0..64 {
            let mut shifted = [&b" ".repeat(shift)[..], text].concat();
            assert!(is_valid(&shifted));
            for place in (0..text.len()).filter(|place| place % 3 == shift % 3) {
                for &byte in b"{}[],:\"\\ 019-+.eEtfnu\n\x1F\x0C\x1A\xC3" {
                    let before = std::mem::replace(&mut shifted[shift + place], byte);
                    accepted += usize::from(is_valid(&shifted));
                    shifted[shift + place] = before;
                }
            }
        }
        assert!(accepted > 10_000, "only {accepted} texts were valid");
    }

    #[test]
    fn tokens_follow_each_other_as_a_cursor_has_them() {
        const TOKENS: [&str; 8] = ["[", "]", "{", "}", ",", ":", "\"\"", "1"];
        let mut accepted = 0;
        for length in 1..=6 {
            for number in 0..TOKENS.len().pow(length) {
                let token = |place| TOKENS[number / TOKENS.len().pow(place) % TOKENS.len()];
                let text: String = (0..length).flat_map(|place| [" ", token(place)]).collect();
                accepted += usize::from(is_valid(text.as_bytes()));
            }
        }
        assert_eq!(accepted, 28);
    }

    /// Brackets of both kinds, deeper than is looked at together, one of which may be another or be missing.
    #[test]
    fn brackets_match_at_any_depth() {
        let mut state = 1u64;
        let mut random = |limit: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % limit
        };
        let mut accepted = 0;
        for round in 0..20_000 {
            let (mut text, mut open) = (Vec::new(), Vec::new());
            let deepest = [3, 30, 60, 90, 300][round % 5];
            for _ in 0..random(400) {
                if !open.is_empty() && (open.len() >= deepest || random(5) < 2) {
                    if text.ends_with(b":") {
                        text.push(b'1');
                    }
                    text.extend(open.pop());
                    if open.is_empty() {
                        break;
                    }
                    continue;
                }
                if matches!(text.last(), Some(b']' | b'}')) {
                    text.push(b',');
                    if open.last() == Some(&b'}') {
                        text.extend(b"\"\":");
                    }
                }
                let object = random(2) == 1;
                text.extend(if object { &b"{\"\":"[..] } else { b"[" });
                open.push(if object { b'}' } else { b']' });
            }
            if text.ends_with(b":") {
                text.push(b'1');
            }
            text.extend(open.iter().rev());
            if round % 3 != 0 && !text.is_empty() {
                let place = random(text.len());
                match random(3) {
                    0 => text[place] = b"[]{}"[random(4)],
                    1 => drop(text.remove(place)),
                    _ => text.insert(place, b"[]{}"[random(4)]),
                }
            }
            accepted += usize::from(is_valid(&text));
        }
        assert!(accepted > 5_000, "only {accepted} texts were valid");
        // As many as may be close at once, with others behind them.
        for depth in 1..200 {
            let open: String = (0..depth).map(|at| ["[", "{\"\":"][at * at % 7 % 2]).collect();
            let close: Vec<_> = (0..depth).map(|at| ["]", "}"][at * at % 7 % 2]).collect();
            for left in 1..depth {
                let (outer, inner) = close.split_at(left);
                let (outer, inner): (String, String) =
                    (outer.iter().rev().copied().collect(), inner.iter().rev().copied().collect());
                let next = if close[left - 1] == "]" { "[0],{}" } else { "\"\":[0],\"\":{}" };
                assert!(is_valid(format!("{open}0{inner},{next}{outer}").as_bytes()));
            }
        }
        for closing in 1..200 {
            assert!(!is_valid(format!("[]{}", "]".repeat(closing)).as_bytes()));
            assert!(!is_valid(format!("[[{}1", "]".repeat(closing)).as_bytes()));
        }
    }

    #[test]
    fn numbers_of_any_form_and_length_may_lie_across_blocks() {
        let forms = ["0", "-0", "7", "-7", "0.5", "10.05", "-1e5", "1E+5", "0e-0", "12.5e10"];
        let wrong = [
            "00", "-", "01", "-01", "1.", ".5", "1e", "1e+", "1.e5", "1.5.5", "1e5e5", "1e5.5",
            "+1", "--1", "1-1", "1+1", "0x", "tru", "truee", "nul", "fals", "true1", "-true",
        ];
        for shift in 0..70 {
            for zeros in [0, 1, 5, 60, 64, 65, 130] {
                for (forms, right) in [(&forms[..], true), (&wrong[..], false)] {
                    for form in forms {
                        // More digits at the end, which no form minds.
                        let digits = if form.ends_with(|last: char| matches!(last, '1'..='9')) {
                            zeros
                        } else {
                            0
                        };
                        let text = format!("{}[{form}{}]", " ".repeat(shift), "0".repeat(digits));
                        assert_eq!(is_valid(text.as_bytes()), right, "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_surrounds_the_value_is_checked() {
        for right in ["[]", "{}", " [] ", "[[]]", "[{}]", "{\"a\":[]}"] {
            for wrong in ["[]", "{}", ",[]", ",", ":", "1", "\"\"", "]", "}", "x", "\x0B"] {
                for gap in [0, 1, 60, 61, 62, 63, 64, 65, 128] {
                    let gap = " ".repeat(gap);
                    assert!(is_valid(format!("{right}{gap}").as_bytes()));
                    assert!(!is_valid(format!("{right}{gap}{wrong}").as_bytes()));
                    for before in ["", " "] {
                        for between in ["", ",", ":"] {
                            let text = format!("{before}{wrong}{gap}{between}{right}");
                            assert!(!is_valid(text.as_bytes()), "{text}");
                        }
                    }
                    assert!(!is_valid(format!("[{right}{gap}{right}]").as_bytes()));
                }
            }
        }
        for depth in [62, 63, 64, 65, 128, MAX_DEPTH - 1, MAX_DEPTH] {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            assert!(is_valid(text.as_bytes()), "{depth}");
            assert!(
                !is_valid(&text.as_bytes()[1..]) && !is_valid(&text.as_bytes()[..text.len() - 1])
            );
        }
        assert!(!is_valid(("[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1)).as_bytes()));
    }

    #[test]
    fn white_space_between_tokens_is_left_out() {
        let want = TEXT
            .replace(" , ", ",")
            .replace(" : ", ":")
            .replace("\n\t", "")
            .replace(": { \"e\" :[ ] ,\r \"\": { } }", ":{\"e\":[],\"\":{}}")
            .replace(" :[", ":[");
        for shift in 0..130 {
            let text = format!("{}{TEXT}{}", " ".repeat(shift), "\n".repeat(shift % 7));
            for found in compacted(text.as_bytes()) {
                assert_eq!(
                    found.as_deref().map(|found| found.escape_ascii().to_string()),
                    Some(want.as_bytes().escape_ascii().to_string())
                );
            }
            // A text that ends anywhere is refused, and nothing is written beyond its length.
            for end in [TEXT.len() / 3, TEXT.len() / 2, TEXT.len() - 1] {
                let end = (0..=end).rfind(|&end| TEXT.is_char_boundary(end)).unwrap_or(0);
                let text = format!("{}{}", " ".repeat(shift), &TEXT[..end]);
                assert!(compacted(text.as_bytes()).iter().all(Option::is_none));
                let string = format!("[\"{}", "x".repeat(shift));
                assert!(compacted(string.as_bytes()).iter().all(Option::is_none));
            }
        }
    }
}
