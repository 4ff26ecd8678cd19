//! What `make install` puts on a system: its files, its symbols, and programs built against it.

mod support;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use support::{WARNINGS, cc, fail, folder, make, root, succeed};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const SONAME: &str = concat!("libtandem.so.", env!("CARGO_PKG_VERSION_MAJOR"));

/// The staging folder of one installation that the tests share.
static STAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let stage = folder("install");
    install(&stage);
    stage
});

fn install(stage: &Path) {
    support::build();
    succeed(make("install").arg(format!("DESTDIR={}", stage.display())).arg("PREFIX=/usr"));
}

/// A command that finds the library in a staging folder.
fn staged(stage: &Path, mut command: Command) -> Command {
    command
        .env("PKG_CONFIG_PATH", stage.join("usr/lib/pkgconfig"))
        .env("PKG_CONFIG_SYSROOT_DIR", stage)
        .env("LD_LIBRARY_PATH", stage.join("usr/lib"));
    command
}

/// Builds the tests of a Go package against the library in a staging folder.
fn go_test_build(stage: &Path, program: &Path) -> Command {
    // Go's build cache knows nothing of the header that pkg-config leads to, but does know the flags.
    let mut hasher = DefaultHasher::new();
    fs::read(stage.join("usr/include/tandem.h")).unwrap().hash(&mut hasher);
    let mut build = staged(stage, support::go());
    build
        .current_dir(root().join("go"))
        .env("CGO_CFLAGS", format!("-O2 -DTANDEM_HEADER={:x}", hasher.finish()))
        .args(["test", "-c", "-tags", "tandem_system", "-o"])
        .arg(program)
        .arg("./internal/ffi");
    build
}

/// What pkg-config answers, as arguments.
fn pkg_config(stage: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = staged(stage, Command::new("pkg-config"));
    let answer = succeed(command.args(arguments).arg("tandem"));
    answer.split_whitespace().map(str::to_owned).collect()
}

/// Files and links below a folder.
fn files(path: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .flat_map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => [entry.path()].into(),
        })
        .collect()
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(STAGE.join("usr/include/tandem.h")).unwrap();
    let code: Vec<_> = header.lines().map(|line| line.split("//").next().unwrap()).collect();
    code.join(" ")
        .split('(')
        .filter_map(|text| text.rsplit([' ', '*']).next())
        .filter(|word| word.starts_with("tandem_") && !word.ends_with(')'))
        .map(str::to_owned)
        .collect()
}

/// The symbols that a library offers to programs, of whatever kind.
fn offered(nm: &[&str], library: &str) -> BTreeSet<String> {
    succeed(Command::new("nm").args(nm).arg(STAGE.join("usr/lib").join(library)))
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .map(str::to_owned)
        .collect()
}

/// The libraries that a program loads.
fn needed(program: &Path) -> String {
    succeed(Command::new("readelf").arg("-d").arg(program))
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .collect()
}

/// A C program that says which version it runs with.
fn c_source() -> PathBuf {
    let source = folder("install-c").join("version.c");
    fs::write(
        &source,
        "#include <stdio.h>\n#include <tandem.h>\n\
         int main(void) { puts(tandem_version()); return tandem_json_valid(NULL, 1, NULL) != 1; }\n",
    )
    .unwrap();
    source
}

#[test]
fn files_and_links() {
    let library = STAGE.join("usr/lib");
    let versioned = format!("libtandem.so.{VERSION}");
    let expected = ["libtandem.a", "libtandem.so", SONAME, &versioned, "pkgconfig/tandem.pc"]
        .map(|name| library.join(name))
        .into_iter()
        .chain([STAGE.join("usr/include/tandem.h")])
        .collect();
    assert_eq!(files(&STAGE), expected);
    assert_eq!(fs::read_link(library.join("libtandem.so")).unwrap(), Path::new(SONAME));
    assert_eq!(fs::read_link(library.join(SONAME)).unwrap(), Path::new(&versioned));
    let dynamic = succeed(Command::new("readelf").arg("-d").arg(library.join(&versioned)));
    assert!(dynamic.contains(&format!("soname: [{SONAME}]")), "{dynamic}");
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    assert_eq!(pkg_config(&STAGE, &["--modversion"]), [VERSION]);
    let pc = fs::read_to_string(library.join("pkgconfig/tandem.pc")).unwrap();
    assert!(pc.starts_with("prefix=/usr\n") && !pc.contains('@'), "{pc}");
}

#[test]
fn libraries_offer_what_the_header_declares() {
    let declared = declared();
    assert!(declared.contains("tandem_abi_1") && declared.contains("tandem_json_valid"));
    for (library, nm) in [
        ("libtandem.so", &["-D", "--defined-only"][..]),
        ("libtandem.a", &["--extern-only", "--defined-only"]),
    ] {
        assert_eq!(offered(nm, library), declared, "{library}");
    }
}

#[test]
fn c_programs_through_pkg_config() {
    let source = c_source();
    for (name, options, link) in [
        ("shared", &[][..], &["--cflags", "--libs"][..]),
        ("static", &["-static"], &["--static", "--cflags", "--libs"]),
    ] {
        let program = source.with_file_name(name);
        let mut compile = cc();
        compile.args(WARNINGS).args(options).arg(&source).arg("-o").arg(&program);
        succeed(compile.args(pkg_config(&STAGE, link)));
        assert_eq!(needed(&program).contains(SONAME), name == "shared", "{name}");
        assert_eq!(succeed(&mut staged(&STAGE, Command::new(program))).trim_end(), VERSION);
    }
}

#[test]
fn go_module_through_pkg_config() {
    let program = folder("install-go").join("ffi.test");
    succeed(&mut go_test_build(&STAGE, &program));
    assert!(needed(&program).contains(SONAME));
    let mut run = staged(&STAGE, Command::new(&program));
    assert!(succeed(run.arg("-test.v")).contains("--- PASS: TestJSONValid"));
}

#[test]
fn old_library_under_a_new_header_does_not_link() {
    let stage = folder("install-abi");
    install(&stage);
    let header = stage.join("usr/include/tandem.h");
    let text = fs::read_to_string(&header).unwrap();
    fs::write(&header, text.replace("tandem_abi_1", "tandem_abi_2")).unwrap();

    let source = stage.join("main.c");
    fs::write(&source, "#include <tandem.h>\nint main(void) { return 0; }\n").unwrap();
    for options in [&["--cflags", "--libs"][..], &["--static", "--cflags", "--libs"]] {
        let mut compile = cc();
        compile.arg(&source).arg("-o").arg(stage.join("main")).args(pkg_config(&stage, options));
        let message = fail(&mut compile);
        assert!(message.contains("undefined reference to `tandem_abi_2'"), "{message}");
    }

    let message = fail(&mut go_test_build(&stage, &stage.join("ffi.test")));
    assert!(message.contains("tandem_abi_2"), "{message}");
}

#[test]
fn uninstall_leaves_no_file() {
    let stage = folder("uninstall");
    install(&stage);
    let foreign = stage.join("usr/lib/libother.so");
    fs::write(&foreign, "").unwrap();
    succeed(make("uninstall").arg(format!("DESTDIR={}", stage.display())).arg("PREFIX=/usr"));
    assert_eq!(files(&stage), [foreign].into());
}
