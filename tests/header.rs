//! include/tandem.h is what cbindgen makes of src/ffi. `make header` writes it.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The files of src/ffi, in the order of the header's sections.
fn exports(root: &Path) -> Vec<PathBuf> {
    [
        "status",
        "version",
        "json",
        "document",
        "shape",
        "clock",
        "cache",
        "cache_many",
        "snapshot",
        "removal",
    ]
    .map(|stem| root.join(format!("src/ffi/{stem}.rs")))
    .into()
}

#[test]
fn header_is_up_to_date() {
    let root = support::root();
    let path = root.join("include/tandem.h");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let bindings = exports(root)
        .into_iter()
        .fold(cbindgen::Builder::new().with_config(config), |builder, file| builder.with_src(file))
        .generate()
        .unwrap();
    if env::var_os("TANDEM_WRITE_HEADER").is_some() {
        bindings.write_to_file(&path);
    }
    let mut expected = Vec::new();
    bindings.write(&mut expected);
    let expected = String::from_utf8(expected).unwrap();
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "include/tandem.h is out of date: run `make header` and commit it");
}

/// Compiles texts that include the header, for each compiler that is there.
fn compile(extension: &str, standard: &str, compilers: &[String], extra: &[&str]) {
    let folder = support::folder(&format!("header-{extension}"));
    let source = folder.join("include").with_extension(extension);
    fs::write(
        &source,
        "#include <tandem.h>\n#include <tandem.h>\nint main(void) { return tandem_abi_1() == 0; }\n",
    )
    .unwrap();
    let mut count = 0;
    for compiler in compilers {
        if Command::new(compiler).arg("--version").output().is_err() {
            continue;
        }
        count += 1;
        support::succeed(
            Command::new(compiler)
                .args([standard, "-fsyntax-only", "-Wconversion", "-Wshadow", "-Wundef"])
                .args(support::WARNINGS)
                .args(extra)
                .arg("-I")
                .arg(support::root().join("include"))
                .arg(&source),
        );
    }
    assert!(count > 0, "none of {compilers:?} is installed");
}

/// The compiler that a variable names, and others.
fn compilers(variable: &str, others: [&str; 3]) -> Vec<String> {
    env::var(variable).into_iter().chain(others.map(str::to_owned)).collect()
}

#[test]
fn header_compiles_as_c11() {
    let compilers = compilers("CC", ["cc", "gcc", "clang"]);
    compile("c", "-std=c11", &compilers, &["-Wstrict-prototypes", "-Wmissing-prototypes"]);
}

#[test]
fn header_compiles_as_cpp17() {
    compile("cpp", "-std=c++17", &compilers("CXX", ["c++", "g++", "clang++"]), &[]);
}
