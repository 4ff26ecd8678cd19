//! The Makefile: what it offers, what it asks for, and that it does nothing twice.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use support::{fail, folder, make, succeed};

#[test]
fn help_lists_the_targets() {
    let help = succeed(&mut make("help"));
    let listed: Vec<_> = help.lines().filter_map(|line| line.split(' ').next()).collect();
    for target in [
        "build",
        "run",
        "run-microservice",
        "rust-cache-server",
        "fastjson-api",
        "test",
        "lint",
        "fmt",
        "bench",
        "install",
        "uninstall",
        "model",
        "miri",
        "sanitize",
        "test-arm64",
        "fuzz",
        "soak",
        "clean",
    ] {
        assert!(listed.contains(&target), "{target} is not in:\n{help}");
    }
}

#[test]
fn missing_tools_are_named_in_one_line() {
    for (target, setting, message) in [
        (
            "build",
            "CARGO=no-cargo",
            concat!(
                "no-cargo is missing: install Rust ",
                env!("CARGO_PKG_RUST_VERSION"),
                " or later from https://rustup.rs"
            ),
        ),
        ("build", "GO=no-go", "no-go is missing: install Go 1.25 or later from https://go.dev/dl"),
        (
            "build",
            "CC=no-cc",
            "no-cc is missing: install it with the system's packages (Debian: apt-get install build-essential)",
        ),
        ("test", "CXX=no-cxx", "no-cxx is missing: install it with"),
        ("install", "CARGO=no-cargo", "no-cargo is missing: install Rust"),
    ] {
        let output = fail(make(target).args(["--dry-run", setting]));
        let lines: Vec<_> = output.lines().filter(|line| line.contains("***")).collect();
        assert!(
            matches!(lines[..], [line] if line.contains(message)),
            "{setting} {target}: {output}"
        );
    }
}

#[test]
fn old_tools_are_refused() {
    let folder = folder("make");
    for (variable, answer, message) in [
        (
            "CARGO",
            "cargo 1.84.1 (66221abde 2024-11-19)",
            concat!("1.84.1 is too old: install Rust ", env!("CARGO_PKG_RUST_VERSION")),
        ),
        ("GO", "go1.24.9", "1.24.9 is too old: install Go 1.25"),
    ] {
        let tool = folder.join(variable);
        fs::write(&tool, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let setting = format!("{variable}={}", tool.display());
        let output = fail(make("build").args(["--dry-run", &setting]));
        assert!(output.contains(message), "{output}");
    }
}

#[test]
fn a_second_build_has_nothing_to_do() {
    support::build();
    let commands = succeed(make("build").arg("--dry-run"));
    assert!(commands.lines().count() == 1 && commands.ends_with(" build ./...\n"), "{commands}");
}
