//! The Go module in the programs of others: vendored, beside another Rust library, without cgo, without the library.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{fail, folder, go, root, succeed};

/// Uses both directions of the codec.
const MAIN: &str = r#"package main

import (
	"fmt"

	"tandem.example/go/json"
)

func main() {
	var value struct{ Name []string }
	if err := json.Unmarshal([]byte(`{"name": ["a", "\u00e4"]}`), &value); err != nil {
		panic(err)
	}
	text, err := json.Marshal(value)
	fmt.Println(string(text), err)
}
"#;

/// What a program that uses the cache as well has beside its main.
const CACHE: &str = r#"package main

import (
	"fmt"

	"tandem.example/go/cache"
)

func init() {
	numbers, err := cache.New(cache.Options[string, int64]{})
	if err != nil {
		panic(err)
	}
	defer numbers.Close()
	if err := numbers.Set("answer", 42); err != nil {
		panic(err)
	}
	fmt.Println(numbers.Get("answer"))
}
"#;

const OUTPUT: &str = "{\"Name\":[\"a\",\"ä\"]}";

/// A module that takes Tandem from a folder, as the README tells.
fn module(name: &str, main: &str, tandem: &Path) -> PathBuf {
    let module = folder(name);
    fs::write(module.join("main.go"), main).unwrap();
    fs::write(
        module.join("go.mod"),
        format!(
            "module program\n\ngo 1.25\n\nrequire tandem.example/go v0.0.0\n\n\
             replace tandem.example/go => {}\n",
            tandem.display()
        ),
    )
    .unwrap();
    module
}

/// Go in a module's folder, which needs nothing from the network.
fn go_in(module: &Path, arguments: &[&str]) -> Command {
    let mut command = go();
    command.current_dir(module).env("GOPROXY", "off").env("GOWORK", "off").args(arguments);
    command
}

#[test]
fn vendored() {
    support::build();
    let module = module("go-vendored", MAIN, &root().join("go"));
    fs::write(module.join("cache.go"), CACHE).unwrap();
    succeed(&mut go_in(&module, &["mod", "vendor"]));
    // The vendored copy is all that the build sees.
    let text = fs::read_to_string(module.join("go.mod")).unwrap();
    let modules = fs::read_to_string(module.join("vendor/modules.txt")).unwrap();
    let there = root().join("go").display().to_string();
    fs::write(module.join("go.mod"), text.replace(&there, "./gone")).unwrap();
    fs::write(module.join("vendor/modules.txt"), modules.replace(&there, "./gone")).unwrap();
    let printed = succeed(&mut go_in(&module, &["run", "-mod=vendor", "."]));
    assert!(printed.starts_with("42 true\n") && printed.contains(OUTPUT), "{printed}");
}

#[test]
fn beside_another_rust_library() {
    support::build();
    let module = module("go-beside", MAIN, &root().join("go"));
    fs::write(
        module.join("other.rs"),
        r#"//! Uses the standard library, threads and unwinding.
#[unsafe(no_mangle)]
pub extern "C" fn other_answer() -> i32 {
    let thread = std::thread::spawn(|| std::panic::catch_unwind(|| panic!("on purpose")).is_err());
    if thread.join().unwrap() { 42 } else { 0 }
}
"#,
    )
    .unwrap();
    succeed(Command::new("rustc").current_dir(&module).args([
        "--edition=2024",
        "--crate-type=staticlib",
        "-O",
        "other.rs",
        "-o",
        "libother.a",
    ]));
    fs::write(
        module.join("other.go"),
        r#"package main

// #cgo LDFLAGS: ${SRCDIR}/libother.a -lm -ldl -lpthread
// int other_answer(void);
import "C"

import "fmt"

func init() { fmt.Println("other:", C.other_answer()) }
"#,
    )
    .unwrap();
    let printed = succeed(&mut go_in(&module, &["run", "."]));
    assert!(printed.starts_with("other: 42\n") && printed.contains(OUTPUT), "{printed}");
}

#[test]
fn without_cgo_json_is_the_standard_library() {
    let module = module("go-nocgo", MAIN, &root().join("go"));
    let printed = succeed(go_in(&module, &["run", "."]).env("CGO_ENABLED", "0"));
    assert!(printed.contains(OUTPUT), "{printed}");
    let packages = succeed(go_in(&module, &["list", "-deps", "."]).env("CGO_ENABLED", "0"));
    assert!(packages.contains("encoding/json\n") && !packages.contains("runtime/cgo"));
}

#[test]
fn without_cgo_the_cache_says_what_is_missing() {
    let module = module("go-nocgo-cache", MAIN, &root().join("go"));
    fs::write(module.join("cache.go"), CACHE).unwrap();
    let message = fail(go_in(&module, &["build", "."]).env("CGO_ENABLED", "0"));
    let lines: Vec<_> = message.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(matches!(lines[..], [line] if line.contains("needs_cgo")), "{message}");
}

#[test]
fn without_the_library_the_build_says_what_to_do() {
    // A copy of the module as it is in the repository: sources only.
    let copy = folder("go-unbuilt");
    for package in ["json", "internal/ffi", "internal/literal"] {
        fs::create_dir_all(copy.join(package)).unwrap();
        for entry in fs::read_dir(root().join("go").join(package)).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().unwrap_or_default();
            let name = path.file_name().unwrap();
            if ["go", "s"].iter().any(|own| extension == *own) || name == "tandem_go.h" {
                fs::copy(&path, copy.join(package).join(name)).unwrap();
            }
        }
    }
    fs::copy(root().join("go/go.mod"), copy.join("go.mod")).unwrap();
    let module = module("go-unbuilt-program", MAIN, &copy);
    let message = fail(&mut go_in(&module, &["build", "."]));
    assert!(message.contains("run `make build` in the root of the repository"), "{message}");
}
