//! What the tests of programs share: compiling C against the library that Cargo built for the tests.
//!
//! Sanitizers and valgrind come in through the environment: `CC`, `CFLAGS`, and `TANDEM_RUNNER`, a command that the
//! programs are run by.
#![allow(dead_code)] // each test program uses a part

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;
use std::{env, fs};

/// How a program gets at the library.
#[derive(Clone, Copy, Debug)]
pub enum Link {
    Static,
    Shared,
}

/// Every warning, as an error.
pub const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder for the files of one test.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

/// Words of an environment variable.
fn words(name: &str) -> Vec<String> {
    env::var(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// The C compiler.
pub fn cc() -> Command {
    Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// Go, as `make` was told.
pub fn go() -> Command {
    Command::new(env::var_os("GO").unwrap_or_else(|| "go".into()))
}

/// A target of the Makefile, free of what Cargo and an outer make say to their children.
pub fn make(target: &str) -> Command {
    let mut command = Command::new("make");
    command.current_dir(root()).args(["--silent", target]);
    for name in ["CARGO", "RUSTFLAGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"] {
        command.env_remove(name);
    }
    command
}

/// Brings the libraries of `make build` up to date, once.
pub fn build() {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| drop(succeed(&mut make("build"))));
}

/// A compiled program.
pub struct Program(Vec<OsString>);

impl Program {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.0[0]);
        command.args(&self.0[1..]);
        command
    }
}

/// Compiles a C program of the repository.
pub fn c_program(source: &str, link: Link) -> Program {
    let stem = Path::new(source).file_stem().unwrap().to_str().unwrap();
    let folder = folder(&format!("{}-{link:?}", source.replace('/', "-")));
    let program = folder.join(stem);
    // Cargo puts the libraries beside the tests.
    let libraries = env::current_exe().unwrap().parent().unwrap().to_owned();
    let mut compile = cc();
    compile.args(["-std=c11", "-g", "-O1"]).args(WARNINGS).args(words("CFLAGS"));
    compile.arg("-I").arg(root().join("include")).arg(root().join(source));
    match link {
        Link::Static => {
            compile.arg(libraries.join("libtandem.a"));
        }
        Link::Shared => {
            // The program asks for the library by its SONAME.
            let soname = concat!("libtandem.so.", env!("CARGO_PKG_VERSION_MAJOR"));
            std::os::unix::fs::symlink(libraries.join("libtandem.so"), folder.join(soname))
                .unwrap();
            compile.arg(folder.join(soname)).arg(format!("-Wl,-rpath,{}", folder.display()));
        }
    }
    succeed(compile.args(["-lm", "-lpthread", "-ldl", "-o"]).arg(&program));
    let runner = words("TANDEM_RUNNER").into_iter().map(OsString::from);
    Program(runner.chain([program.into()]).collect())
}

/// Runs a command that must succeed, and returns its standard output.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail, and returns what it printed.
#[track_caller]
pub fn fail(command: &mut Command) -> String {
    let output = run(command);
    assert!(!output.status.success(), "{command:?} succeeded\n{}", text(&output));
    text(&output)
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Standard output and standard error.
fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}
