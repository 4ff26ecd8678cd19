//! A lock that is one word, so that a writer in another language can take it too, without a call, as long as nobody else has it.
//!
//! Who can't have the lock says so in the word and waits; who gives it up looks for that, and wakes one who waits. That one
//! does not know whether it was the only one, so the word goes on saying so.

use std::cell::UnsafeCell;
use std::mem::offset_of;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::{hint, iter};

use super::sync::{AtomicU64, Condvar, Mutex};
use super::words::load;

/// A writer has the lock.
pub(super) const LOCKED: u64 = 1;
/// Somebody waits for it.
const WAITING: u64 = 2;
/// One of the readers that have it.
const READER: u64 = 4;

/// How often somebody looks before they wait.
const PATIENCE: usize = if cfg!(all(test, shuttle)) { 0 } else { 1000 };

/// A value that one writer has, or many readers.
#[repr(C)]
pub(super) struct Lock<T> {
    word: AtomicU64,
    value: UnsafeCell<T>,
    waiting: Mutex<()>,
    free: Condvar,
}

// SAFETY: the lock gives the value to one thread alone, or to many that only look at it.
unsafe impl<T: Send + Sync> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// How many bytes behind the word, which comes first, the value is.
    pub(super) const VALUE: usize = offset_of!(Self, value);

    pub(super) fn new(value: T) -> Self {
        Lock {
            word: AtomicU64::new(0),
            value: UnsafeCell::new(value),
            waiting: Mutex::new(()),
            free: Condvar::new(),
        }
    }

    #[inline]
    pub(super) fn write(&self) -> Writer<'_, T> {
        self.try_write().unwrap_or_else(|| {
            self.wait(u64::MAX, LOCKED);
            Writer(self)
        })
    }

    /// The value, if nobody else has the lock or waits for it.
    #[inline]
    pub(super) fn try_write(&self) -> Option<Writer<'_, T>> {
        self.change(0, LOCKED).then(|| Writer(self))
    }

    pub(super) fn read(&self) -> Reader<'_, T> {
        let word = load(&self.word);
        if word & (LOCKED | WAITING) != 0 || !self.change(word, word + READER) {
            self.wait(LOCKED | WAITING, READER);
        }
        Reader(self)
    }

    #[inline]
    fn change(&self, from: u64, to: u64) -> bool {
        self.word.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Adds `amount` to the word as soon as it has none of the bits that hinder. Those who wait already go first.
    #[cold]
    fn wait(&self, mut hinders: u64, amount: u64) {
        for () in iter::repeat_n((), PATIENCE) {
            let word = load(&self.word);
            if word & hinders == 0 && self.change(word, word + amount) {
                return;
            }
            hint::spin_loop();
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut others = 0;
        loop {
            let word = load(&self.word);
            if word & hinders == 0 {
                if self.change(word, (word | others) + amount) {
                    break;
                }
            } else if self.change(word, word | WAITING) {
                waiting = self.free.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                hinders &= !WAITING;
                others = WAITING;
            }
        }
        if amount == READER && others != 0 {
            // The next one may be a reader as well.
            self.free.notify_one();
        }
    }

    /// Wakes one of those who wait, for somebody who gave the lock up and saw that there are any.
    #[cold]
    pub(super) fn wake(&self) {
        // Who said that they wait do so by now.
        drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.free.notify_one();
    }
}

/// The value of a lock, for one who may change it.
pub(super) struct Writer<'a, T>(&'a Lock<T>);

impl<T> Deref for Writer<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: nobody else has the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Writer<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: nobody else has the lock.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Writer<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.0.word.swap(0, Ordering::Release) & WAITING != 0 {
            self.0.wake();
        }
    }
}

/// The value of a lock, for one of many.
pub(super) struct Reader<'a, T>(&'a Lock<T>);

impl<T> Deref for Reader<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: no writer has the lock.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> Drop for Reader<'_, T> {
    fn drop(&mut self) {
        let word = self.0.word.fetch_sub(READER, Ordering::Release) - READER;
        if word == WAITING && self.0.change(WAITING, 0) {
            self.0.wake();
        }
    }
}
