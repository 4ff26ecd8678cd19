//! How many files the process may have open, of which each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside connections: the database's, the second level's and the reactors'.
const OTHERS: u64 = 128;

/// Raises the limit as far as the system lets it. The default is low for the sake of programs that use `select`.
pub fn raise_limit(connections: u32) {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) =
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
    let limit = getrlimit(Resource::Nofile).current;
    if limit.is_some_and(|limit| limit < u64::from(connections) + OTHERS) {
        tracing::warn!(?limit, connections, "too few files may be open for so many connections");
    }
}
