//! A buffer that a caller lends, filled from its start.

use std::mem::MaybeUninit;

use super::simd;
use super::sink::Sink;

/// The buffer is full.
#[derive(Debug)]
pub(crate) struct Full;

/// The part of a lent buffer that is written, and the room behind it. Elements are plain data.
pub(crate) struct Output<'a, T: Copy> {
    buffer: &'a mut [MaybeUninit<T>],
    length: usize,
}

impl<'a, T: Copy> Output<'a, T> {
    pub(crate) fn new(buffer: &'a mut [MaybeUninit<T>]) -> Self {
        Output { buffer, length: 0 }
    }

    /// How many elements are written.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Appends an element, and returns its place.
    #[inline(always)]
    pub(crate) fn push(&mut self, element: T) -> Result<usize, Full> {
        let place = self.length;
        self.buffer.get_mut(place).ok_or(Full)?.write(element);
        self.length += 1;
        Ok(place)
    }

    /// Drops what is beyond the first `length` elements.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Appends two elements.
    #[inline(always)]
    pub(crate) fn push_both(&mut self, first: T, second: T) -> Result<(), Full> {
        let [first_room, second_room] = self.room().ok_or(Full)?;
        first_room.write(first);
        second_room.write(second);
        self.length += 2;
        Ok(())
    }

    /// Appends a run of elements.
    #[inline(always)]
    pub(crate) fn extend(&mut self, elements: &[T]) -> Result<(), Full> {
        let room = self.buffer.get_mut(self.length..).ok_or(Full)?;
        let room = room.get_mut(..elements.len()).ok_or(Full)?;
        // SAFETY: `room` is as long as `elements`, and borrowed exclusively, so that they don't overlap.
        unsafe {
            let target = room.as_mut_ptr().cast::<T>();
            target.copy_from_nonoverlapping(elements.as_ptr(), elements.len());
        }
        self.length += elements.len();
        Ok(())
    }

    /// Appends the first `length` of `elements`. Where there is room for all of them, they are copied at once, without a loop.
    #[inline(always)]
    pub(crate) fn extend_from<const N: usize>(
        &mut self,
        elements: &[T; N],
        length: usize,
    ) -> Result<(), Full> {
        match self.room::<N>() {
            Some(room) if length <= N => {
                // SAFETY: `room` has N elements, and is borrowed exclusively.
                unsafe { room.as_mut_ptr().cast::<[T; N]>().write_unaligned(*elements) };
                self.length += length;
                Ok(())
            }
            _ => self.extend_at_end(&elements[..length]),
        }
    }

    /// Appends up to `N` elements, of which `write` says how many it wrote.
    ///
    /// # Safety
    /// `write` does write as many, from the start.
    #[inline(always)]
    pub(crate) unsafe fn extend_with<const N: usize>(
        &mut self,
        write: impl Fn(&mut [MaybeUninit<T>; N]) -> usize,
    ) -> Result<(), Full> {
        if let Some(room) = self.room::<N>() {
            self.length += write(room);
            return Ok(());
        }
        let mut elements = [const { MaybeUninit::uninit() }; N];
        let length = write(&mut elements);
        // SAFETY: the caller's promise.
        self.extend_at_end(unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), length) })
    }

    /// As `extend`, for where blocks do not fit any more.
    #[cold]
    #[inline(never)]
    fn extend_at_end(&mut self, elements: &[T]) -> Result<(), Full> {
        self.extend(elements)
    }

    /// The places of the next elements, if there are as many.
    #[inline(always)]
    pub(crate) fn room<const N: usize>(&mut self) -> Option<&mut [MaybeUninit<T>; N]> {
        self.spare().first_chunk_mut()
    }

    /// The places of all elements that still fit.
    #[inline(always)]
    pub(crate) fn spare(&mut self) -> &mut [MaybeUninit<T>] {
        // SAFETY: `length` never passes the buffer's end.
        unsafe { self.buffer.get_unchecked_mut(self.length..) }
    }

    /// Counts the next `count` elements as written.
    ///
    /// # Safety
    /// They were written, to what `room` or `spare` returned.
    #[inline(always)]
    pub(crate) unsafe fn advance(&mut self, count: usize) {
        self.length += count;
    }

    /// What is written so far.
    #[inline(always)]
    pub(crate) fn written(&mut self) -> &mut [T] {
        // SAFETY: the first `length` elements were written, and `length` never passes the buffer's end.
        unsafe { std::slice::from_raw_parts_mut(self.buffer.as_mut_ptr().cast(), self.length) }
    }
}

impl Sink for Output<'_, u8> {
    type Error = Full;

    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.extend(bytes)
    }

    fn spare(&mut self, _: usize) -> Result<&mut [MaybeUninit<u8>], Full> {
        Ok(self.spare())
    }

    unsafe fn advance(&mut self, length: usize) {
        self.length += length;
    }

    #[inline(always)]
    fn write_part(&mut self, text: &[u8], start: usize, end: usize) -> Result<(), Full> {
        if simd::copy_short(&text[start..], end - start, self.spare()) {
            self.length += end - start;
            return Ok(());
        }
        self.extend(&text[start..end])
    }

    #[inline(always)]
    fn write_few(&mut self, bytes: [u8; 4], length: usize) -> Result<(), Full> {
        let room = self.buffer.get_mut(self.length..).ok_or(Full)?;
        match room.first_chunk_mut() {
            Some(room) => *room = bytes.map(MaybeUninit::new),
            None => return self.extend(&bytes[..length]),
        }
        self.length += length;
        Ok(())
    }
}
