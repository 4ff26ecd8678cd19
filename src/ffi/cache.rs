//! The cache.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::time::Duration;

use super::argument::{Output, buffer, reference, slice};
use super::clock::tandem_clock;
use super::guard::{guard, guard_or};
use super::status::{Failure, tandem_error, tandem_status};
use crate::cache::{Cache, Clock, Condition, Error, Meta, Options, Stats, Ttl, View};

/// A concurrent cache of byte strings with a limit in bytes that counts everything that it holds.
///
/// Keys and values are copied in and out. All functions but `tandem_cache_free` may be called from many
/// threads at once; a set that returned is visible to each later get. After `fork` only the parent may use it.
pub struct tandem_cache {
    pub(super) cache: Cache,
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
    /// How long entries live, in nanoseconds, that are not used: each get puts the end off, but not beyond that of the `ttl`. 0:
    /// for ever. Gets of a cache with this option take a lock that they share.
    pub idle: u64,
    /// How large `tandem_cache_resize` may make `max_bytes`: address space is set aside for it. 0: four times `max_bytes`,
    /// but not so much that the index would grow.
    pub reserve: u64,
    /// How much of `max_bytes` is for entries that went, until `tandem_cache_take_removals` takes them. Those for which there is no
    /// room left are dropped, and counted. 0: none are kept.
    pub removal_bytes: u64,
    /// What tells the time, for tests; it may be freed before the cache. NULL: the system's monotonic clock.
    pub clock: *const tandem_clock,
}

/// The `ttl` of an entry that lives for as long as the options of the cache say.
pub const TANDEM_CACHE_TTL_DEFAULT: u64 = 0;
/// The `ttl` of an entry that lives for ever.
pub const TANDEM_CACHE_TTL_NONE: u64 = u64::MAX;
/// The `ttl` of a value that lives as long as the one before it would have; without one, as with `TANDEM_CACHE_TTL_DEFAULT`.
pub const TANDEM_CACHE_TTL_KEEP: u64 = u64::MAX - 1;

/// `tandem_cache_store` stores in any case.
pub const TANDEM_CACHE_STORE_ALWAYS: u32 = 0;
/// `tandem_cache_store` stores if the key has no entry.
pub const TANDEM_CACHE_STORE_ABSENT: u32 = 1;
/// `tandem_cache_store` stores if the key has an entry.
pub const TANDEM_CACHE_STORE_PRESENT: u32 = 2;
/// `tandem_cache_store` stores if the key has an entry of a version.
pub const TANDEM_CACHE_STORE_VERSION: u32 = 3;

/// What is known of an entry besides its key and value.
#[repr(C)]
pub struct tandem_cache_meta {
    /// Differs for each value that was ever stored for the key, as long as the cache lives; never 0.
    pub version: u64,
    /// How long the entry will live, in nanoseconds, if it is not used; TANDEM_CACHE_TTL_NONE: for ever.
    pub ttl: u64,
}

impl From<Meta> for tandem_cache_meta {
    fn from(meta: Meta) -> Self {
        tandem_cache_meta { version: meta.version, ttl: nanoseconds(meta.ttl) }
    }
}

fn nanoseconds(ttl: Option<Duration>) -> u64 {
    ttl.map_or(TANDEM_CACHE_TTL_NONE, |ttl| ttl.as_nanos() as u64)
}

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
    /// Removals that there was no room for in the `removal_bytes` of the options.
    pub removals_dropped: u64,
}

/// What somebody needs who looks for entries, and replaces values, without a call.
#[repr(C)]
pub struct tandem_cache_view {
    /// A number made of all that readers have to know of the layout.
    pub layout: u64,
    /// The directory of the index: words with the number of a segment that has a page of buckets, or UINT32_MAX, in the lower half.
    pub directory: *const u64,
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
    /// A word that is not 0 if there may be removals to take; NULL if none are kept.
    pub pending: *const u64,
    /// The first shard. Who changes a word in it other than the lock, or in what it has, holds its lock.
    pub shards: *mut u64,
    /// How many bytes behind it the next one is.
    pub shard_bytes: u32,
    /// How many places of the directory each shard has, 2 to the power of this.
    pub shard_shift: u32,
}

impl From<View> for tandem_cache_view {
    fn from(view: View) -> Self {
        let View { layout, directory, places, words, length, reads, lines, .. } = view;
        let View { point, offset, segment_shift, granule_shift, now, pending, .. } = view;
        let View { shards, shard_bytes, shard_shift, .. } = view;
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
            pending,
            shards,
            shard_bytes,
            shard_shift,
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
            Error::NotNumber => tandem_status::NotNumber,
            Error::Overflow => tandem_status::Overflow,
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
            idle: (options.idle != 0).then(|| Duration::from_nanos(options.idle)),
            reserve: options.reserve,
            removal_bytes: options.removal_bytes,
            ..default
        }
    }
}

impl From<Stats> for tandem_cache_stats {
    fn from(stats: Stats) -> Self {
        let Stats { hits, misses, sets, deletes, evictions, expirations, .. } = stats;
        let Stats { entries, bytes, max_bytes, expiring, removals_dropped, .. } = stats;
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
            removals_dropped,
        }
    }
}

const NOT_FOUND: Failure = Failure {
    status: tandem_status::NotFound,
    offset: 0,
    message: Cow::Borrowed("there is no such entry"),
};

pub(super) const TOO_SMALL: Failure = Failure {
    status: tandem_status::BufferTooSmall,
    offset: 0,
    message: Cow::Borrowed("the output does not fit its buffer"),
};

const CONFLICT: Failure = Failure {
    status: tandem_status::Conflict,
    offset: 0,
    message: Cow::Borrowed("the entry is not what the operation asks for"),
};

pub(super) fn time_to_live(ttl: u64) -> Ttl {
    match ttl {
        TANDEM_CACHE_TTL_DEFAULT => Ttl::Default,
        TANDEM_CACHE_TTL_NONE => Ttl::Forever,
        TANDEM_CACHE_TTL_KEEP => Ttl::Keep,
        _ => Ttl::For(Duration::from_nanos(ttl)),
    }
}

fn wanted(condition: u32, version: u64) -> Result<Condition, Failure> {
    Ok(match condition {
        TANDEM_CACHE_STORE_ALWAYS => Condition::Always,
        TANDEM_CACHE_STORE_ABSENT => Condition::Absent,
        TANDEM_CACHE_STORE_PRESENT => Condition::Present,
        TANDEM_CACHE_STORE_VERSION => Condition::Version(version),
        _ => {
            let problem = "argument `condition` is out of range";
            return Err(Failure::new(tandem_status::InvalidArgument, problem));
        }
    })
}

/// Writes a part of an output behind what it has already, if there is room; the length grows in any case.
pub(super) fn put(output: &mut [MaybeUninit<u8>], length: &mut usize, part: &[u8]) {
    if let Some(room) = output.get_mut(*length..*length + part.len()) {
        room.iter_mut().zip(part).for_each(|(to, &from)| _ = to.write(from));
    }
    *length += part.len();
}

/// What came of copying a value that was looked for.
fn copied<T>(found: Option<(usize, T)>, room: usize, length: &Output<usize>) -> Result<T, Failure> {
    let (needed, rest) = found.ok_or(NOT_FOUND)?;
    length.set(needed);
    if needed <= room { Ok(rest) } else { Err(TOO_SMALL) }
}

/// Makes a cache.
///
/// @param options NULL for defaults; not kept.
/// @param output the new cache, to be freed with `tandem_cache_free`; NULL on failure.
/// @param error which option is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT, or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
///
/// # Safety
/// `options` is NULL or valid for reads, as is its `clock`; `output` is valid for writes; `error` is NULL or valid for writes.
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
            let mut settings = options.as_ref().map_or_else(Options::default, Options::from);
            if let Some(clock) = options.as_ref().and_then(|options| options.clock.as_ref()) {
                settings.clock = Clock::Manual(clock.clock.clone());
            }
            let cache = Cache::new(settings)?;
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
/// @param value where the value goes, which must not overlap the key; (NULL, 0) asks for its length only.
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
            copied(found.map(|length| (length, ())), value.len(), &value_length)
        })
    }
}

/// Copies the value of a key into the caller's buffer, as tandem_cache_get does, with what else is known of the entry.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param value where the value goes, which must not overlap the key; (NULL, 0) asks for its length only.
/// @param value_capacity how many bytes may be written there.
/// @param value_length the length of the value; also written with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param meta version and time to live.
/// @return as for tandem_cache_get. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `value` for
/// writes of `value_capacity` bytes, `value_length` and `meta` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_get_with_meta(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    value: *mut u8,
    value_capacity: usize,
    value_length: *mut usize,
    meta: *mut tandem_cache_meta,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let value = buffer(value, value_capacity, "value")?;
            let value_length = Output::new(value_length, "value_length")?;
            let meta = Output::new(meta, "meta")?;
            let found = this.cache.copy_with_meta(value, slice(key, key_length, "key")?);
            meta.set(copied(found, value.len(), &value_length)?.into());
            Ok(())
        })
    }
}

/// Copies the value of a key into the caller's buffer without a use of the entry: that counts as neither hit nor miss, and puts
/// neither its eviction nor its end off.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param value where the value goes, which must not overlap the key; (NULL, 0) asks for its length only.
/// @param value_capacity how many bytes may be written there.
/// @param value_length the length of the value; also written with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param meta version and time to live.
/// @return as for tandem_cache_get. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `value` for
/// writes of `value_capacity` bytes, `value_length` and `meta` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_peek(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    value: *mut u8,
    value_capacity: usize,
    value_length: *mut usize,
    meta: *mut tandem_cache_meta,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let value = buffer(value, value_capacity, "value")?;
            let value_length = Output::new(value_length, "value_length")?;
            let meta = Output::new(meta, "meta")?;
            let found = this.cache.peek_to(value, slice(key, key_length, "key")?);
            meta.set(copied(found, value.len(), &value_length)?.into());
            Ok(())
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
/// cache say, TANDEM_CACHE_TTL_NONE: for ever, TANDEM_CACHE_TTL_KEEP: as long as the value before would have.
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
            cache.store(key, value, time_to_live(ttl), Condition::Always)?;
            Ok(())
        })
    }
}

/// Stores a value as tandem_cache_set does, for a caller that has hashed the key in order to look at the memory of the cache.
///
/// @param cache the cache.
/// @param hash the hash of the key, made with the `point` and the `offset` of tandem_cache_get_view.
/// @param key as for tandem_cache_set, as are all that follow.
/// @param key_length its length in bytes.
/// @param value copied.
/// @param value_length its length in bytes.
/// @param ttl how long the entry lives, in nanoseconds.
/// @param error may be NULL.
/// @return as for tandem_cache_set. Safe from any thread.
///
/// # Safety
/// As for tandem_cache_set; and `hash` is the hash of the key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_set_hashed(
    cache: *const tandem_cache,
    hash: u64,
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
            cache.set_hashed(hash, key, value, time_to_live(ttl))?;
            Ok(())
        })
    }
}

/// Stores a value for a key if a condition holds. Nobody else changes the entry between the look and that.
///
/// @param cache the cache.
/// @param key copied; (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param value copied; (NULL, 0) is the empty value.
/// @param value_length its length in bytes.
/// @param ttl how long the entry lives, as for tandem_cache_set.
/// @param condition one of TANDEM_CACHE_STORE_*.
/// @param version the version that the entry must have, with TANDEM_CACHE_STORE_VERSION; else it is not looked at.
/// @param stored the version of what was stored; may be NULL.
/// @param error may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_CONFLICT if the condition does not hold, and those of tandem_cache_set. Safe from any
/// thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` and `value` are valid for reads of their lengths; `stored` and `error` are
/// NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_store(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    value: *const u8,
    value_length: usize,
    ttl: u64,
    condition: u32,
    version: u64,
    stored: *mut u64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let cache = &reference(cache, "cache")?.cache;
            let key = slice(key, key_length, "key")?;
            let value = slice(value, value_length, "value")?;
            let condition = wanted(condition, version)?;
            let new = cache.store(key, value, time_to_live(ttl), condition)?.ok_or(CONFLICT)?;
            if !stored.is_null() {
                Output::new(stored, "stored")?.set(new);
            }
            Ok(())
        })
    }
}

/// Adds to a number of 64 bits in the processor's order, 0 if there is none. The entry lives as long as it would have.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param delta what is added; may be negative.
/// @param sum the number that is there then.
/// @param error may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_NUMBER if the value has not 8 bytes, TANDEM_STATUS_OVERFLOW, and those of
/// tandem_cache_set. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `sum` for writes; `error` is NULL
/// or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_increment(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    delta: i64,
    sum: *mut i64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let this = reference(cache, "cache")?;
            let sum = Output::new(sum, "sum")?;
            sum.set(this.cache.increment(slice(key, key_length, "key")?, delta)?);
            Ok(())
        })
    }
}

/// Appends to the value of a key, to an empty one if there is none. The entry lives as long as it would have.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param suffix copied; (NULL, 0) is nothing.
/// @param suffix_length its length in bytes.
/// @param value_length the length of the value then; may be NULL.
/// @param error may be NULL.
/// @return as for tandem_cache_set. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` and `suffix` are valid for reads of their lengths; `value_length` and `error` are
/// NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_append(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    suffix: *const u8,
    suffix_length: usize,
    value_length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let this = reference(cache, "cache")?;
            let key = slice(key, key_length, "key")?;
            let length = this.cache.append(key, slice(suffix, suffix_length, "suffix")?)?;
            if !value_length.is_null() {
                Output::new(value_length, "value_length")?.set(length);
            }
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

/// Removes the entry of a key if it has a version.
///
/// @param cache the cache.
/// @param key (NULL, 0) is the empty key.
/// @param key_length its length in bytes.
/// @param version the version that the entry must have.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_CONFLICT if there is no entry, or one of another version, TANDEM_STATUS_CLOSED, or
/// TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_compare_and_delete(
    cache: *const tandem_cache,
    key: *const u8,
    key_length: usize,
    version: u64,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let deleted = this.cache.compare_and_delete(slice(key, key_length, "key")?, version)?;
            if deleted { Ok(()) } else { Err(CONFLICT) }
        })
    }
}

/// Removes the entries whose keys begin with a prefix. No other call waits long for this one. An entry that other threads store
/// meanwhile may stay.
///
/// @param cache the cache.
/// @param prefix (NULL, 0) is that of all keys.
/// @param prefix_length its length in bytes.
/// @param deleted how many entries were removed; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `prefix` is valid for reads of `prefix_length` bytes; `deleted` is NULL or valid for
/// writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_delete_prefix(
    cache: *const tandem_cache,
    prefix: *const u8,
    prefix_length: usize,
    deleted: *mut u64,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let count = this.cache.delete_prefix(slice(prefix, prefix_length, "prefix")?);
            if !deleted.is_null() {
                Output::new(deleted, "deleted")?.set(count);
            }
            Ok(())
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
            ttl.set(nanoseconds(left));
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
            let key = slice(key, key_length, "key")?;
            let found = match time_to_live(ttl) {
                Ttl::Keep => cache.ttl(key).is_some(),
                Ttl::Default => cache.touch(key, cache.default_ttl())?,
                Ttl::Forever => cache.touch(key, None)?,
                Ttl::For(ttl) => cache.touch(key, Some(ttl))?,
            };
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
                put(keys, &mut length, &(entry.key.len() as u32).to_ne_bytes());
                put(keys, &mut length, entry.key);
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

/// Counts from now on which entries are found most, so that tandem_cache_hot_keys can tell. Each get takes a lock meanwhile. The
/// counters are part of what the cache holds. A watch that there was ends.
///
/// @param cache the cache.
/// @param count how many keys are to be told; 0 only ends the watch.
/// @param error may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_OUT_OF_MEMORY, TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any
/// thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_watch_hot_keys(
    cache: *const tandem_cache,
    count: usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            reference(cache, "cache")?.cache.watch_hot_keys(count)?;
            Ok(())
        })
    }
}

/// Lists the keys whose entries were found most since tandem_cache_watch_hot_keys was called, if they are still there, the
/// first one most; none without a watch.
///
/// @param cache the cache.
/// @param count how many keys to list, at most.
/// @param keys where the keys go, each as the number of times that it was found at least (8 bytes, in the processor's order), its
/// length (4 bytes) and its bytes.
/// @param keys_capacity how many bytes may be written there.
/// @param keys_length how many were written; with TANDEM_STATUS_BUFFER_TOO_SMALL, how many are needed.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `keys` is valid for writes of `keys_capacity` bytes, `keys_length` for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_hot_keys(
    cache: *const tandem_cache,
    count: usize,
    keys: *mut u8,
    keys_capacity: usize,
    keys_length: *mut usize,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let this = reference(cache, "cache")?;
            let keys = buffer(keys, keys_capacity, "keys")?;
            let keys_length = Output::new(keys_length, "keys_length")?;
            let mut length = 0;
            for hot in this.cache.hot_keys(count) {
                put(keys, &mut length, &hot.reads.to_ne_bytes());
                put(keys, &mut length, &(hot.key.len() as u32).to_ne_bytes());
                put(keys, &mut length, &hot.key);
            }
            keys_length.set(length);
            if length <= keys.len() { Ok(()) } else { Err(TOO_SMALL) }
        })
    }
}

/// Removes what has expired, which else waits for other entries to be stored. To be called from time to time if the memory of
/// expired entries matters; does little if there are none.
///
/// @param cache the cache.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_clean_up(cache: *const tandem_cache) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            reference(cache, "cache")?.cache.clean_up();
            Ok(())
        })
    }
}

/// Changes the limit of a cache. With a lower one, entries go and memory is given back before this returns.
///
/// @param cache the cache.
/// @param max_bytes the new limit, as in the options; at most what their `reserve` says.
/// @param error what is wrong with the limit; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_resize(
    cache: *const tandem_cache,
    max_bytes: u64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            reference(cache, "cache")?.cache.resize(max_bytes)?;
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

/// Where the memory of a cache is, for who looks for entries and replaces values without a call. The layout is that of this version of
/// the library only: `docs/design.md` describes it, and who uses it must know `layout`.
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

/// Wakes one who waits for a shard, for who took its lock without a call and found, giving it up, that there are any.
///
/// @param cache the cache.
/// @param hash a hash of the shard, made with the `point` and the `offset` of tandem_cache_get_view.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `cache` is a cache that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_cache_wake(cache: *const tandem_cache, hash: u64) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            reference(cache, "cache")?.cache.wake(hash);
            Ok(())
        })
    }
}

/// Empties a cache for good and gives its memory back, save the handle itself: from here on nothing is found and
/// sets return TANDEM_STATUS_CLOSED. What it had is no removal; those before can be taken yet. Other threads may be using the
/// cache. Closing again does nothing.
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
