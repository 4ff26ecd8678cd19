//! Clocks that are moved by hand, for tests.

use std::ptr::null_mut;
use std::time::Duration;

use super::argument::{Output, reference};
use super::guard::{guard, guard_or};
use super::status::tandem_status;
use crate::cache::ManualClock;

/// A clock that stands still until it is moved, for tests of what expires. Caches can share one.
pub struct tandem_clock {
    pub(super) clock: ManualClock,
}

/// Makes a clock.
///
/// @param output the new clock, to be freed with `tandem_clock_free`; NULL on failure.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `output` is valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_clock_new(output: *mut *mut tandem_clock) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            let output = Output::new(output, "output")?;
            output.set(null_mut());
            output.set(Box::into_raw(Box::new(tandem_clock { clock: ManualClock::default() })));
            Ok(())
        })
    }
}

/// Moves a clock forward.
///
/// @param clock the clock.
/// @param time by how much, in nanoseconds.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `clock` is a clock that was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_clock_advance(
    clock: *const tandem_clock,
    time: u64,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(null_mut(), || {
            reference(clock, "clock")?.clock.advance(Duration::from_nanos(time));
            Ok(())
        })
    }
}

/// Frees a clock. For the caches that were made with it, time stands still from then on.
///
/// @param clock the clock; NULL does nothing.
///
/// # Safety
/// `clock` is NULL or a clock that was not freed, which nothing but caches uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_clock_free(clock: *mut tandem_clock) {
    guard_or((), || {
        if !clock.is_null() {
            // SAFETY: `tandem_clock_new` made it, and the caller uses it no more.
            drop(unsafe { Box::from_raw(clock) });
        }
    })
}
