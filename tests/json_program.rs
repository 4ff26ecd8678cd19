//! examples/c/json.c, built against both libraries and run as a user would.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::LazyLock;
use std::{fs, thread};

use support::{Link, Program, c_program};

static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| [Link::Static, Link::Shared].map(|link| c_program("examples/c/json.c", link)));

fn run(program: &Program, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program
        .command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // The program may exit without reading its input.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    })
}

/// Exit code, standard output and standard error, which are the same with both libraries.
fn outcome(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let [outcome, shared] = PROGRAMS.each_ref().map(|program| {
        let output = run(program, arguments, input);
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    });
    assert!(outcome == shared, "{arguments:?}: the libraries differ");
    outcome
}

#[test]
fn texts_from_standard_input() {
    let usage = "usage: json [--check | --compact | --indent N] [FILE]\n";
    let indent = "json: --indent takes a number from 0 to 64\n";
    for (arguments, input, code, stdout, stderr) in [
        (&[][..], r#"{"a":[1,{}]}"#, 0, "{\n  \"a\": [\n    1,\n    {}\n  ]\n}\n", ""),
        (&["--indent", "0"], "[1]", 0, "[\n1\n]\n", ""),
        (&["--indent", "1", "-"], "[1]\n", 0, "[\n 1\n]\n", ""),
        (&["--compact"], " [ 1 , \"a b\" ]\n", 0, "[1,\"a b\"]\n", ""),
        (&["--check"], "[]", 0, "", ""),
        (&["--check"], "", 1, "", "<stdin>:1:1: unexpected end of JSON text\n"),
        (&["--check"], "[1,\n 2,]\n", 1, "", "<stdin>:2:4: expected a value\n"),
        (&["--compact"], "{\"a\" 1}", 1, "", "<stdin>:1:6: expected ':' after a member name\n"),
        (&[], "[1] [2]", 1, "", "<stdin>:1:5: unexpected data after the value\n"),
        (&["--help"], "", 0, usage, ""),
        (&["--unknown"], "", 2, "", usage),
        (&["--indent"], "", 2, "", usage),
        (&["--indent", "-1"], "1", 2, "", indent),
        (&["--indent", "two"], "1", 2, "", indent),
        (&["--indent", "65"], "1", 2, "", indent),
        (&["a", "b"], "", 2, "", usage),
    ] {
        let want = (code, stdout.to_owned(), stderr.to_owned());
        assert_eq!(outcome(arguments, input.as_bytes()), want, "{arguments:?} {input}");
    }
}

#[test]
fn texts_from_files() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join("-text.json");
    fs::write(&path, "{\n  \"a\": tru\n}\n").unwrap();
    let name = path.to_str().unwrap();
    let error = format!("{name}:2:11: expected a value\n");
    assert_eq!(outcome(&["--check", name], b""), (1, String::new(), error));
    fs::write(&path, "[true]").unwrap();
    assert_eq!(outcome(&["--compact", "--", name], b""), (0, "[true]\n".into(), String::new()));
    let (code, stdout, stderr) = outcome(&["/nonexistent/file"], b"");
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert_eq!(stderr, "json: /nonexistent/file: No such file or directory\n");
    let (code, _, stderr) = outcome(&[folder.to_str().unwrap()], b"");
    assert_eq!((code, stderr.ends_with(": Is a directory\n")), (2, true), "{stderr}");
}

#[test]
fn large_texts() {
    let compact = format!("[{}1]", "{\"key\":[1,2,3]},".repeat(300_000));
    let pretty = outcome(&["--indent", "8"], compact.as_bytes()).1;
    assert!(pretty.len() > 8 * compact.len(), "{} bytes", pretty.len());
    assert_eq!(outcome(&["--compact"], pretty.as_bytes()).1.trim_end(), compact);
    let bomb = "[".repeat(20 << 20);
    assert_eq!(
        outcome(&["--check"], bomb.as_bytes()),
        (1, String::new(), "<stdin>:1:10001: nested too deeply\n".into())
    );
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = PROGRAMS[0]
        .command()
        .stdin(Stdio::piped())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"[1]").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stderr, b"json: standard output: No space left on device\n");
}
