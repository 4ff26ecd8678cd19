//! Checks and conversions of raw arguments.

use super::status::{Failure, tandem_status};

/// Rust slices may not be longer than this many bytes.
const MAX_BYTES: usize = isize::MAX as usize;

#[inline(always)]
fn check<T>(pointer: *const T, length: usize, name: &'static str) -> Result<(), Failure> {
    if pointer.is_null() || !pointer.is_aligned() || length > MAX_BYTES / size_of::<T>().max(1) {
        return Err(refusal(pointer, name));
    }
    Ok(())
}

/// Says what is wrong with an argument, out of the way of those that are right.
#[cold]
#[inline(never)]
fn refusal<T>(pointer: *const T, name: &'static str) -> Failure {
    let problem = if pointer.is_null() {
        "is NULL"
    } else if !pointer.is_aligned() {
        "is not aligned"
    } else {
        "is too long"
    };
    Failure::new(tandem_status::InvalidArgument, format!("argument `{name}` {problem}"))
}

/// An input slice; (NULL, 0) is the empty one.
///
/// # Safety
/// Unless `length` is 0, `pointer` is NULL or valid for reads of `length` elements for `'a`.
#[inline(always)]
pub(crate) unsafe fn slice<'a, T>(
    pointer: *const T,
    length: usize,
    name: &'static str,
) -> Result<&'a [T], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    check(pointer, length, name)?;
    // SAFETY: not NULL, aligned and not too long, as checked; valid, as the caller promised.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// An output buffer, which may be uninitialised; (NULL, 0) is the empty one.
///
/// # Safety
/// Unless `length` is 0, `pointer` is NULL or valid for writes of `length` elements for `'a`, and
/// nothing else uses that memory meanwhile.
#[inline(always)]
pub(crate) unsafe fn buffer<'a, T>(
    pointer: *mut T,
    length: usize,
    name: &'static str,
) -> Result<&'a mut [std::mem::MaybeUninit<T>], Failure> {
    if length == 0 {
        return Ok(&mut []);
    }
    check(pointer, length, name)?;
    // SAFETY: as in `slice`; `MaybeUninit` asks nothing of the memory's contents.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer.cast(), length) })
}

/// A handle or structure that is only read.
///
/// # Safety
/// `pointer` is NULL or valid for reads for `'a`.
#[inline(always)]
pub(crate) unsafe fn reference<'a, T>(
    pointer: *const T,
    name: &'static str,
) -> Result<&'a T, Failure> {
    check(pointer, 1, name)?;
    // SAFETY: not NULL and aligned, as checked; valid, as the caller promised.
    Ok(unsafe { &*pointer })
}

/// A structure of the caller's that is read and written.
///
/// # Safety
/// `pointer` is NULL or valid for reads and writes for `'a`, and nothing else uses that memory meanwhile.
#[inline(always)]
pub(crate) unsafe fn exclusive<'a, T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<&'a mut T, Failure> {
    check(pointer, 1, name)?;
    // SAFETY: not NULL and aligned, as checked; valid and not shared, as the caller promised.
    Ok(unsafe { &mut *pointer })
}

/// The place for an output.
pub(crate) struct Output<T>(*mut T);

impl<T> Output<T> {
    /// # Safety
    /// `pointer` is NULL or valid for writes while the export runs.
    pub(crate) unsafe fn new(pointer: *mut T, name: &'static str) -> Result<Self, Failure> {
        check(pointer, 1, name)?;
        Ok(Output(pointer))
    }

    /// Writes the output without reading what was there.
    pub(crate) fn set(&self, value: T) {
        // SAFETY: valid for writes, as promised to `new`, and aligned, as checked there.
        unsafe { self.0.write(value) }
    }
}
