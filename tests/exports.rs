//! src/ffi holds every function that C sees, and each of them runs inside of a guard.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{Attribute, Block, Expr, Item, Stmt};

/// They return a constant, and so cannot panic.
const UNGUARDED: [&str; 2] = ["tandem_abi_1", "tandem_version"];

/// Whether nothing stands in a body but a call of the guard.
fn is_guarded(body: &Block) -> bool {
    match &body.stmts[..] {
        [Stmt::Expr(Expr::Unsafe(block), _)] => is_guarded(&block.block),
        [Stmt::Expr(Expr::Call(call), _)] => {
            let function = call.func.to_token_stream().to_string();
            ["guard", "guard_or"].contains(&function.as_str())
                && matches!(call.args.last(), Some(Expr::Closure(_)))
        }
        _ => false,
    }
}

fn is_exported(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        text.contains("no_mangle") || text.contains("export_name")
    })
}

/// The names of a file's exports, and what is wrong with them.
fn inspect(items: &[Item], names: &mut Vec<String>, problems: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Fn(function) => {
                let name = function.sig.ident.to_string();
                let exported = is_exported(&function.attrs);
                if exported != function.sig.abi.is_some() {
                    problems.push(format!("{name} is one of exported and extern, not both"));
                } else if exported {
                    if !name.starts_with("tandem_") {
                        problems.push(format!("{name} does not begin with tandem_"));
                    }
                    if !is_guarded(&function.block) && !UNGUARDED.contains(&name.as_str()) {
                        problems.push(format!("{name} lacks the guard"));
                    }
                    names.push(name);
                }
            }
            Item::Mod(module) => {
                let items = module.content.as_ref().map(|(_, items)| &items[..]);
                inspect(items.unwrap_or_default(), names, problems);
            }
            Item::Static(item) if is_exported(&item.attrs) => {
                problems.push(format!("{} is data", item.ident));
            }
            Item::Macro(item) if item.mac.tokens.to_string().contains("extern") => {
                problems.push("a macro makes an export".into());
            }
            _ => {}
        }
    }
}

/// What is wrong in a source text.
fn problems(source: &str) -> Vec<String> {
    let mut problems = Vec::new();
    inspect(&syn::parse_file(source).unwrap().items, &mut Vec::new(), &mut problems);
    problems
}

/// The Rust sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn exports_are_guarded() {
    let (mut names, mut found) = (Vec::new(), Vec::new());
    for path in sources(&support::root().join("src/ffi")) {
        let source = fs::read_to_string(&path).unwrap();
        inspect(&syn::parse_file(&source).unwrap().items, &mut names, &mut found);
    }
    assert_eq!(found, [""; 0]);
    for name in UNGUARDED.into_iter().chain(["tandem_json_valid"]) {
        assert!(names.iter().any(|export| export == name), "{name} is not among {names:?}");
    }
}

#[test]
fn exports_stand_in_ffi_only() {
    let source = support::root().join("src");
    for path in sources(&source) {
        if !path.starts_with(source.join("ffi")) {
            let text = fs::read_to_string(&path).unwrap();
            for word in ["extern \"", "no_mangle", "export_name"] {
                assert!(!text.contains(word), "{} contains {word}", path.display());
            }
        }
    }
}

#[test]
fn bad_exports_are_found() {
    for (source, problem) in [
        (r#"#[unsafe(no_mangle)] extern "C" fn tandem_f() { guard_or((), || work()); }"#, None),
        (
            r#"#[unsafe(no_mangle)] extern "C" fn tandem_f() { unsafe { guard(e, || work()) } }"#,
            None,
        ),
        (r#"fn helper() { work() }"#, None),
        (r#"#[unsafe(no_mangle)] extern "C" fn tandem_f() { work() }"#, Some("lacks the guard")),
        (
            r#"#[unsafe(no_mangle)] extern "C" fn tandem_f() { work(); guard(e, || ()) }"#,
            Some("lacks the guard"),
        ),
        (
            r#"#[unsafe(no_mangle)] extern "C" fn tandem_f() { guard(e, work()) }"#,
            Some("lacks the guard"),
        ),
        (
            r#"#[unsafe(no_mangle)] extern "C" fn other() { guard(e, || ()) }"#,
            Some("does not begin with tandem_"),
        ),
        (r#"mod inner { #[no_mangle] extern "C" fn tandem_f() {} }"#, Some("lacks the guard")),
        (r#"#[export_name = "tandem_f"] fn f() { guard(e, || ()) }"#, Some("exported and extern")),
        (r#"extern "C" fn tandem_f() { guard(e, || ()) }"#, Some("exported and extern")),
        (r#"#[no_mangle] static tandem_data: u8 = 0;"#, Some("is data")),
        (r#"export! { extern "C" fn tandem_f() {} }"#, Some("a macro")),
    ] {
        match (&problems(source)[..], problem) {
            ([], None) => {}
            ([found], Some(problem)) if found.contains(problem) => {}
            (found, problem) => panic!("{source}: found {found:?}, want {problem:?}"),
        }
    }
}
