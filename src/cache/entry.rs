//! How an entry lies in memory: a header, then the key, then the value. A large entry keeps key and value in a
//! mapping of their own, and has the mapping's address behind its header instead.

use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

use super::arena::Mapping;

/// Read since it was stored, or since it was last given a second chance.
const USED: u32 = 1;
/// Not in the index any more.
const DEAD: u32 = 2;
/// Key and value are in a mapping of their own.
const MAPPED: u32 = 4;
/// The low bits of `Header::size_and_flags`; sizes are multiples of 8.
const FLAGS: u32 = 7;

#[repr(C)]
struct Header {
    deadline: u64,
    hash: u32,
    key_length: u32,
    value_length: u32,
    /// Atomic because readers set USED while others read.
    size_and_flags: AtomicU32,
}

const HEADER: usize = size_of::<Header>();

/// What is to be stored.
pub(super) struct NewEntry<'a> {
    pub hash: Hash,
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub deadline: u64,
}

impl NewEntry<'_> {
    /// Bytes of key and value.
    pub(super) fn payload(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// Bytes of the entry with key and value inside.
    pub(super) fn inline_size(&self) -> usize {
        HEADER + self.payload()
    }
}

/// Bytes of an entry whose key and value are in a mapping.
pub(super) const MAPPED_SIZE: usize = HEADER + size_of::<NonNull<u8>>();

/// The hash of a key. Entries keep 32 bits of it; the index gets 64 made of these.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash(pub u32);

impl Hash {
    /// 64 bits whose high and low ends, which the index uses, depend on all 32 and on the low ones.
    pub(super) fn spread(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// An entry in the arena. Copies point to the same entry.
///
/// An `Entry` is made by whoever holds the lock of its shard and is gone when the lock is: that is
/// what the methods rely on. Those that change something need the lock for writing.
#[derive(Clone, Copy)]
pub(super) struct Entry(NonNull<Header>);

impl Entry {
    /// # Safety
    /// An entry was written at `pointer`, aligned to 8, and the lock of its shard is held as long as the result lives.
    pub(super) unsafe fn at(pointer: NonNull<u8>) -> Self {
        Entry(pointer.cast())
    }

    /// Writes an entry that takes `size` bytes, a multiple of 8; `mapping` has its key and value unless they
    /// fit the size.
    ///
    /// # Safety
    /// `pointer` is aligned to 8 and valid for writes of `size` bytes, which nothing else uses; without a
    /// mapping, `size` is `new.inline_size()` at least, with one `MAPPED_SIZE`.
    pub(super) unsafe fn write(
        pointer: NonNull<u8>,
        new: &NewEntry,
        size: u32,
        mapping: Option<Mapping>,
    ) {
        let mapped = if mapping.is_some() { MAPPED } else { 0 };
        let header = Header {
            deadline: new.deadline,
            hash: new.hash.0,
            key_length: new.key.len() as u32,
            value_length: new.value.len() as u32,
            size_and_flags: AtomicU32::new(size | mapped),
        };
        // SAFETY: the caller's promise; key and value come from outside of the arena.
        unsafe {
            pointer.cast().write(header);
            let payload = pointer.add(HEADER);
            match mapping {
                Some(mapping) => payload.cast().write(mapping.into_raw()),
                None => write_payload(payload, new),
            }
        }
    }

    /// A mapping that holds key and value of a large entry; None if the system refuses.
    pub(super) fn map(new: &NewEntry) -> Option<Mapping> {
        let mapping = Mapping::new(Mapping::size(new.payload()))?;
        // SAFETY: the mapping has the size of the payload and is not shared yet.
        unsafe { write_payload(mapping.start(), new) };
        Some(mapping)
    }

    fn header(&self) -> &Header {
        // SAFETY: an entry was written there, and the shard's lock keeps writers off.
        unsafe { self.0.as_ref() }
    }

    fn flags(&self) -> u32 {
        self.header().size_and_flags.load(Ordering::Relaxed)
    }

    /// Bytes that the entry takes in its segment.
    pub(super) fn size(&self) -> u32 {
        self.flags() & !FLAGS
    }

    /// Bytes that it would take were it written anew, before rounding.
    pub(super) fn needed_size(&self) -> usize {
        if self.is_mapped() { MAPPED_SIZE } else { HEADER + self.payload_length() }
    }

    pub(super) fn hash(&self) -> Hash {
        Hash(self.header().hash)
    }

    pub(super) fn deadline(&self) -> u64 {
        self.header().deadline
    }

    /// Sets the deadline. The shard's lock is held for writing.
    pub(super) fn set_deadline(&mut self, deadline: u64) {
        // SAFETY: nobody else accesses the header.
        unsafe { self.0.as_mut() }.deadline = deadline;
    }

    pub(super) fn is_dead(&self) -> bool {
        self.flags() & DEAD != 0
    }

    pub(super) fn is_mapped(&self) -> bool {
        self.flags() & MAPPED != 0
    }

    fn payload_length(&self) -> usize {
        self.header().key_length as usize + self.header().value_length as usize
    }

    fn payload(&self) -> NonNull<u8> {
        // SAFETY: the payload or its address follows the header.
        unsafe {
            let payload = self.0.add(1).cast();
            if self.is_mapped() { payload.cast::<NonNull<u8>>().read() } else { payload }
        }
    }

    pub(super) fn key(&self) -> &[u8] {
        // SAFETY: the key begins the payload.
        unsafe { slice::from_raw_parts(self.payload().as_ptr(), self.header().key_length as usize) }
    }

    pub(super) fn value(&self) -> &[u8] {
        let header = self.header();
        // SAFETY: the value follows the key.
        unsafe {
            let start = self.payload().add(header.key_length as usize);
            slice::from_raw_parts(start.as_ptr(), header.value_length as usize)
        }
    }

    /// Notes that the entry was read. Nothing is written if that is known, so that readers share the line.
    pub(super) fn mark_used(&self) {
        if self.flags() & USED == 0 {
            self.header().size_and_flags.fetch_or(USED, Ordering::Relaxed);
        }
    }

    /// Whether the entry was read since the last call.
    pub(super) fn take_used(&self) -> bool {
        self.header().size_and_flags.fetch_and(!USED, Ordering::Relaxed) & USED != 0
    }

    /// Replaces value and deadline if the value fits where the old one is. The keys are equal.
    pub(super) fn overwrite(&mut self, new: &NewEntry) -> bool {
        if self.is_mapped() || new.inline_size() > self.size() as usize {
            return false;
        }
        // SAFETY: the entry has the room, and the shard's lock is held for writing.
        unsafe {
            let start = self.payload().add(new.key.len()).as_ptr();
            start.copy_from_nonoverlapping(new.value.as_ptr(), new.value.len());
            let header = self.0.as_mut();
            header.value_length = new.value.len() as u32;
            header.deadline = new.deadline;
        }
        true
    }

    /// Moves the entry to `target`, where it takes `size` bytes.
    ///
    /// # Safety
    /// `target` is aligned to 8 and valid for writes of `size` bytes, a multiple of 8 and no less than
    /// `needed_size()`; the entry may overlap them, nothing else is there.
    pub(super) unsafe fn move_to(self, target: NonNull<u8>, size: u32) {
        // SAFETY: the caller's promise.
        unsafe {
            target.copy_from(self.0.cast(), self.needed_size());
            let moved = Entry::at(target);
            moved.header().size_and_flags.store(size | (moved.flags() & FLAGS), Ordering::Relaxed);
        }
    }

    /// Ends the entry's life: its size stays readable for those who walk the segment. The mapping, if it
    /// has one, is returned.
    pub(super) fn kill(self) -> Option<Mapping> {
        let mapping = self.is_mapped().then(|| {
            // SAFETY: the mapping was made by `map`, of this size, and DEAD says that it is gone.
            unsafe { Mapping::from_raw(self.payload(), Mapping::size(self.payload_length())) }
        });
        self.mark_dead();
        mapping
    }

    /// Notes that the entry is no more, or has been moved away.
    pub(super) fn mark_dead(self) {
        self.header().size_and_flags.store(self.size() | DEAD, Ordering::Relaxed);
    }
}

/// # Safety
/// `target` is valid for writes of `new.payload()` bytes.
unsafe fn write_payload(target: NonNull<u8>, new: &NewEntry) {
    // SAFETY: the caller's promise; `new` is borrowed memory, so it does not overlap.
    unsafe {
        target.copy_from_nonoverlapping(NonNull::from(new.key).cast(), new.key.len());
        let value = target.add(new.key.len());
        value.copy_from_nonoverlapping(NonNull::from(new.value).cast(), new.value.len());
    }
}
