//! Which entries stay.

use super::hash::Hash;

/// The log of new entries.
pub(super) const WINDOW: usize = 0;
/// The log of those that proved useful.
pub(super) const MAIN: usize = 1;

#[derive(Default)]
pub(super) struct Policy {}

impl Policy {
    /// The log that a new entry goes to.
    pub(super) fn admit(&mut self, _hash: Hash) -> usize {
        WINDOW
    }

    /// The log from which the next entry is to go.
    pub(super) fn victim(&self, window: usize, main: usize) -> usize {
        if window * 10 >= main { WINDOW } else { MAIN }
    }

    /// The hits that the oldest entry of a log is left with if it stays.
    pub(super) fn judge(&mut self, log: usize, _hash: Hash, hits: u64) -> Option<u64> {
        match (log, hits) {
            (_, 0) => None,
            (WINDOW, _) => Some(0),
            _ => Some(hits - 1),
        }
    }
}
