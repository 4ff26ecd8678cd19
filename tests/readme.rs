//! The programs in README.md, run as they stand there. Those in Rust are run as documentation tests of the crate.

mod support;

use std::fs;

use support::{Link, c_program, folder, go, root, succeed};

/// The blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let opening = format!("```{language}\n");
    text.split(&opening).skip(1).map(|rest| rest[..rest.find("```").unwrap()].to_owned()).collect()
}

/// What a program prints by its comments, from the first line to the last: `print(x) // what it prints`.
fn promises(program: &str) -> String {
    let printing = program.lines().filter(|line| line.to_lowercase().contains("print"));
    let mut lines: Vec<_> = printing.filter_map(|line| Some(line.split_once(" // ")?.1)).collect();
    assert!(!lines.is_empty(), "the program does not say what it prints");
    lines.push("");
    lines.join("\n")
}

#[test]
fn go_programs() {
    support::build();
    let programs = blocks("go");
    assert!(!programs.is_empty());
    for program in programs {
        let module = folder("readme-go");
        fs::write(module.join("main.go"), &program).unwrap();
        let go = |arguments: &[&str]| {
            let mut command = go();
            command.current_dir(&module).env("GOPROXY", "off").env("GOWORK", "off");
            succeed(command.args(arguments))
        };
        go(&["mod", "init", "readme"]);
        // As README tells.
        let replace = format!("-replace=tandem.example/go={}", root().join("go").display());
        go(&["mod", "edit", "-require=tandem.example/go@v0.0.0", &replace]);
        assert_eq!(go(&["run", "."]), promises(&program));
    }
}

#[test]
fn c_programs() {
    let programs = blocks("c");
    assert!(!programs.is_empty());
    for program in programs {
        let source = folder("readme-c").join("readme.c");
        fs::write(&source, &program).unwrap();
        for link in [Link::Static, Link::Shared] {
            let compiled = c_program(source.to_str().unwrap(), link);
            assert_eq!(succeed(&mut compiled.command()), promises(&program));
        }
    }
}
