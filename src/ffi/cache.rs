//! The cache.

use std::borrow::Cow;
use std::ptr::null_mut;
use std::time::Duration;

use super::argument::{Output, buffer, reference, slice};
use super::guard::{guard, guard_or};
use super::status::{Failure, tandem_error, tandem_status};
use crate::cache::{Cache, Error, Options, Stats, View};

/// A concurrent cache of byte strings with a limit in bytes that counts everything that it holds.
///
/// Keys and values are copied in and out. All functions but `tandem_cache_free` may be called from many
/// threads at once; a set that returned is visible to each later get. After `fork` only the parent may use it.
pub struct tandem_cache {
    cache: Cache,
}

/// Settings of a cache. All zero is fine: then each has its default.
#[repr(C)]
pub struct tandem_cache_options {
    /// The most memory that the cache may hold from the system, in bytes; at least 64 KiB. Address
    /// space for it is set aside at once, memory only as it is used. 0: 64 MiB.
    pub max_bytes: u64,
    /// The most entries that the cache may hold. 0: no limit.
    pub max_entries: u64,
    /// How long entries live, in nanoseconds, for which a set does not say otherwise. 0: for ever.
    pub ttl: u64,
}

/// The `ttl` of an entry that lives for as long as the options of the cache say.
pub const TANDEM_CACHE_TTL_DEFAULT: u64 = 0;
/// The `ttl` of an entry that lives for ever.
pub const TANDEM_CACHE_TTL_NONE: u64 = u64::MAX;

/// What happened since a cache was made, and what it holds. While other threads are at work, the numbers may be a few
/// operations apart.
#[repr(C)]
pub struct tandem_cache_stats {
    /// Reads that found their entry and had room for its value.
    pub hits: u64,
    /// Reads that found none, or an expired one.
    pub misses: u64,
    /// Entries stored, new and replaced.
    pub sets: u64,
    /// Entries removed by `tandem_cache_delete`.
    pub deletes: u64,
    /// Entries removed to make room.
    pub evictions: u64,
    /// Entries removed because their time was over.
    pub expirations: u64,
    /// Entries held, with those expired that are not removed yet.
    pub entries: u64,
    /// Bytes held from the system, everything counted.
    pub bytes: u64,
    /// The limit of `bytes`.
    pub max_bytes: u64,
    /// Of `entries`, those that do not live for ever.
    pub expiring: u64,
}

/// What a reader needs that looks for entries itself.
#[repr(C)]
pub struct tandem_cache_view {
    /// A number made of all that readers have to know of the layout.
    pub layout: u64,
    /// The directory of the index: numbers of segments that have pages of buckets, or UINT32_MAX.
    pub directory: *const u32,
    /// How many places it has.
    pub places: u64,
    /// The arena.
    pub words: *const u64,
    /// How many words it has.
    pub length: u64,
    /// Lines of 128 bytes with two counters each, of hits and of misses, to be added to atomically.
    pub reads: *mut u64,
    /// How many lines there are.
    pub lines: u64,
    /// The point at which the hash evaluates the polynomial of a key.
    pub point: u64,
    /// What the hash combines the polynomial with.
    pub offset: u64,
    /// The words of a segment are 2 to the power of this.
    pub segment_shift: u32,
    /// The words of a granule, the unit of locations, are 2 to the power of this.
    pub granule_shift: u32,
    /// The time of the cache's clock, in nanoseconds; 0 if that can't be read without a call.
    pub now: u64,
}

impl From<View> for tandem_cache_view {
    fn from(view: View) -> Self {
        let View { layout, directory, places, words, length, reads, lines, .. } = view;
        let View { point, offset, segment_shift, granule_shift, now, .. } = view;
        tandem_cache_view {
            layout,
            directory,
            places,
            words,
            length,
            reads,
            lines,
            point,
            offset,
            segment_shift,
            granule_shift,
            now,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::Options(_) => tandem_status::InvalidArgument,
            Error::TooLarge => tandem_status::TooLarge,
            Error::OutOfMemory => tandem_status::OutOfMemory,
            Error::Closed => tandem_status::Closed,
            Error::NotNumber | Error::Overflow => tandem_status::InvalidArgument,
        };
        Failure::new(status, error.to_string())
    }
}

impl From<&tandem_cache_options> for Options {
    fn from(options: &tandem_cache_options) -> Self {
        let default = Options::default();
        Options {
            max_bytes: if options.max_bytes == 0 { default.max_bytes } else { options.max_bytes },
            max_entries: if options.max_entries == 0 {
                default.max_entries
            } else {
                options.max_entries
            },
            ttl: (options.ttl != 0).then(|| Duration::from_nanos(options.ttl)),
            ..default
        }
    }
}

impl From<Stats> for tandem_cache_stats {
    fn from(stats: Stats) -> Self {
        let Stats { hits, misses, sets, deletes, evictions, expirations, .. } = stats;
        let Stats { entries, bytes, max_bytes, expiring, .. } = stats;
        tandem_cache_stats {
            hits,
            misses,
            sets,
            deletes,
            evictions,
            expirations,
            entries,
            bytes,
            max_bytes,
            expiring,
        }
    }
}

const NOT_FOUND: Failure = Failure {
    status: tandem_status::NotFound,
    offset: 0,
    message: Cow::Borrowed("there is no such entry"),
};

const TOO_SMALL: Failure = Failure {
    status: tandem_status::BufferTooSmall,
    offset: 0,
    message: Cow::Borrowed("the output does not fit its buffer"),
};

fn time_to_live(cache: &Cache, ttl: u64) -> Option<Duration> {
    match ttl {
        TANDEM_CACHE_TTL_DEFAULT => cache.default_ttl(),
        TANDEM_CACHE_TTL_NONE => None,
        _ => Some(Duration::from_nanos(ttl)),
    }
}

/// Makes a cache.
///
/// @param options NULL for defaults; not kept.
/// @param output the new cache, to be freed with `tandem_cache_free`; NULL on failure.
/// @param error which option is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT, or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
///
/// # Safety
/// `options` is NULL or valid for reads; `output` is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_new(
    options: *const tandem_cache_options,
    output: *mut *mut tandem_cache,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let output = Output::new(output, "output")?;
            output.set(std::ptr::null_mut());
            let cache = Cache::new(options.as_ref().map_or_else(Options::default, Options::from))?;
            output.set(Box::into_raw(Box::new(tandem_cache { cache })));
            Ok(())
        })
    }
}

/// Copies the value of a key into the caller's buffer.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key, which is a key like any other.
/// @param key_length its length in bytes.
/// @param value where the value goes; (NULL, 0) asks for its length only.
/// @param value_capacity how many bytes may be written there.
/// @param value_length the length of the value; also written with TANDEM_STATUS_BUFFER_TOO_SMALL. Another thread may have
/// stored a longer one by the time that the call is repeated.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND if there is no such entry, it expired or the cache
/// was closed, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `value` for
/// writes of `value_capacity` bytes, `value_length` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_get(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    value: *mut u8,
    value_capacity: usize,
    value_length: *mut usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let value = buffer(value, value_capacity, "value")?;
            let value_length = Output::new(value_length, "value_length")?;
            let found = this.cache.copy_to(value, slice(key, key_length, "key")?);
            let length = found.ok_or(NOT_FOUND)?;
            value_length.set(length);
            if length <= value.len() { Ok(()) } else { Err(TOO_SMALL) }
        })
    }
}

/// Stores a value for a key, in place of an older one. Evicts other entries if room is needed.
///
/// @param cache the cache.
/// @param key copied; (NULL, 0) is the empty key, which is a key like any other.
/// @param key_length its length in bytes.
/// @param value copied; (NULL, 0) is the empty value.
/// @param value_length its length in bytes.
/// @param ttl how long the entry lives, in nanoseconds; TANDEM_CACHE_TTL_DEFAULT: as long as the options of the
/// cache say, TANDEM_CACHE_TTL_NONE: for ever.
/// @param error may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_TOO_LARGE if the entry can never fit, TANDEM_STATUS_OUT_OF_MEMORY,
/// TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` and `value` are valid for reads of their lengths; `error` is NULL or
/// valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_set(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    value: *const u8,
    value_length: usize,
    ttl: u64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let cache = &reference(cache, "cache")?.cache;
            let key = slice(key, key_length, "key")?;
            let value = slice(value, value_length, "value")?;
            cache.set_with_ttl(key, value, time_to_live(cache, ttl))?;
            Ok(())
        })
    }
}

/// Removes the entry of a key.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND if there was none that had not expired, or
/// TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_delete(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let deleted = this.cache.delete(slice(key, key_length, "key")?);
            if deleted { Ok(()) } else { Err(NOT_FOUND) }
        })
    }
}

/// How long an entry will live.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param ttl the time that is left, in nanoseconds; TANDEM_CACHE_TTL_NONE if the entry lives for ever.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `ttl` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_ttl(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    ttl: *mut u64,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let ttl = Output::new(ttl, "ttl")?;
            let left = this.cache.ttl(slice(key, key_length, "key")?).ok_or(NOT_FOUND)?;
            ttl.set(left.map_or(TANDEM_CACHE_TTL_NONE, |left| left.as_nanos() as u64));
            Ok(())
        })
    }
}

/// Lets an entry live for another time from now on. That does not count as a use of it.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param ttl how long it lives, in nanoseconds, as for `tandem_cache_set`.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_touch(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    ttl: u64,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let cache = &reference(cache, "cache")?.cache;
            let found = cache.touch(slice(key, key_length, "key")?, time_to_live(cache, ttl))?;
            if found { Ok(()) } else { Err(NOT_FOUND) }
        })
    }
}

/// Lists keys, some at a time, while the cache is in use. What is in the cache all the while is listed, and once; other
/// entries may be.
///
/// @param cache the cache.
/// @param cursor where to go on: 0 at first, then what the last call gave.
/// @param count about how many keys to list; at least one is if there are any.
/// @param keys where the keys go, each as its length (4 bytes, in the processor's order) and its bytes.
/// @param keys_capacity how many bytes may be written there.
/// @param keys_length how many were written; with TANDEM_STATUS_BUFFER_TOO_SMALL, how many are needed.
/// @param next where the next call goes on; 0 after the last key.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `keys` is valid for writes of `keys_capacity` bytes, `keys_length` and
/// `next` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_scan(
    cache: *const tandem_cache,
    cursor: u64,
    count: usize,
    keys: *mut u8,
    keys_capacity: usize,
    keys_length: *mut usize,
    next: *mut u64,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let keys = buffer(keys, keys_capacity, "keys")?;
            let keys_length = Output::new(keys_length, "keys_length")?;
            let next = Output::new(next, "next")?;
            let mut length = 0;
            let after = this.cache.scan(cursor, count, |entry| {
                for part in [&(entry.key.len() as u32).to_ne_bytes(), entry.key] {
                    if let Some(room) = keys.get_mut(length..length + part.len()) {
                        room.as_mut_ptr().cast::<u8>().copy_from(part.as_ptr(), part.len());
                    }
                    length += part.len();
                }
            });
            keys_length.set(length);
            if length > keys.len() {
                return Err(TOO_SMALL);
            }
            next.set(after);
            Ok(())
        })
    }
}

/// Removes all entries and gives their memory back. Entries that other threads store meanwhile may stay.
///
/// @param cache the cache.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_clear(cache: *const tandem_cache) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            reference(cache, "cache")?.cache.clear();
            Ok(())
        })
    }
}

/// The number of entries, with those expired that are not removed yet.
///
/// @param cache the cache; NULL has none.
/// @return the number of entries. Safe from any thread.
///
/// # Safety
/// `cache` is NULL or a cache that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_len(cache: *const tandem_cache) -> u64 {
    // SAFETY: the caller's promise on `cache`.
    guard_or(0, || unsafe { cache.as_ref() }.map_or(0, |this| this.cache.len()))
}

/// What happened since the cache was made, and what it holds. Also tells of a closed cache.
///
/// @param cache the cache.
/// @param output the statistics.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `output` is valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_get_stats(
    cache: *const tandem_cache,
    output: *mut tandem_cache_stats,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            Output::new(output, "output")?.set(this.cache.stats().into());
            Ok(())
        })
    }
}

/// Where the memory of a cache is, for a reader that looks for entries itself, without a call. The layout is that of this version of
/// the library only: `docs/design.md` describes it, and a reader must know `layout`.
///
/// @param cache the cache.
/// @param output addresses in the cache, which stay valid until it is freed, and numbers.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `output` is valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_get_view(
    cache: *const tandem_cache,
    output: *mut tandem_cache_view,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            Output::new(output, "output")?.set(this.cache.view().into());
            Ok(())
        })
    }
}

/// Empties a cache for good and gives its memory back, save the handle itself: from here on nothing is found and
/// sets return TANDEM_STATUS_CLOSED. Other threads may be using the cache. Closing again does nothing.
///
/// @param cache the cache.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_close(cache: *const tandem_cache) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            reference(cache, "cache")?.cache.close();
            Ok(())
        })
    }
}

/// Frees a cache, closed or not. No other thread may be using it, then or later.
///
/// @param cache the cache; NULL does nothing.
///
/// # Safety
/// `cache` is NULL or a cache that was not freed, which nothing uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_free(cache: *mut tandem_cache) {
    guard_or((), || {
        if !cache.is_null() {
            // SAFETY: `tandem_cache_new` made it, and the caller uses it no more.
            drop(unsafe { Box::from_raw(cache) });
        }
    })
}
