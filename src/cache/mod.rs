//! A concurrent cache that lives outside of any collected heap and keeps its limit in bytes.
//!
//! Keys and values are bytes, copied in and out. What the cache holds from the system (entries with their
//! overhead, index, bookkeeping, free space in between) never exceeds [`Options::max_bytes`]. When that is used up, entries
//! go that are used least. A [`Cache::set`] that returned is visible to each later [`Cache::get`] of any thread.
//!
//! - `index` finds an entry, without a lock;
//! - `lock` keeps writers of a shard apart;
//! - `shard` adds, replaces and evicts the entries of one part of the index, which lie in logs;
//! - `policy` says which entries stay;
//! - `entry` is the layout of one entry, `words` how its bytes are written and read by several threads;
//! - `snapshot` writes entries to a stream, and reads them back;
//! - `removal` keeps entries that went until somebody asks;
//! - `view` tells readers in other languages where all that is;
//! - `arena` has the memory, and `budget` what it is charged to.

mod arena;
mod budget;
#[expect(clippy::module_inception)] // the type that gives the module its name
mod cache;
mod clock;
mod entry;
mod error;
mod hash;
mod hot;
mod index;
mod lock;
mod options;
mod policy;
mod removal;
mod shard;
mod snapshot;
mod stats;
mod sync;
mod view;
mod words;

pub use cache::{Cache, Change, Condition, Lookup, Meta, Ttl, Visited};
pub use clock::{Clock, ManualClock};
pub use error::Error;
pub use hot::HotKey;
pub use options::Options;
pub use removal::{Reason, Removed};
pub use snapshot::{Loading, Saving, SnapshotError};
pub use stats::Stats;
pub use view::View;

#[cfg(all(test, shuttle))]
mod model;
#[cfg(all(test, not(shuttle)))]
mod tests;
