//! How a cache is set up.

use std::time::Duration;

use super::clock::Clock;
use super::error::Error;

/// Settings of a cache; the default value works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most memory that the cache may hold from the system, in bytes, everything counted; at least
    /// 64 KiB. Address space for it is set aside at once, memory only as it is used. 64 MiB by default.
    pub max_bytes: u64,
    /// The most entries that the cache may hold; unlimited by default.
    pub max_entries: u64,
    /// How long entries live for which [`super::Cache::set_with_ttl`] does not say otherwise; for ever by default.
    pub ttl: Option<Duration>,
    /// How long entries live that are not used; for ever by default. Each read of an entry puts its end off, but not beyond
    /// that of its `ttl`. Reads of a cache with this option take a lock that they share.
    pub idle: Option<Duration>,
    /// How large [`super::Cache::resize`] may make `max_bytes`: addresses are set aside for it. 0, the default, means
    /// four times `max_bytes`, or as much as leaves the index small.
    pub reserve: u64,
    /// How much of `max_bytes` is for entries that went, until [`super::Cache::take_removals`] takes them. Those for which there is no
    /// room left are dropped, and counted. 0, the default, keeps none.
    pub removal_bytes: u64,
    /// What tells the time; the system's monotonic clock by default.
    pub clock: Clock,
}

impl Options {
    /// The smallest `max_bytes`.
    pub const MIN_BYTES: u64 = 64 << 10;

    /// What addresses are set aside for.
    pub(super) fn reserve(&self) -> u64 {
        // Locations of entries in an arena up to this size are multiples of a word.
        const SMALL: u64 = 32 << 30;
        if self.reserve > 0 {
            self.reserve
        } else {
            (4 * self.max_bytes).min(SMALL).max(self.max_bytes)
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.max_bytes < Self::MIN_BYTES {
            return Err(Error::Options("max_bytes is below 64 KiB"));
        }
        if self.max_bytes > isize::MAX as u64 / 4 {
            return Err(Error::Options("max_bytes is more than can be addressed"));
        }
        if self.reserve != 0 && self.reserve < self.max_bytes
            || self.reserve > isize::MAX as u64 / 4
        {
            return Err(Error::Options(
                "reserve is below max_bytes, or more than can be addressed",
            ));
        }
        if self.removal_bytes > self.max_bytes / 2 {
            return Err(Error::Options("removal_bytes is more than half of max_bytes"));
        }
        if self.max_entries == 0 {
            return Err(Error::Options("max_entries is 0"));
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            max_bytes: 64 << 20,
            max_entries: u64::MAX,
            ttl: None,
            idle: None,
            reserve: 0,
            removal_bytes: 0,
            clock: Clock::default(),
        }
    }
}
