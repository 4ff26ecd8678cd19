//! fastjson-api keeps JSON documents and serves them over HTTP.
//!
//! A document is checked and compacted by Tandem's codec (`body`), written by one thread that groups what waits
//! (`writer`) into transactions of SQLite (`store`), and served from Tandem's cache (`readthrough`), which is filled by
//! threads that read (`readers`) a second level, where there is one (`level2`), and the database.

mod body;
mod config;
mod descriptors;
mod document;
mod import;
mod level2;
mod metrics;
mod patch;
mod path;
mod pointer;
mod precondition;
mod problem;
mod raw;
mod readers;
mod readthrough;
mod routes;
mod server;
mod store;
mod writer;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let config = config::Config::parse();
    tracing_subscriber::fmt()
        .with_max_level(config.log)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(false)
        .log_internal_errors(false) // which would panic where nobody reads the log any more
        .init();
    descriptors::raise_limit(config.max_connections);
    match server::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            tracing::error!("{message}");
            ExitCode::FAILURE
        }
    }
}
