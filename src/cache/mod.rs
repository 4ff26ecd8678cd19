//! A concurrent cache that lives outside of any collected heap and keeps its limit in bytes.
//!
//! Keys and values are bytes, copied in and out. What the cache holds from the system (entries with their
//! overhead, index, bookkeeping, free space in between) never exceeds [`Options::max_bytes`]. When that is used up, entries
//! go by the CLOCK algorithm: first in, first out, with a second chance for those read since. A [`Cache::set`] that
//! returned is visible to each later [`Cache::get`] of any thread.
//!
//! Entries lie in logs, one for each shard of the index:
//!
//! - `index` finds an entry: a dashmap whose shards carry a log each, under the same lock;
//! - `shard` adds, replaces and evicts the entries of one shard;
//! - `entry` is the layout of one entry;
//! - `arena` has the memory, and the budget that all of it is charged to.

mod arena;
#[expect(clippy::module_inception)] // the type that gives the module its name
mod cache;
mod clock;
mod entry;
mod error;
mod index;
mod options;
mod shard;
mod stats;

pub use cache::Cache;
pub use clock::{Clock, ManualClock};
pub use error::Error;
pub use options::Options;
pub use stats::Stats;

#[cfg(test)]
mod tests;
