//! examples/report.rs, run as a user would.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

/// `cargo test` builds examples, and puts them beside the folder of the tests.
fn program() -> PathBuf {
    let program = env::current_exe().unwrap().parent().unwrap().with_file_name("examples");
    let program = program.join("report").with_extension(env::consts::EXE_EXTENSION);
    assert!(program.exists(), "run `cargo build --example report` first");
    program
}

/// Exit code, standard output and standard error.
fn outcome(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        // The program may exit without reading its input.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

const LOG: &str = r#"{"route":"GET /products","status":200,"ms":1.5,"agent":"curl \"8\""}
{"route":"GET \/products","status":503,"ms":4}
{"route":"PUT /prices","status":204,"ms":20.25}
{"route":"GET /products","status":200,"ms":0.5}
"#;

const REPORT: &str = r#"{
  "requests": 4,
  "repeated": 0,
  "invalid": 0,
  "routes": [
    {
      "route": "PUT /prices",
      "requests": 1,
      "errors": 0,
      "total_ms": 20.25,
      "median_ms": 20.25,
      "p99_ms": 20.25
    },
    {
      "route": "GET /products",
      "requests": 3,
      "errors": 1,
      "total_ms": 6.0,
      "median_ms": 1.5,
      "p99_ms": 4.0
    }
  ]
}
"#;

#[test]
fn a_log_from_a_file_or_from_standard_input() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("access.ndjson");
    fs::write(&path, LOG).unwrap();
    let want = (0, REPORT.to_owned(), String::new());
    assert_eq!(outcome(&[], LOG.as_bytes()), want);
    assert_eq!(outcome(&[path.to_str().unwrap()], b""), want);
}

#[test]
fn invalid_lines_are_named_and_left_out() {
    let log = format!("{{\"route\":}}\n{LOG}{{\"route\":\"GET /\",\"status\":200}}\n");
    let (code, stdout, stderr) = outcome(&[], log.as_bytes());
    assert_eq!(code, 1);
    assert_eq!(stdout, REPORT.replace("\"invalid\": 0", "\"invalid\": 2"));
    assert_eq!(
        stderr,
        "report: <stdin>: record 1: expected a value at line 1 column 10\n\
         report: <stdin>: record 6: missing field `ms` at line 1 column 1\n"
    );
}

#[test]
fn lines_that_come_again_count_once() {
    let log = LOG.replace("{\"route\"", "{\"id\":\"a\",\"route\"");
    let (code, stdout, stderr) = outcome(&[], log.as_bytes());
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.starts_with("{\n  \"requests\": 1,\n  \"repeated\": 3,"), "{stdout}");
    let ids =
        |line: (usize, &str)| line.1.replace("{", &format!("{{\"id\":\"{}\",", line.0)) + "\n";
    let log: String = LOG.lines().enumerate().map(ids).collect();
    assert_eq!(outcome(&[], log.as_bytes()), (0, REPORT.into(), String::new()));
}

#[test]
fn an_empty_log_and_none() {
    let empty =
        "{\n  \"requests\": 0,\n  \"repeated\": 0,\n  \"invalid\": 0,\n  \"routes\": []\n}\n";
    assert_eq!(outcome(&[], b""), (0, empty.into(), String::new()));
    let (code, stdout, stderr) = outcome(&["/nonexistent/log"], b"");
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert_eq!(stderr, "report: /nonexistent/log: No such file or directory (os error 2)\n");
}
