//! Byte strings in words that are read and written one at a time, each atomically: one thread may read them while
//! another writes, and finds out afterwards that it must not believe what it read.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::arch::asm;
use std::mem::MaybeUninit;
use std::slice;
use std::sync::atomic::Ordering;

use super::sync::AtomicU64;

#[cfg(target_endian = "big")]
compile_error!("the bytes of keys and values lie in words as little-endian processors read them");

/// Bytes of a word.
pub(super) const WORD: usize = size_of::<u64>();

/// The words that `bytes` bytes take.
pub(super) const fn words_of(bytes: usize) -> usize {
    bytes.div_ceil(WORD)
}

pub(super) fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

pub(super) fn store(word: &AtomicU64, value: u64) {
    word.store(value, Ordering::Relaxed);
}

/// Where a byte string lies: the first byte of a word is its lowest.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    /// The words that have any of it.
    words: &'a [AtomicU64],
    /// Bits of the first word before it.
    shift: u32,
    length: usize,
}

impl<'a> Text<'a> {
    /// The `length` bytes from byte `start` of `words`.
    #[inline]
    pub(super) fn new(words: &'a [AtomicU64], start: usize, length: usize) -> Option<Self> {
        let words = words.get(start / WORD..words_of(start + length))?;
        Some(Text { words, shift: (start % WORD) as u32 * 8, length })
    }

    pub(super) fn len(self) -> usize {
        self.length
    }

    /// The bytes themselves.
    ///
    /// # Safety
    /// Nobody changes the words as long as the result lives.
    pub(super) unsafe fn as_slice(self) -> &'a [u8] {
        let start = self.words.as_ptr().cast::<u8>();
        // SAFETY: the words have so many bytes; others may read them meanwhile.
        unsafe { slice::from_raw_parts(start.add(self.shift as usize / 8), self.length) }
    }

    /// Copies the string to the start of `output`, which has room for it.
    #[inline(always)]
    pub(super) fn copy_to(self, output: &mut [MaybeUninit<u8>]) {
        let output = &mut output[..self.length];
        let from = self.words.as_ptr().cast::<u8>().wrapping_add(self.shift as usize / 8);
        let to = output.as_mut_ptr().cast::<u8>();
        // SAFETY: the words have all bytes of the string, and the output as many.
        unsafe {
            if RACES && output.len() >= RACE {
                return copy_racing::<RACE>(from, to, output.len(), race);
            }
            if RACES && output.len() >= WORD {
                return copy_racing::<WORD>(from, to, output.len(), race_word);
            }
        }
        copy_words(self.words, self.shift, output);
    }
}

/// Copies the string that begins so many bits behind the start of `words`, and is as long as `output`.
fn copy_words(words: &[AtomicU64], shift: u32, output: &mut [MaybeUninit<u8>]) {
    let (whole, rest) = output.as_chunks_mut();
    let mut words = words.iter().map(load);
    let (mut low, up) = (0, (64 - shift) % 64);
    if shift == 0 {
        for (bytes, word) in whole.iter_mut().zip(&mut words) {
            *bytes = word.to_le_bytes().map(MaybeUninit::new);
        }
    } else {
        low = words.next().unwrap_or(0) >> shift;
        for (bytes, word) in whole.iter_mut().zip(&mut words) {
            *bytes = (low | word << up).to_le_bytes().map(MaybeUninit::new);
            low = word >> shift;
        }
    }
    // There is another word if the last bytes reach into it.
    let last = low | words.next().map_or(0, |word| word << up);
    for (byte, value) in rest.iter_mut().zip(last.to_le_bytes()) {
        byte.write(value);
    }
}

/// Copies so many bytes, `LENGTH` at least, with what copies `LENGTH` of them. The last ones may be copied twice.
///
/// # Safety
/// `from` is valid for reads, and `to` for writes of so many bytes, in the way that `copy` needs.
#[inline(always)]
unsafe fn copy_racing<const LENGTH: usize>(
    mut from: *const u8,
    mut to: *mut u8,
    length: usize,
    copy: unsafe fn(*const u8, *mut u8),
) {
    // SAFETY: the caller's promises; nothing goes beyond the last `LENGTH` bytes.
    unsafe {
        let (last_from, last_to) = (from.add(length - LENGTH), to.add(length - LENGTH));
        while from < last_from {
            copy(from, to);
            (from, to) = (from.add(LENGTH), to.add(LENGTH));
        }
        copy(last_from, last_to);
    }
}

/// Whether there are `race` and `race_word`.
const RACES: bool = cfg!(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri),
    not(all(test, shuttle))
));

/// Bytes that `race` copies.
const RACE: usize = 16;

/// Copies [`RACE`] bytes that others may change meanwhile: each of them is what it was at some moment. The language has no
/// accesses that are both atomic and as wide, or that begin anywhere, but the processor does.
///
/// # Safety
/// `from` is valid for reads, and `to` for writes of so many bytes; others access those of `from` atomically.
#[inline(always)]
unsafe fn race(from: *const u8, to: *mut u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's promises.
    unsafe {
        let bytes: std::arch::x86_64::__m128i;
        asm!("movups {}, [{}]", out(xmm_reg) bytes, in(reg) from,
            options(readonly, nostack, preserves_flags));
        to.cast::<std::arch::x86_64::__m128i>().write_unaligned(bytes);
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        let bytes: std::arch::aarch64::uint8x16_t;
        asm!("ldr {:q}, [{}]", out(vreg) bytes, in(reg) from,
            options(readonly, nostack, preserves_flags));
        to.cast::<std::arch::aarch64::uint8x16_t>().write_unaligned(bytes);
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = (from, to);
}

/// As [`race`], a word.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn race_word(from: *const u8, to: *mut u8) {
    let bytes: u64;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's promises.
    unsafe {
        asm!("mov {}, qword ptr [{}]", out(reg) bytes, in(reg) from,
            options(readonly, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        asm!("ldr {}, [{}]", out(reg) bytes, in(reg) from,
            options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        (bytes, _) = (0, from);
    }
    // SAFETY: as above.
    unsafe { to.cast::<u64>().write_unaligned(bytes) };
}

/// Writes two byte strings one behind the other, from the first word on, and zeros to the end of the last word. There are
/// words for both.
pub(super) fn write(words: &[AtomicU64], [first, second]: [&[u8]; 2]) {
    let (words, rest) = write_whole(words, first);
    // The word in which they meet.
    let (joint, second) = second.split_at(second.len().min((WORD - rest.len()) % WORD));
    let mut words = words;
    if !rest.is_empty() {
        store(&words[0], partial(rest) | partial(joint) << (8 * rest.len()));
        words = &words[1..];
    }
    let (words, rest) = write_whole(words, second);
    if !rest.is_empty() {
        store(&words[0], partial(rest));
    }
}

/// Writes those bytes that make words, and returns the words that are left, and the bytes.
#[inline(always)]
fn write_whole<'w, 'b>(words: &'w [AtomicU64], bytes: &'b [u8]) -> (&'w [AtomicU64], &'b [u8]) {
    let (chunks, rest) = bytes.as_chunks();
    let (whole, words) = words.split_at(chunks.len());
    whole.iter().zip(chunks).for_each(|(word, &chunk)| store(word, u64::from_le_bytes(chunk)));
    (words, rest)
}

/// Whether `bytes` are the first ones of `words`, which have as many.
#[inline(always)]
pub(super) fn begin_with(words: &[AtomicU64], bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks();
    let Some((whole, others)) = words.split_at_checked(chunks.len()) else { return false };
    if !whole.iter().zip(chunks).all(|(word, &chunk)| load(word) == u64::from_le_bytes(chunk)) {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    // The bytes of the last word, at its upper end, as they are in the last 8 of all.
    let unused = 64 - 8 * rest.len();
    let last = match bytes.last_chunk() {
        Some(&last) => u64::from_le_bytes(last),
        None => partial(rest) << unused,
    };
    others.first().is_some_and(|word| (load(word) << unused ^ last) >> unused == 0)
}

/// The number that the last `count` bytes make, fewer than 8, the first one lowest.
#[inline(always)]
pub(super) fn tail(bytes: &[u8], count: usize) -> u64 {
    match bytes.last_chunk() {
        Some(&last) => u64::from_le_bytes(last) >> (8 * (7 - count)) >> 8,
        None => partial(&bytes[bytes.len() - count..]),
    }
}

/// The number that fewer than 8 bytes make, the first one lowest.
#[inline]
pub(super) fn partial(bytes: &[u8]) -> u64 {
    if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (low, high) = (u32::from_le_bytes(*low), u32::from_le_bytes(*high));
        return u64::from(low) | u64::from(high) << (bytes.len() * 8 - 32);
    }
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Copies `length` words to an earlier place, or to another one that they do not overlap.
pub(super) fn copy_down(words: &[AtomicU64], from: usize, to: usize, length: usize) {
    for (source, target) in words[from..][..length].iter().zip(&words[to..][..length]) {
        store(target, load(source));
    }
}

/// Asks the processor for the line of an address.
#[inline(always)]
pub(super) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch is a hint, and may name any address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch(address.cast(), _MM_HINT_T0);
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes: Vec<u8> = (1..=40).collect();
        for first in 0..20 {
            for second in 0..20 {
                let strings = [&bytes[..first], &bytes[20..20 + second]];
                let words: Vec<_> = (0..6).map(|_| AtomicU64::new(u64::MAX)).collect();
                write(&words[..words_of(first + second)], strings);
                let texts = [(0, first), (first, second)]
                    .map(|(start, length)| Text::new(&words, start, length).unwrap());
                for (text, string) in texts.into_iter().zip(strings) {
                    let mut output = [MaybeUninit::new(0); 24];
                    text.copy_to(&mut output);
                    for (index, byte) in output.iter().enumerate() {
                        // SAFETY: all of it was initialised.
                        let byte = unsafe { byte.assume_init() };
                        assert_eq!(byte, string.get(index).copied().unwrap_or(0));
                    }
                    // SAFETY: nobody else has the words.
                    assert_eq!(unsafe { text.as_slice() }, string);
                }
                let mut other = bytes[..first].to_vec();
                assert!(begin_with(&words, &other));
                for index in 0..first {
                    other[index] ^= 0x80;
                    assert!(!begin_with(&words, &other), "{first} {index}");
                    other[index] ^= 0x80;
                }
            }
        }
        assert!(!begin_with(&[], &[0]));
        assert!(Text::new(&[], 0, 1).is_none());
    }
}
