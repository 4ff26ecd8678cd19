//! The programs in tests/c, each with the static and with the shared library.

mod support;

use std::collections::BTreeSet;

use support::{Link, c_program, root, succeed};

macro_rules! programs {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                for link in [Link::Static, Link::Shared] {
                    let source = concat!("tests/c/", stringify!($name), ".c");
                    succeed(&mut c_program(source, link).command());
                }
            }
        )*

        #[test]
        fn no_program_is_forgotten() {
            let files: BTreeSet<_> = std::fs::read_dir(root().join("tests/c"))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
                .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            assert_eq!(files, [$(stringify!($name).to_owned()),*].into());
        }
    };
}

programs! { cache cache_many clock document json operations removal shape snapshot version }
