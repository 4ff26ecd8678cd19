//! The C ABI. Nothing outside this module is `extern "C"`, and nothing in it has logic of its own:
//! an export guards, checks its arguments, converts them, calls one safe function and converts back.

#![allow(non_camel_case_types)] // C names
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod argument;
mod cache;
mod cache_many;
mod clock;
mod document;
mod guard;
mod json;
mod removal;
mod shape;
mod snapshot;
mod status;
mod version;

pub use cache::*;
pub use cache_many::*;
pub use clock::*;
pub use document::*;
pub use json::*;
pub use removal::*;
pub use shape::*;
pub use snapshot::*;
pub use status::{TANDEM_ERROR_MESSAGE_SIZE, tandem_error, tandem_status};
pub use version::{tandem_abi_1, tandem_version};
