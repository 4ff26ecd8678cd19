//! include/tandem.h is what cbindgen makes of src/ffi. `make header` writes it.

use std::path::{Path, PathBuf};

/// The files of src/ffi, in the order of the header's sections.
fn exports(root: &Path) -> Vec<PathBuf> {
    ["status", "version", "json", "shape", "cache"]
        .map(|stem| root.join(format!("src/ffi/{stem}.rs")))
        .into()
}

#[test]
fn header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/tandem.h");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let bindings = exports(root)
        .into_iter()
        .fold(cbindgen::Builder::new().with_config(config), |builder, file| builder.with_src(file))
        .generate()
        .unwrap();
    if std::env::var_os("TANDEM_WRITE_HEADER").is_some() {
        bindings.write_to_file(&path);
    }
    let mut expected = Vec::new();
    bindings.write(&mut expected);
    let expected = String::from_utf8(expected).unwrap();
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "include/tandem.h is out of date: run `make header` and commit it");
}
