//! examples/c/cache.c, built against both libraries and run as a user would.

mod support;

use support::{Link, c_program, fail, succeed};

#[test]
fn longest_sequences() {
    for link in [Link::Static, Link::Shared] {
        let program = c_program("examples/c/cache.c", link);
        // The answers are known: https://oeis.org/A284668 and https://oeis.org/A284669.
        for (arguments, answer) in [
            (&["1", "2"][..], "1 starts a sequence of 1 numbers"),
            (&["3", "100"], "97 starts a sequence of 119 numbers"),
            (&["2", "100000", "1"], "77031 starts a sequence of 351 numbers"),
            (&["8", "100000"], "77031 starts a sequence of 351 numbers"),
        ] {
            let output = succeed(program.command().args(arguments));
            assert_eq!(output.lines().next(), Some(answer), "{arguments:?}");
            let statistics = output.lines().nth(1).unwrap();
            let numbers: Vec<u64> =
                statistics.split(' ').filter_map(|word| word.parse().ok()).collect();
            let [_, _, evictions, bytes, max_bytes] = numbers[..] else { panic!("{statistics}") };
            assert!(bytes <= max_bytes, "{statistics}");
            assert_eq!(evictions > 0, arguments.len() == 3, "{statistics}");
        }
        for arguments in [&["0"][..], &["x"], &["1", "1"], &["1", "2", "0"], &["1", "2", "3", "4"]]
        {
            let output = fail(program.command().args(arguments));
            assert_eq!(output, "usage: cache [THREADS [LIMIT [MEBIBYTES]]]\n");
        }
    }
}
