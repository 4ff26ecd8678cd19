//! Tandem: Rust's hot path for Go services.
//!
//! Two independent parts, [`json`] and [`cache`], and [`ffi`], the C ABI over both.

#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod cache;
pub mod ffi;
pub mod json;

/// Runs the Rust programs of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
