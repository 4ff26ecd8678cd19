//! Entries that went from a cache.

use std::ptr::null_mut;

use super::argument::{Output, buffer, reference};
use super::cache::{TOO_SMALL, put, tandem_cache};
use super::guard::guard;
use super::status::tandem_status;
use crate::cache::Reason;

/// An entry went to make room.
pub const TANDEM_CACHE_REMOVED_SIZE: u32 = 1;
/// An entry went because its time was over.
pub const TANDEM_CACHE_REMOVED_EXPIRED: u32 = 2;
/// An entry went because a value was stored for its key.
pub const TANDEM_CACHE_REMOVED_REPLACED: u32 = 3;
/// An entry was removed by name, by its prefix, or with all others.
pub const TANDEM_CACHE_REMOVED_DELETED: u32 = 4;

fn number(reason: Reason) -> u32 {
    match reason {
        Reason::Size => TANDEM_CACHE_REMOVED_SIZE,
        Reason::Expired => TANDEM_CACHE_REMOVED_EXPIRED,
        Reason::Replaced => TANDEM_CACHE_REMOVED_REPLACED,
        Reason::Deleted => TANDEM_CACHE_REMOVED_DELETED,
    }
}

/// Takes entries that went, of a cache whose options have `removal_bytes`. Those of a key come in the order in which they went;
/// a thread that wants to keep that order must be the only one that calls this. Does little if there are none.
///
/// @param cache the cache, closed or not.
/// @param removals where they go, each as its reason (4 bytes, one of TANDEM_CACHE_REMOVED_...), the length of its key (4 bytes) and of its
/// value (8 bytes), all in the processor's order, its key and its value.
/// @param removals_capacity how many bytes may be written there; there may be more removals than fit.
/// @param removals_length how many were written, 0 if there is no removal; with TANDEM_STATUS_BUFFER_TOO_SMALL, how many the first one
/// needs.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL if not even one fits, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any
/// thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `removals` is valid for writes of `removals_capacity` bytes, `removals_length` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_take_removals(
    cache: *const tandem_cache,
    removals: *mut u8,
    removals_capacity: usize,
    removals_length: *mut usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let removals = buffer(removals, removals_capacity, "removals")?;
            let removals_length = Output::new(removals_length, "removals_length")?;
            let (mut length, mut needed) = (0, 0);
            this.cache.take_removals(|removed| {
                needed = length;
                put(removals, &mut needed, &number(removed.reason).to_ne_bytes());
                put(removals, &mut needed, &(removed.key.len() as u32).to_ne_bytes());
                put(removals, &mut needed, &(removed.value.len() as u64).to_ne_bytes());
                put(removals, &mut needed, removed.key);
                put(removals, &mut needed, removed.value);
                let fits = needed <= removals.len();
                if fits {
                    length = needed;
                }
                fits
            });
            if length == 0 && needed > 0 {
                removals_length.set(needed);
                return Err(TOO_SMALL);
            }
            removals_length.set(length);
            Ok(())
        })
    }
}
