//! The wall that no panic passes. Every export that can fail runs inside [`guard`].

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::status::{Failure, tandem_error, tandem_status};

thread_local! {
    /// How many guards this thread is inside of.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// What the last panic inside a guard said, and where.
    static REPORT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of an export. A failure or a panic becomes a status, and is described in `error`
/// unless that is NULL.
///
/// # Safety
/// `error` is NULL or valid for writes of a `tandem_error`.
pub(crate) unsafe fn guard(
    error: *mut tandem_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> tandem_status {
    match catch(body) {
        Ok(Ok(())) => tandem_status::Ok,
        Ok(Err(failure)) => {
            // SAFETY: the caller's promise on `error`.
            unsafe { failure.report(error) };
            failure.status
        }
        Err(report) => {
            // SAFETY: as above.
            unsafe { Failure::new(tandem_status::Panic, report).report(error) };
            tandem_status::Panic
        }
    }
}

/// Runs the body of an export that has no status to return (a `_free` function or a plain getter),
/// with what it returns if the body panics.
pub(crate) fn guard_or<T>(default: T, body: impl FnOnce() -> T) -> T {
    catch(body).unwrap_or(default)
}

/// Runs `body`; a panic is returned as its message and place, and nothing is printed.
fn catch<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    capture_reports();
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    // Unwind safety: the safe functions behind the exports restore their invariants on unwinding.
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    result.map_err(|payload| {
        // What `panic!` throws is freed. The drop of another payload could panic in its turn: leaking it is
        // the lesser evil.
        if !payload.is::<&str>() && !payload.is::<String>() {
            std::mem::forget(payload);
        }
        REPORT.with(|report| std::mem::take(&mut *report.borrow_mut()))
    })
}

/// Replaces the default panic hook, which prints, while this thread is inside a guard. Outside of
/// guards the hook that was there before keeps working, as a Rust program that uses the crate as a
/// library expects.
fn capture_reports() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.with(Cell::get) == 0 {
                return previous(info);
            }
            let payload = info.payload();
            let message = payload
                .downcast_ref::<&str>()
                .copied()
                .or(payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("panic");
            let report = match info.location() {
                Some(place) => format!("{message} ({}:{})", place.file(), place.line()),
                None => message.to_owned(),
            };
            REPORT.with(|slot| *slot.borrow_mut() = report);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use std::mem::MaybeUninit;

    fn run(body: impl FnOnce() -> Result<(), Failure>) -> (tandem_status, Option<tandem_error>) {
        let mut error = MaybeUninit::uninit();
        // SAFETY: `error` is valid for writes; it is read only after a failure, which filled it in.
        unsafe {
            match guard(error.as_mut_ptr(), body) {
                tandem_status::Ok => (tandem_status::Ok, None),
                status => (status, Some(error.assume_init())),
            }
        }
    }

    fn message(error: &tandem_error) -> &str {
        // SAFETY: `report` ends each message with NUL.
        unsafe { CStr::from_ptr(error.message.as_ptr()) }.to_str().unwrap()
    }

    #[test]
    fn success_reports_nothing() {
        assert!(matches!(run(|| Ok(())), (tandem_status::Ok, None)));
    }

    #[test]
    fn failure_is_described() {
        let (status, error) = run(|| {
            Err(Failure { status: tandem_status::Syntax, offset: 7, message: "bad".into() })
        });
        let error = error.unwrap();
        assert_eq!((status, error.offset, message(&error)), (tandem_status::Syntax, 7, "bad"));
    }

    #[test]
    fn panic_becomes_a_status_with_message_and_place() {
        for body in
            [(|| panic!("plain")) as fn() -> Result<(), Failure>, || panic!("{}", "formatted")]
        {
            let (status, error) = run(body);
            assert_eq!(status, tandem_status::Panic);
            let text = message(error.as_ref().unwrap()).to_owned();
            assert!(
                text.contains("guard.rs:")
                    && (text.contains("plain") || text.contains("formatted")),
                "{text}"
            );
        }
    }

    #[test]
    fn panic_payload_that_panics_when_dropped_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let (status, _) = run(|| panic::panic_any(Bomb));
        assert_eq!(status, tandem_status::Panic);
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let (_, error) = run(|| Err(Failure::new(tandem_status::Panic, "ä".repeat(500))));
        let error = error.unwrap();
        assert_eq!(error.message_length, 238);
        assert_eq!(message(&error), "ä".repeat(119));
    }

    #[test]
    fn null_error_is_allowed() {
        // SAFETY: NULL is allowed.
        let status = unsafe { guard(std::ptr::null_mut(), || panic!("unseen")) };
        assert_eq!(status, tandem_status::Panic);
    }
}
