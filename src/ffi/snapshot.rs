//! Snapshots of the cache.

use std::ptr::null_mut;

use super::argument::{Output, buffer, exclusive, reference, slice};
use super::cache::{TOO_SMALL, tandem_cache};
use super::guard::guard;
use super::status::{Failure, tandem_status};
use crate::cache::{Loading, Saving, SnapshotError};

/// How far tandem_cache_save has come. All zero is the beginning; the caller only keeps it.
#[repr(C)]
pub struct tandem_cache_saving {
    /// Where the entries of the next block begin.
    pub cursor: u64,
    /// How many entries were saved.
    pub entries: u64,
    /// How many blocks were made.
    pub blocks: u64,
    /// What comes next.
    pub stage: u64,
}

/// How far tandem_cache_load has come. All zero is the beginning; the caller only keeps it, and reads `next`.
#[repr(C)]
pub struct tandem_cache_loading {
    /// How many bytes of the snapshot the next call takes: none at first, and none when all was loaded.
    pub next: u64,
    /// How many entries were read, with those that had expired or did not fit.
    pub entries: u64,
    /// How many blocks were read.
    pub blocks: u64,
    /// How many entries the snapshot is said to have.
    pub expected: u64,
    /// The entries in the next block.
    pub count: u32,
    /// The checksum of the next block.
    pub checksum: u32,
    /// What comes next.
    pub stage: u64,
}

impl From<&tandem_cache_saving> for Saving {
    fn from(saving: &tandem_cache_saving) -> Self {
        let &tandem_cache_saving { cursor, entries, blocks, stage } = saving;
        Saving { cursor, entries, blocks, stage }
    }
}

impl From<Saving> for tandem_cache_saving {
    fn from(saving: Saving) -> Self {
        let Saving { cursor, entries, blocks, stage } = saving;
        tandem_cache_saving { cursor, entries, blocks, stage }
    }
}

impl From<&tandem_cache_loading> for Loading {
    fn from(loading: &tandem_cache_loading) -> Self {
        let &tandem_cache_loading { next, entries, blocks, expected, count, checksum, stage } =
            loading;
        Loading { next, entries, blocks, expected, count, checksum, stage }
    }
}

impl From<Loading> for tandem_cache_loading {
    fn from(loading: Loading) -> Self {
        let Loading { next, entries, blocks, expected, count, checksum, stage } = loading;
        tandem_cache_loading { next, entries, blocks, expected, count, checksum, stage }
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        let status = match error {
            SnapshotError::Io(_) => tandem_status::Panic, // only streams fail so
            SnapshotError::NotSnapshot => tandem_status::NotSnapshot,
            SnapshotError::Version(_) => tandem_status::SnapshotVersion,
            SnapshotError::Tag => tandem_status::SnapshotTag,
            SnapshotError::Damaged => tandem_status::SnapshotDamaged,
            SnapshotError::Truncated => tandem_status::InvalidArgument,
            SnapshotError::Closed => tandem_status::Closed,
        };
        Failure::new(status, error.to_string())
    }
}

/// Makes the next block of a snapshot, some hundred KiB or as much as an entry takes, while the cache is in use. All blocks one
/// after the other are a snapshot. What is in the cache all the while is in it, and once; other entries may be.
///
/// @param cache the cache.
/// @param saving how far it has come; all zero at first. Changed only on success.
/// @param tag what keys and values mean; only who has the same can load them. (NULL, 0) is the empty one. The same for all blocks.
/// @param tag_length its length in bytes.
/// @param block where the block goes.
/// @param block_capacity how many bytes may be written there; 1 MiB is enough unless entries are large.
/// @param block_length the length of the block, 0 when there is no other one; also written with TANDEM_STATUS_BUFFER_TOO_SMALL. It may
/// have become longer by the time that the call is repeated.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe
/// from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `saving` is valid for reads and writes, `tag` for reads of `tag_length` bytes,
/// `block` for writes of `block_capacity` bytes, `block_length` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_save(
    cache: *const tandem_cache,
    saving: *mut tandem_cache_saving,
    tag: *const u8,
    tag_length: usize,
    block: *mut u8,
    block_capacity: usize,
    block_length: *mut usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let saving = exclusive(saving, "saving")?;
            let tag = slice(tag, tag_length, "tag")?;
            let block = buffer(block, block_capacity, "block")?;
            let block_length = Output::new(block_length, "block_length")?;
            let (mut next, mut output) = (Saving::from(&*saving), Vec::new());
            this.cache.save_block(&mut next, tag, &mut output)?;
            block_length.set(output.len());
            let block = block.get_mut(..output.len()).ok_or(TOO_SMALL)?;
            block.as_mut_ptr().cast::<u8>().copy_from(output.as_ptr(), output.len());
            *saving = next.into();
            Ok(())
        })
    }
}

/// Goes past the next piece of a snapshot if that has entries. Any thread can load it then, at any time, by one call of
/// tandem_cache_load with that piece and `later`.
///
/// @param loading how far it has come.
/// @param later what the piece is loaded with; all zero if it has no entries, and is to be loaded with `loading`.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `loading` is valid for reads and writes, `later` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_load_later(
    loading: *mut tandem_cache_loading,
    later: *mut tandem_cache_loading,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let loading = exclusive(loading, "loading")?;
            let later = Output::new(later, "later")?;
            let mut next = Loading::from(&*loading);
            later.set(next.later().unwrap_or_default().into());
            *loading = next.into();
            Ok(())
        })
    }
}

/// Loads the next piece of a snapshot. It is called with `loading->next` bytes at a time, none the first time, until that is 0
/// again. If the snapshot ends before, it was cut off.
///
/// Entries that have expired are left out, and those that the cache has already, which were stored since, or that are too large for
/// it. Entries are loaded when their whole block is proven to be what was written: an error may come after some.
///
/// @param cache the cache.
/// @param loading how far it has come; all zero at first. Changed only on success.
/// @param tag that with which the snapshot was made.
/// @param tag_length its length in bytes.
/// @param piece the next bytes of the snapshot.
/// @param piece_length how many these are, which must be `loading->next`. A snapshot that somebody forged may ask for any number.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_SNAPSHOT, TANDEM_STATUS_SNAPSHOT_VERSION, TANDEM_STATUS_SNAPSHOT_TAG,
/// TANDEM_STATUS_SNAPSHOT_DAMAGED, TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `loading` is valid for reads and writes, `tag` for reads of `tag_length` bytes,
/// `piece` for reads of `piece_length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_load(
    cache: *const tandem_cache,
    loading: *mut tandem_cache_loading,
    tag: *const u8,
    tag_length: usize,
    piece: *const u8,
    piece_length: usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let loading = exclusive(loading, "loading")?;
            let tag = slice(tag, tag_length, "tag")?;
            let piece = slice(piece, piece_length, "piece")?;
            let mut next = Loading::from(&*loading);
            this.cache.load_block(&mut next, tag, piece)?;
            *loading = next.into();
            Ok(())
        })
    }
}
