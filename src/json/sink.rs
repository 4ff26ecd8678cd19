//! Where text is written: memory that grows, or a buffer that a caller lends.

use std::collections::TryReserveError;
use std::convert::Infallible;
use std::mem::MaybeUninit;

use super::simd;

/// Takes bytes, and may refuse them.
pub(crate) trait Sink {
    /// Why bytes are refused.
    type Error;

    /// Appends `bytes`.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// The memory behind what was written, which is at least `length` bytes if it can grow.
    fn spare(&mut self, length: usize) -> Result<&mut [MaybeUninit<u8>], Self::Error>;

    /// Counts the next `length` bytes as written.
    ///
    /// # Safety
    /// They were written, to what `spare` returned.
    unsafe fn advance(&mut self, length: usize);

    /// Appends `text[start..end]`. What is behind it may be read, too, so that short parts need no loop.
    #[inline(always)]
    fn write_part(&mut self, text: &[u8], start: usize, end: usize) -> Result<(), Self::Error> {
        self.write(&text[start..end])
    }

    /// Appends the first `length` of `bytes`. Where there is room for all of them, no loop is needed.
    #[inline(always)]
    fn write_few(&mut self, bytes: [u8; 4], length: usize) -> Result<(), Self::Error> {
        self.write(&bytes[..length])
    }
}

/// Memory that grows, for as long as the system grants more.
impl Sink for Vec<u8> {
    type Error = TryReserveError;

    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        let room = self.spare(bytes.len())?.as_mut_ptr().cast::<u8>();
        // SAFETY: there is room for all bytes, borrowed exclusively, and all of it is written.
        unsafe {
            room.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            self.advance(bytes.len());
        }
        Ok(())
    }

    #[inline(always)]
    fn spare(&mut self, length: usize) -> Result<&mut [MaybeUninit<u8>], TryReserveError> {
        self.try_reserve(length)?;
        Ok(self.spare_capacity_mut())
    }

    #[inline(always)]
    unsafe fn advance(&mut self, length: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.set_len(self.len() + length) };
    }

    #[inline(always)]
    fn write_part(&mut self, text: &[u8], start: usize, end: usize) -> Result<(), TryReserveError> {
        let length = self.len() + (end - start);
        if simd::copy_short(&text[start..], end - start, self.spare_capacity_mut()) {
            // SAFETY: so many bytes were copied behind the others.
            unsafe { self.set_len(length) };
            return Ok(());
        }
        self.write(&text[start..end])
    }
}

/// A buffer that a caller lends. What does not fit is dropped, but counted, so that the caller learns how
/// large the buffer must be.
pub(crate) struct Lent<'a> {
    buffer: &'a mut [MaybeUninit<u8>],
    length: usize,
}

impl<'a> Lent<'a> {
    pub(crate) fn new(buffer: &'a mut [MaybeUninit<u8>]) -> Self {
        Lent { buffer, length: 0 }
    }

    /// How many bytes were written; all of them are in the buffer unless it is shorter.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Whether the buffer holds all that was written.
    pub(crate) fn fits(&self) -> bool {
        self.length <= self.buffer.len()
    }
}

impl Sink for Lent<'_> {
    type Error = Infallible;

    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        // A sum that saturates is beyond any buffer.
        let end = self.length.saturating_add(bytes.len());
        if let Some(room) = self.buffer.get_mut(self.length..end) {
            // SAFETY: `room` is as long as `bytes`, and borrowed exclusively, so that they don't overlap.
            unsafe {
                let target = room.as_mut_ptr().cast::<u8>();
                target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
        }
        self.length = end;
        Ok(())
    }

    fn spare(&mut self, _: usize) -> Result<&mut [MaybeUninit<u8>], Infallible> {
        Ok(self.buffer.get_mut(self.length..).unwrap_or_default())
    }

    unsafe fn advance(&mut self, length: usize) {
        self.length += length;
    }

    #[inline(always)]
    fn write_part(&mut self, text: &[u8], start: usize, end: usize) -> Result<(), Infallible> {
        let room = self.buffer.get_mut(self.length..).unwrap_or_default();
        if simd::copy_short(&text[start..], end - start, room) {
            self.length += end - start;
            return Ok(());
        }
        self.write(&text[start..end])
    }

    #[inline(always)]
    fn write_few(&mut self, bytes: [u8; 4], length: usize) -> Result<(), Infallible> {
        let room = self.buffer.get_mut(self.length..).unwrap_or_default();
        match room.first_chunk_mut() {
            Some(room) => {
                *room = bytes.map(MaybeUninit::new);
                self.length += length;
                Ok(())
            }
            None => self.write(&bytes[..length]),
        }
    }
}
