//! The programs in README.md compile and run.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{WARNINGS, cc, folder, go, root, succeed};

/// The fenced blocks of a language that are whole programs.
fn programs<'a>(readme: &'a str, language: &str, entry: &str) -> Vec<&'a str> {
    let mut fences = readme.split("\n```");
    let mut blocks = Vec::new();
    while let (Some(_), Some(block)) = (fences.next(), fences.next()) {
        match block.split_once('\n') {
            Some((info, code)) if info == language && code.contains(entry) => blocks.push(code),
            _ => {}
        }
    }
    blocks
}

fn run_go(folder: &Path, code: &str) {
    let module = root().join("go");
    fs::write(folder.join("main.go"), code).unwrap();
    fs::write(
        folder.join("go.mod"),
        format!(
            "module program\n\ngo 1.25\n\nrequire tandem.example/go v0.0.0\n\n\
             replace tandem.example/go => {}\n",
            module.display()
        ),
    )
    .unwrap();
    succeed(go().current_dir(folder).env("GOPROXY", "off").args(["vet", "."]));
    succeed(go().current_dir(folder).env("GOPROXY", "off").args(["run", "."]));
}

fn run_c(folder: &Path, code: &str) {
    let source = folder.join("main.c");
    fs::write(&source, code).unwrap();
    let mut compile = cc();
    compile.arg("-std=c11").args(WARNINGS).arg("-I").arg(root().join("include")).arg(&source);
    compile.arg(root().join("target/prelink/libtandem.a")).args(["-lm", "-o"]);
    succeed(compile.arg(folder.join("main")));
    succeed(&mut Command::new(folder.join("main")));
}

/// Runs a program with what this crate's own tests may use.
fn run_rust(folder: &Path, code: &str) {
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/main.rs"), code).unwrap();
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[workspace]\n[package]\nname = \"program\"\nedition = \"2024\"\n[dependencies]\n\
             tandem-ffi.path = {:?}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\
             serde_json = \"1\"\n",
            root()
        ),
    )
    .unwrap();
    succeed(
        Command::new(env!("CARGO"))
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme-target"))
            .args(["run", "--quiet", "--offline"]),
    );
}

#[test]
fn programs_run() {
    let Ok(readme) = fs::read_to_string(root().join("README.md")) else {
        return;
    };
    support::build();
    for (language, entry, run) in [
        ("go", "package main", run_go as fn(&Path, &str)),
        ("c", "int main(", run_c),
        ("rust", "fn main(", run_rust),
    ] {
        let programs = programs(&readme, language, entry);
        assert!(!programs.is_empty(), "README.md has no whole program in {language}");
        for (index, program) in programs.into_iter().enumerate() {
            run(&folder(&format!("readme-{language}-{index}")), program);
        }
    }
}

#[test]
fn whole_programs_are_found() {
    let readme = "# T\n```go\nfunc f() {}\n```\ntext\n```go\npackage main\n```\n\n```c\nint main(void) {}\n```\n";
    assert_eq!(programs(readme, "go", "package main"), ["package main"]);
    assert_eq!(programs(readme, "c", "int main("), ["int main(void) {}"]);
    assert_eq!(programs(readme, "rust", "fn main("), [""; 0]);
}
