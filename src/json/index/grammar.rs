//! The whole grammar, 64 bytes at a time. The bits of the bytes where tokens begin are gathered, so that what follows what
//! is told for all tokens of a block at once, by shifts; numbers are checked by additions that carry through their digits.
//! Brackets and literals are looked at one by one, and what lies across blocks.

use std::mem::MaybeUninit;
use std::ptr;

use super::super::number;
use super::super::scan::{Cursor, Nesting};
use super::{BLOCK, Block, Carry, Inside, inside};

/// What tokens are made of, inside of strings, too; bit n stands for byte n of a block.
pub(super) struct Classes {
    pub(super) white_space: u64,
    pub(super) commas: u64,
    pub(super) colons: u64,
    /// `{` and `[`.
    pub(super) opening: u64,
    /// `}` and `]`.
    pub(super) closing: u64,
    pub(super) digits: u64,
    pub(super) minus: u64,
}

/// Blocks of processors that gather bits fast.
pub(super) trait Grammar: Block {
    fn classes(bytes: &[u8; BLOCK]) -> Classes;

    /// Which bytes are `byte` when one bit is set in them.
    fn like(bytes: &[u8; BLOCK], bit: u8, byte: u8) -> u64;

    /// Those of the bits that have places, side by side.
    fn gather(bits: u64, places: u64) -> u64;

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

/// What must be known of the text before a block.
struct Before {
    carry: Carry,
    /// 1 if the byte before was a digit of a number without fraction.
    integer: u64,
    /// Where the number or literal ends that was checked last as it lies across blocks.
    checked: usize,
    /// 1 if the last token was an opening bracket, a comma, a colon, a name.
    open: u64,
    comma: u64,
    colon: u64,
    name: u64,
    /// Whether an object is what is innermost.
    in_object: bool,
    /// All ones if the text's value has ended.
    ended: u64,
}

/// Whether `text` is an array or object that is JSON, with white space around it.
#[inline(always)]
pub(super) fn valid<B: Grammar>(text: &[u8]) -> bool {
    run::<B, false>(text, ptr::null_mut()).is_some()
}

/// As [`valid`]; writes the text without white space between tokens to `out`, which must be as long as the text, and returns how
/// many bytes these are.
#[inline(always)]
pub(super) fn compact<B: Grammar>(text: &[u8], out: &mut [MaybeUninit<u8>]) -> Option<usize> {
    if out.len() < text.len() { None } else { run::<B, true>(text, out.as_mut_ptr().cast()) }
}

/// Without `COMPACT` nothing is written. Otherwise `out` must have room for all of the text.
#[inline(always)]
fn run<B: Grammar, const COMPACT: bool>(text: &[u8], mut out: *mut u8) -> Option<usize> {
    // Other values are short or strings, and nothing to be fast at. What follows relies on a bracket being first.
    if !matches!(Cursor::new(text).peek_token(), Some(b'{' | b'[')) {
        return None;
    }
    let mut before = Before {
        carry: Carry::default(),
        integer: 0,
        checked: 0,
        open: 0,
        comma: 0,
        colon: 1,
        name: 0,
        in_object: false,
        ended: 0,
    };
    let mut nesting = Nesting::new(0);
    let start = out;
    let (mut rest, mut at) = (text, 0);
    while rest.len() >= 2 * BLOCK
        && let Some((block, after)) = rest.split_first_chunk()
    {
        let dropped = step::<B>(text, at, block, &mut before, &mut nesting)?;
        if COMPACT {
            // SAFETY: two blocks are left to read, and as no more was written than read, there is room for two.
            unsafe { out = out.add(B::squeeze(rest.as_ptr(), !dropped, out)) };
        }
        at += BLOCK;
        rest = after;
    }
    while !rest.is_empty() {
        let part = &rest[..rest.len().min(BLOCK)];
        let block = match part.first_chunk() {
            Some(block) => *block,
            None => B::padded(part),
        };
        let dropped = step::<B>(text, at, &block, &mut before, &mut nesting)?;
        if COMPACT {
            let kept = !dropped & u64::MAX >> (BLOCK - part.len());
            let (mut blocks, mut squeezed) = ([0; 2 * BLOCK], [0; 2 * BLOCK]);
            blocks[..BLOCK].copy_from_slice(&block);
            // SAFETY: both have two blocks. What is written to `out` is not longer than `part`.
            unsafe {
                let length = B::squeeze(blocks.as_ptr(), kept, squeezed.as_mut_ptr());
                out.copy_from_nonoverlapping(squeezed.as_ptr(), length);
                out = out.add(length);
            }
        }
        at += part.len();
        rest = &rest[part.len()..];
    }
    (before.ended != 0).then(|| out.addr() - start.addr())
}

/// Checks a block, and tells which bytes are white space between tokens.
#[inline(always)]
fn step<B: Grammar>(
    text: &[u8],
    at: usize,
    block: &[u8; BLOCK],
    before: &mut Before,
    nesting: &mut Nesting,
) -> Option<u64> {
    let strings = B::strings(block);
    let Some(Inside { quotes, in_string, wrong }) =
        inside::<B>(text, at, &strings, &mut before.carry)
    else {
        return Some(0);
    };
    let classes = B::classes(block);
    let outside = !(in_string | quotes);
    let white_space = classes.white_space & outside;
    let mut wrong = wrong | (strings.control | before.ended) & !white_space;

    let operators = classes.commas | classes.colons | classes.opening | classes.closing;
    let scalars = outside & !(white_space | operators);
    let starts = scalars & !(scalars << 1 | before.carry.scalar);
    before.carry.scalar = scalars >> 63;
    let integer = before.integer & scalars;
    before.integer = 0;
    if scalars != 0 {
        let mut numbers = scalars;
        if before.checked > at {
            numbers &= u64::MAX.checked_shl((before.checked - at) as u32).unwrap_or(0);
        }
        // What goes on in the next block: digits may do so, others are checked where they lie.
        let crossing = ((numbers as i64) >> 63) as u64;
        let place = (starts | 1).ilog2();
        let last = u64::MAX << place & crossing;
        let zeros = B::like(block, 0, b'0');
        if last & (!classes.digits | starts & zeros) != 0 {
            before.checked = scalar_end(text, at + place as usize)?;
            numbers &= !last;
        }
        wrong |= wrong_scalars::<B>(block, &classes, numbers, zeros, starts, integer)?;
        before.integer = (numbers & last) >> 63;
    }

    let tokens = operators & outside | quotes & in_string | starts;
    if tokens == 0 {
        return (wrong == 0).then_some(white_space);
    }
    let last = tokens.count_ones() - 1;
    let commas = B::gather(classes.commas, tokens);
    let colons = B::gather(classes.colons, tokens);
    let opening = B::gather(classes.opening, tokens);
    let closing = B::gather(classes.closing, tokens);
    let strings = B::gather(quotes, tokens);

    let began_in_object = before.in_object;
    let mut in_object = 0u64.wrapping_sub(before.in_object.into());
    if opening | closing != 0 {
        let curly = B::gather(B::like(block, !0x20, 0xFF), tokens);
        // Those that are closed at once need no place, unless there may be none left, or the text ends with them.
        let within = nesting.innermost().is_some() && nesting.room() > BLOCK;
        let empty = if within { opening & closing >> 1 } else { 0 };
        if empty & (curly ^ curly >> 1) != 0 {
            return None;
        }
        let mut brackets = (opening | closing) & !(empty | empty << 1);
        while brackets != 0 {
            let place = brackets.trailing_zeros();
            brackets &= brackets - 1;
            let object = curly >> place & 1 != 0;
            if opening >> place & 1 != 0 {
                nesting.push(object).ok()?;
            } else {
                if nesting.innermost() != Some(object) {
                    return None;
                }
                nesting.pop();
            }
            let now = match nesting.innermost() {
                Some(object) => object,
                None => {
                    // Nothing may follow.
                    before.ended = u64::MAX;
                    if place != last {
                        return None;
                    }
                    false
                }
            };
            if now != before.in_object {
                in_object ^= u64::MAX << place;
            }
            before.in_object = now;
        }
    }
    let in_object = in_object << 1 | u64::from(began_in_object);

    let behind_open = opening << 1 | before.open;
    let behind_comma = commas << 1 | before.comma;
    let behind_colon = colons << 1 | before.colon;
    let names = (behind_open | behind_comma) & in_object & !(behind_open & closing);
    let behind_name = names << 1 | before.name;
    let all = u64::MAX >> (63 - last);
    let behind_value = !(behind_open | behind_comma | behind_colon | behind_name);
    let follows = behind_name ^ colons | behind_value ^ (commas | closing & !behind_open);
    wrong |= names & !strings & all | follows & all;
    before.open = opening >> last;
    before.comma = commas >> last;
    before.colon = colons >> last;
    before.name = names >> last & 1;
    (wrong == 0).then_some(white_space)
}

/// Where the number or literal ends that is at `at`, or has only digits before that, if it is right.
#[inline(never)]
fn scalar_end(text: &[u8], at: usize) -> Option<usize> {
    let digits = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit());
    let at = at - digits.count();
    let end = match text[at..] {
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => at + 4,
        [b'f', b'a', b'l', b's', b'e', ..] => at + 5,
        [b'-' | b'0'..=b'9', ..] => number::end(text, at)?,
        _ => return None,
    };
    let ends = matches!(
        text.get(end),
        None | Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']')
    );
    ends.then_some(end)
}

/// Checks numbers and literals that lie within a block. Some of what is wrong is marked, by bits.
#[inline(always)]
fn wrong_scalars<B: Grammar>(
    block: &[u8; BLOCK],
    classes: &Classes,
    mut numbers: u64,
    zeros: u64,
    starts: u64,
    integer: u64,
) -> Option<u64> {
    let mut words = numbers & starts & !(classes.digits | classes.minus);
    while words != 0 {
        let place = words.trailing_zeros();
        words &= words - 1;
        let length = match block[place as usize..] {
            [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
            [b'f', b'a', b'l', b's', b'e', ..] => 5,
            _ => return None,
        };
        if (numbers >> place).trailing_ones() != length {
            return None;
        }
        numbers ^= ((1 << length) - 1) << place;
    }
    let starts = starts & numbers;
    let digits = classes.digits & numbers;
    let signed = starts & classes.minus;
    let first = signed << 1 | starts & digits;
    let zero = first & zeros;
    let others = numbers & !(digits | signed);
    if others == 0 {
        return Some(first & !digits | zero << 1 & digits);
    }
    // Markers move along the numbers, by addition through all digits at once.
    let pass = |places: u64| places.wrapping_add(digits) & !digits;
    let integers = pass(first & !zero | integer) | zero << 1;
    let dots = integers & B::like(block, 0, b'.');
    let tenths = dots << 1;
    let mantissas = integers & !dots | pass(tenths);
    let exponents = mantissas & B::like(block, 0x20, b'e');
    let powers = exponents << 1;
    let signs = powers & (classes.minus | B::like(block, 0, b'+'));
    let powers = signs << 1 | powers & !signs;
    let ends = mantissas & !exponents | pass(powers);
    Some((first | tenths | powers) & !digits | ends & numbers)
}

#[cfg(test)]
mod tests {
    use super::super::super::scan::{Cursor, MAX_DEPTH};
    use super::super::tests::kernels;
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
        let valid = cursor.skip_value(0).and_then(|()| cursor.finish()).is_ok();
        for (name, kernel) in kernels() {
            let Some(texts) = &kernel.texts else { continue };
            let found = (texts.valid)(text);
            // Other values are left to the cursor.
            let bracket = text.trim_ascii_start().starts_with(b"[")
                || text.trim_ascii_start().starts_with(b"{");
            assert_eq!(found, valid && bracket, "{name}: {}", text.escape_ascii());
        }
        valid
    }

    fn compacted(text: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut all = Vec::new();
        for (_, kernel) in kernels() {
            let Some(texts) = &kernel.texts else { continue };
            // What lies behind the room must stay as it is.
            let mut out = vec![MaybeUninit::new(0xAA); text.len() + 64];
            let (room, behind) = out.split_at_mut(text.len());
            let length = (texts.compact)(text, room);
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
