//! What tells the time. Instants are nanoseconds since the clock was made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The deadline of entries that live for ever.
pub(super) const NEVER: u64 = u64::MAX;

/// What tells a cache the time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's monotonic clock, from the given instant.
    System(Instant),
    /// A clock that moves only when told to, for tests.
    Manual(ManualClock),
}

impl Clock {
    pub(super) fn now(&self) -> u64 {
        match self {
            Clock::System(start) => nanoseconds(start.elapsed()),
            Clock::Manual(clock) => clock.0.load(Ordering::Relaxed),
        }
    }

    /// The time of the system's clock; None if this is another one.
    pub(super) fn system_now(&self) -> Option<u64> {
        matches!(self, Clock::System(_)).then(|| self.now())
    }

    /// When an entry that is stored now expires.
    pub(super) fn deadline(&self, ttl: Option<Duration>) -> u64 {
        ttl.map_or(NEVER, |ttl| self.now().saturating_add(nanoseconds(ttl)))
    }

    /// How long it is until a deadline; None if that never comes.
    pub(super) fn remaining(&self, deadline: u64) -> Option<Duration> {
        let left = || Duration::from_nanos(deadline.saturating_sub(self.now()));
        (deadline != NEVER).then(left)
    }

    #[inline]
    pub(super) fn has_passed(&self, deadline: u64) -> bool {
        deadline != NEVER && deadline <= self.now()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::System(Instant::now())
    }
}

/// A clock that stands still until it is moved; clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Moves the clock forward, as far as there is time.
    pub fn advance(&self, time: Duration) {
        let later = |now: u64| Some(now.saturating_add(nanoseconds(time)));
        // The closure never declines.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}
