//! What threads meet at: locks, and words that are accessed atomically. They are those of the standard library, except in
//! the tests of `model`, where a model checker decides at each of them which thread goes on, and nothing else is random.

#[cfg(not(all(test, shuttle)))]
pub(super) use std::hash::RandomState;
#[cfg(not(all(test, shuttle)))]
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, RwLock, atomic::AtomicU64};

#[cfg(all(test, shuttle))]
pub(super) use model::*;

#[cfg(all(test, shuttle))]
mod model {
    use std::cell::Cell;
    use std::hash::{BuildHasherDefault, DefaultHasher};
    use std::sync::atomic::{self, Ordering};

    pub(in super::super) use shuttle::sync::{Condvar, Mutex, MutexGuard, RwLock};

    pub(in super::super) type RandomState = BuildHasherDefault<DefaultHasher>;

    /// A word that may lie anywhere, as in mapped memory, which those of the model checker can't.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub(in super::super) struct AtomicU64(atomic::AtomicU64);

    thread_local! {
        static ALONE: Cell<bool> = const { Cell::new(false) };
    }

    /// Lets another thread run, maybe.
    fn switch() {
        if !ALONE.get() {
            shuttle::sync::atomic::AtomicBool::new(false).load(Ordering::Relaxed);
        }
    }

    /// Runs what happens before other threads are there, or after them: there is nothing to choose.
    pub(in super::super) fn alone<R>(body: impl FnOnce() -> R) -> R {
        ALONE.set(true);
        let result = body();
        ALONE.set(false);
        result
    }

    impl AtomicU64 {
        pub(in super::super) const fn new(value: u64) -> Self {
            AtomicU64(atomic::AtomicU64::new(value))
        }

        pub(in super::super) fn load(&self, order: Ordering) -> u64 {
            switch();
            self.0.load(order)
        }

        pub(in super::super) fn store(&self, value: u64, order: Ordering) {
            switch();
            self.0.store(value, order);
        }

        pub(in super::super) fn as_ptr(&self) -> *mut u64 {
            self.0.as_ptr()
        }

        pub(in super::super) fn swap(&self, value: u64, order: Ordering) -> u64 {
            switch();
            self.0.swap(value, order)
        }

        pub(in super::super) fn fetch_add(&self, number: u64, order: Ordering) -> u64 {
            switch();
            self.0.fetch_add(number, order)
        }

        pub(in super::super) fn fetch_sub(&self, number: u64, order: Ordering) -> u64 {
            switch();
            self.0.fetch_sub(number, order)
        }

        pub(in super::super) fn fetch_update(
            &self,
            set_order: Ordering,
            fetch_order: Ordering,
            change: impl FnMut(u64) -> Option<u64>,
        ) -> Result<u64, u64> {
            switch();
            self.0.fetch_update(set_order, fetch_order, change)
        }

        pub(in super::super) fn compare_exchange(
            &self,
            current: u64,
            new: u64,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u64, u64> {
            switch();
            self.0.compare_exchange(current, new, success, failure)
        }
    }
}
