//! What is wrong with bytes that should be UTF-8, told by two that follow each other (J. Keiser and D. Lemire, "Validating UTF-8 In
//! Less Than One Instruction Per Byte", 2021): what [`first`] and [`second`] have in common, except that [`LATER`] is right
//! where the third or fourth byte of a character is due, and only there.

/// A character ends too early.
const SHORT: u8 = 1 << 0;
/// A character would have a shorter form.
const OVERLONG_2: u8 = 1 << 1;
const OVERLONG_3: u8 = 1 << 2;
const OVERLONG_4: u8 = 1 << 3;
/// U+D800 to U+DFFF.
const SURROGATE: u8 = 1 << 4;
/// Beyond U+10FFFF.
const TOO_LARGE: u8 = 1 << 5;
/// A continuation does not follow what begins a character.
pub(super) const LATER: u8 = 1 << 7;

/// What may be wrong with two bytes by the first of them.
pub(super) const fn first(byte: u8) -> u8 {
    match byte {
        0x00..=0xBF => LATER,
        0xC0 | 0xC1 => SHORT | OVERLONG_2,
        0xE0 => SHORT | OVERLONG_3,
        0xED => SHORT | SURROGATE,
        0xF0 => SHORT | OVERLONG_4,
        0xF4 => SHORT | TOO_LARGE,
        // Together, all that may follow.
        0xF5..=0xFF => SHORT | OVERLONG_4 | TOO_LARGE,
        _ => SHORT,
    }
}

/// What may be wrong with two bytes by the upper half of the second.
pub(super) const fn second(byte: u8) -> u8 {
    match byte {
        0x80..=0x8F => LATER | OVERLONG_2 | OVERLONG_3 | OVERLONG_4,
        0x90..=0x9F => LATER | OVERLONG_2 | OVERLONG_3 | TOO_LARGE,
        0xA0..=0xBF => LATER | OVERLONG_2 | SURROGATE | TOO_LARGE,
        _ => SHORT,
    }
}

/// What has to be taken away from a byte so that [`LATER`] is left if it begins a character of three bytes or more, or of four.
pub(super) const THREE: u8 = 0xE0 - LATER;
pub(super) const FOUR: u8 = 0xF0 - LATER;

/// [`first`] by the upper half of a byte; what it has in common with [`FIRST_LOW`] is right.
pub(super) const FIRST_HIGH: [u8; 16] = {
    let mut entries = [0; 16];
    let mut byte = 0;
    while byte < 256 {
        entries[byte >> 4] |= first(byte as u8);
        byte += 1;
    }
    entries
};

/// [`first`] by the lower half.
pub(super) const FIRST_LOW: [u8; 16] = {
    let mut entries = [0; 16];
    let mut byte = 0;
    while byte < 256 {
        entries[byte & 0xF] |= first(byte as u8);
        byte += 1;
    }
    entries
};

/// [`second`] by the upper half.
pub(super) const SECOND_HIGH: [u8; 16] = {
    let mut entries = [0; 16];
    let mut half = 0;
    while half < 16 {
        entries[half] = second((half << 4) as u8);
        half += 1;
    }
    entries
};
