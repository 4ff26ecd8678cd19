//! The hash of a key: a polynomial over the field of 2^61 - 1, at a point that is drawn anew for each cache.
//!
//! Two keys of n bytes meet for at most n/7 + 2 of some 2^59 points (Carter and Wegman 1981), so nobody who does not know the point can
//! choose keys that meet. Unlike SipHash it costs few instructions in Go, too, which has to find the same.

use std::hash::BuildHasher;

use super::sync::RandomState;
use super::words::tail;

/// The hash of a key.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Hash(pub u64);

/// What makes the hashes of a cache its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Secret {
    /// Where the polynomial is evaluated, at least `LEAST_POINT` and less than twice that.
    pub point: u64,
    pub offset: u64,
}

pub(super) const PRIME: u64 = (1 << 61) - 1;
/// Below half of the prime, as are all up to twice this: so sums stay small.
pub(super) const LEAST_POINT: u64 = 1 << 59;
/// Bytes of a coefficient.
const CHUNK: usize = 7;

impl Secret {
    pub(super) fn new() -> Self {
        let random = RandomState::new();
        let point = random.hash_one(0) % LEAST_POINT + LEAST_POINT;
        Secret { point, offset: random.hash_one(1) }
    }

    #[inline]
    pub(super) fn hash(&self, key: &[u8]) -> Hash {
        // The length is the first coefficient, which tells zeros at the end from none.
        let mut sum = self.times(key.len() as u64);
        let mut rest = key.len();
        while let Some(&bytes) = key[key.len() - rest..].first_chunk() {
            sum = self.times(sum + (u64::from_le_bytes(bytes) & ((1 << (8 * CHUNK)) - 1)));
            rest -= CHUNK;
        }
        if rest == CHUNK {
            // A chunk that is full is followed by another one, even if that is empty.
            sum = self.times(sum + tail(key, CHUNK));
            rest = 0;
        }
        sum = self.times(sum + tail(key, rest));
        // The remainder itself, which is the same however it was found.
        sum = (sum & PRIME) + (sum >> 61);
        if sum >= PRIME {
            sum -= PRIME;
        }
        finish(sum ^ self.offset)
    }

    /// `number` times the point, up to multiples of the prime; less than 2^62 + 2^57 if the number is the sum of
    /// such a one and of a chunk.
    #[inline]
    fn times(&self, number: u64) -> u64 {
        let product = u128::from(number) * u128::from(self.point);
        (product as u64 & PRIME) + (product >> 61) as u64
    }
}

/// Spreads a number over all bits as MurmurHash3 does.
#[inline]
fn finish(mut number: u64) -> Hash {
    number = (number ^ number >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    number = (number ^ number >> 33).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    Hash(number ^ number >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_polynomial() {
        let secret = Secret { point: (1 << 60) - 12345, offset: 0 };
        let modulo = |number: u128| number % u128::from(PRIME);
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..bytes.len() {
            let key = &bytes[..length];
            let mut chunks: Vec<u64> = vec![length as u64];
            let last = length / CHUNK * CHUNK;
            let whole = key[..last].chunks(CHUNK).chain([&key[last..]]);
            chunks.extend(whole.map(|chunk| {
                chunk.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
            }));
            let point = u128::from(secret.point);
            let expected =
                chunks.iter().fold(0, |sum, &chunk| modulo((sum + u128::from(chunk)) * point));
            let mut sum = secret.times(length as u64);
            for &chunk in &chunks[1..] {
                assert!(sum < (1 << 62) + (1 << 57));
                sum = secret.times(sum + chunk);
            }
            assert_eq!(modulo(sum.into()), expected);
            assert_eq!(secret.hash(key), finish(expected as u64));
        }
    }

    #[test]
    fn tells_keys_apart() {
        let secret = Secret::new();
        let mut seen = std::collections::HashSet::new();
        for length in 0..40 {
            for byte in 0..=255 {
                for place in 0..length.max(1) {
                    let mut key = vec![0; length];
                    key.get_mut(place).into_iter().for_each(|target| *target = byte);
                    if byte > 0 && length > 0 || byte == 0 && place == 0 {
                        assert!(seen.insert(secret.hash(&key).0), "{key:?}");
                    }
                }
            }
        }
    }
}
