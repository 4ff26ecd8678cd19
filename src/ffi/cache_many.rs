//! Batches: many operations of the cache in one call.

use std::ptr::null_mut;

use super::argument::{Output, buffer, reference, slice};
use super::cache::{TOO_SMALL, tandem_cache, time_to_live};
use super::guard::guard;
use super::status::{Failure, tandem_error, tandem_status};

/// The parts of `bytes` that have these lengths.
fn parts<'a>(
    bytes: &'a [u8],
    lengths: &'a [usize],
    name: &'static str,
) -> Result<impl Iterator<Item = &'a [u8]>, Failure> {
    let total = lengths.iter().try_fold(0_usize, |sum, &length| sum.checked_add(length));
    if total != Some(bytes.len()) {
        let problem = format!("the lengths of `{name}` do not add up to that of all");
        return Err(Failure::new(tandem_status::InvalidArgument, problem));
    }
    let mut rest = bytes;
    Ok(lengths.iter().map(move |&length| {
        let (part, after) = rest.split_at_checked(length).unwrap_or_default();
        rest = after;
        part
    }))
}

/// Copies the values of many keys into the caller's buffer, one after another. That is faster than one call for each.
///
/// @param cache the cache.
/// @param keys the bytes of the keys, one after another; not kept.
/// @param keys_length how many bytes these are.
/// @param key_lengths how many bytes each key has.
/// @param count how many keys there are.
/// @param values where the values go, in the order of the keys; must not overlap the inputs.
/// @param values_capacity how many bytes may be written there.
/// @param value_lengths the lengths of the values; SIZE_MAX for a key that has none.
/// @param values_length how many bytes the values have together; also written, as are their lengths, with
/// TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @return TANDEM_STATUS_OK, also if keys have no entries, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe
/// from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `keys` is valid for reads of `keys_length` bytes, `key_lengths` for reads of `count`
/// numbers, `values` for writes of `values_capacity` bytes, `value_lengths` for writes of `count` numbers, `values_length` for
/// writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_get_many(
    cache: *const tandem_cache,
    keys: *const u8,
    keys_length: usize,
    key_lengths: *const usize,
    count: usize,
    values: *mut u8,
    values_capacity: usize,
    value_lengths: *mut usize,
    values_length: *mut usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let keys = slice(keys, keys_length, "keys")?;
            let keys = parts(keys, slice(key_lengths, count, "key_lengths")?, "keys")?;
            let values = buffer(values, values_capacity, "values")?;
            let mut lengths = buffer(value_lengths, count, "value_lengths")?.iter_mut();
            let values_length = Output::new(values_length, "values_length")?;
            let mut used = 0;
            this.cache.get_many(keys, |key| {
                let found = key.copy_to(values.get_mut(used..).unwrap_or_default());
                used += found.unwrap_or(0);
                lengths.next().map(|length| length.write(found.unwrap_or(usize::MAX)));
            });
            values_length.set(used);
            if used <= values.len() { Ok(()) } else { Err(TOO_SMALL) }
        })
    }
}

/// Stores values for many keys, each as tandem_cache_set does, in their order. An entry that can't be stored is left out.
///
/// @param cache the cache.
/// @param keys the bytes of the keys, one after another; not kept.
/// @param keys_length how many bytes these are.
/// @param key_lengths how many bytes each key has.
/// @param count how many keys there are.
/// @param values the bytes of the values, one after another; not kept.
/// @param values_length how many bytes these are.
/// @param value_lengths how many bytes each value has.
/// @param ttl how long the entries live, as for tandem_cache_set.
/// @param stored how many were stored, also if not all were; may be NULL.
/// @param error may be NULL.
/// @return TANDEM_STATUS_OK if all were stored, or else what tandem_cache_set returns for the first that was not. Safe from any
/// thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `keys` and `values` are valid for reads of their lengths, `key_lengths` and
/// `value_lengths` for reads of `count` numbers; `stored` and `error` are NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_set_many(
    cache: *const tandem_cache,
    keys: *const u8,
    keys_length: usize,
    key_lengths: *const usize,
    count: usize,
    values: *const u8,
    values_length: usize,
    value_lengths: *const usize,
    ttl: u64,
    stored: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let this = reference(cache, "cache")?;
            let keys = slice(keys, keys_length, "keys")?;
            let keys = parts(keys, slice(key_lengths, count, "key_lengths")?, "keys")?;
            let values = slice(values, values_length, "values")?;
            let values = parts(values, slice(value_lengths, count, "value_lengths")?, "values")?;
            let (mut successes, mut outcome) = (0, Ok(()));
            this.cache.set_many(keys.zip(values), time_to_live(ttl), |result| match result {
                Ok(_) => successes += 1,
                Err(problem) => outcome = outcome.and(Err(problem)),
            });
            if !stored.is_null() {
                Output::new(stored, "stored")?.set(successes);
            }
            Ok(outcome?)
        })
    }
}

/// Removes the entries of many keys.
///
/// @param cache the cache.
/// @param keys the bytes of the keys, one after another; not kept.
/// @param keys_length how many bytes these are.
/// @param key_lengths how many bytes each key has.
/// @param count how many keys there are.
/// @param deleted how many had one that had not expired; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `keys` is valid for reads of `keys_length` bytes, `key_lengths` for reads of `count`
/// numbers; `deleted` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_delete_many(
    cache: *const tandem_cache,
    keys: *const u8,
    keys_length: usize,
    key_lengths: *const usize,
    count: usize,
    deleted: *mut usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let keys = slice(keys, keys_length, "keys")?;
            let keys = parts(keys, slice(key_lengths, count, "key_lengths")?, "keys")?;
            let count = this.cache.delete_many(keys);
            if !deleted.is_null() {
                Output::new(deleted, "deleted")?.set(count);
            }
            Ok(())
        })
    }
}
