//! Status codes and the caller-owned error structure.

use std::borrow::Cow;
use std::ffi::c_char;

/// What a function returns. Numbers are fixed: none is ever changed or used again.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tandem_status {
    /// Success.
    Ok = 0,
    /// An argument breaks the rules of its function: NULL where a pointer is needed, or a value
    /// out of range.
    InvalidArgument = 1,
    /// The library failed internally. The call had no effect that can be relied on, but the process
    /// and the library's other handles are intact.
    Panic = 2,
    /// The system refused memory.
    OutOfMemory = 3,
    /// The output does not fit the buffer that the caller lent; the length it needs is reported.
    BufferTooSmall = 4,
    /// The text is not valid JSON.
    Syntax = 5,
    /// The JSON is valid, but does not fit the shape that it is decoded into.
    Mismatch = 6,
    /// There is no such entry.
    NotFound = 7,
    /// The entry is larger than the cache may ever hold.
    TooLarge = 8,
    /// The handle was closed.
    Closed = 9,
    /// The text is the beginning of a JSON value: more of it is needed.
    Incomplete = 10,
    /// An object of the text has two members of the same name.
    DuplicateName = 11,
    /// A string of the text is not UTF-8, or has half of a surrogate pair.
    InvalidUtf8 = 12,
    /// Arrays and objects of the text are nested too deep.
    TooDeep = 13,
    /// The entry is not what the operation asks for, such as of another version: nothing was changed.
    Conflict = 14,
    /// The value is not a number of 64 bits.
    NotNumber = 15,
    /// The sum is out of range.
    Overflow = 16,
    /// It is no snapshot of a cache.
    NotSnapshot = 17,
    /// The snapshot is of a version of the format that this library can't read.
    SnapshotVersion = 18,
    /// The snapshot has another tag: its keys and values mean something else.
    SnapshotTag = 19,
    /// The snapshot is damaged.
    SnapshotDamaged = 20,
}

/// Size of the `message` of a `tandem_error`, with its final NUL.
pub const TANDEM_ERROR_MESSAGE_SIZE: usize = 240;

/// Why a function failed, for people. Owned by the caller; needs no initialisation and holds no
/// memory to free.
#[repr(C)]
pub struct tandem_error {
    /// What the function returned.
    pub status: tandem_status,
    /// Length of `message` in bytes, without its final NUL.
    pub message_length: u32,
    /// Where the input is wrong: the 0-based byte offset of the first byte that can't be accepted,
    /// or the input's length if more was expected. 0 where no input is to blame.
    pub offset: u64,
    /// What is wrong: UTF-8, terminated by NUL, cut off where it is longer.
    pub message: [c_char; TANDEM_ERROR_MESSAGE_SIZE],
}

/// The failure of an export, on its way to the caller.
pub(crate) struct Failure {
    pub(crate) status: tandem_status,
    pub(crate) offset: u64,
    pub(crate) message: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn new(status: tandem_status, message: impl Into<Cow<'static, str>>) -> Self {
        Failure { status, offset: 0, message: message.into() }
    }

    /// Fills in the caller's structure, if there is one.
    ///
    /// # Safety
    /// `error` is NULL or valid for writes of a `tandem_error`.
    pub(crate) unsafe fn report(&self, error: *mut tandem_error) {
        if error.is_null() {
            return;
        }
        let mut length = self.message.len().min(TANDEM_ERROR_MESSAGE_SIZE - 1);
        while !self.message.is_char_boundary(length) {
            length -= 1;
        }
        // SAFETY: the caller promised that `error` is valid for writes; the fields are written one
        // by one through raw pointers because the structure may be uninitialised. `length` leaves
        // room for the NUL.
        unsafe {
            (&raw mut (*error).status).write(self.status);
            (&raw mut (*error).message_length).write(length as u32);
            (&raw mut (*error).offset).write(self.offset);
            let message = (&raw mut (*error).message).cast::<u8>();
            message.copy_from_nonoverlapping(self.message.as_ptr(), length);
            message.add(length).write(0);
        }
    }
}

impl From<std::collections::TryReserveError> for Failure {
    fn from(_: std::collections::TryReserveError) -> Self {
        Failure::new(tandem_status::OutOfMemory, "out of memory")
    }
}
