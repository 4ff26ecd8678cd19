//! Version of the library and of its ABI.

use std::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// The version of the library, such as "0.1.0".
///
/// @return a static string, NUL-terminated; never NULL. Safe from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The revision within ABI 1: grows with each function that is added. A library of another ABI lacks
/// this symbol, so that programs built for this header fail to link against it instead of crashing.
///
/// @return the revision, from 1. Safe from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_abi_1() -> u32 {
    11
}
