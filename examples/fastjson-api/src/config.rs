//! What the operator can set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;

/// Keeps JSON documents and serves them over HTTP.
///
/// Documents live in SQLite, and those in use in memory. What is acknowledged is on disk.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Config {
    /// Address to listen on
    #[arg(long, env = "FASTJSON_ADDR", default_value = "127.0.0.1:8080")]
    pub addr: SocketAddr,

    /// Database, which is created where there is none
    #[arg(long, env = "FASTJSON_DB", default_value = "sqlite://var/fastjson.db", value_parser = database_path)]
    pub db: PathBuf,

    /// Memory for documents in use: bytes, or with a unit as in 256MiB
    #[arg(long, env = "FASTJSON_CACHE_MAX_BYTES", default_value = "256MiB", value_parser = bytes)]
    pub cache_max_bytes: u64,

    /// Second level of the cache, such as redis://127.0.0.1:7379; the service works without it too
    #[arg(long, env = "FASTJSON_L2", value_name = "URL")]
    pub l2: Option<redis::ConnectionInfo>,

    /// Seconds that the second level has for an answer, after which the database is asked
    #[arg(long, env = "FASTJSON_L2_TIMEOUT", default_value = "0.05", value_parser = seconds)]
    pub l2_timeout: Duration,

    /// Key that requests below /v1 must give, as `Authorization: Bearer KEY` or `X-API-Key: KEY`
    #[arg(long, env = "FASTJSON_API_KEY", value_name = "KEY", hide_env_values = true,
          value_parser = NonEmptyStringValueParser::new())]
    pub api_key: Option<String>,

    /// Largest document
    #[arg(long, env = "FASTJSON_MAX_BODY", default_value = "1MiB", value_parser = bytes)]
    pub max_body: u64,

    /// Deepest nesting of arrays and objects in a document
    #[arg(long, env = "FASTJSON_MAX_DEPTH", default_value_t = 128,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub max_depth: u16,

    /// Seconds that a client has to send the head of a request, its body, or the next piece of an import
    #[arg(long, env = "FASTJSON_REQUEST_TIMEOUT", default_value = "15", value_parser = seconds)]
    pub request_timeout: Duration,

    /// Seconds that requests have to end once the service is told to stop
    #[arg(long, env = "FASTJSON_SHUTDOWN_TIMEOUT", default_value = "10", value_parser = seconds)]
    pub shutdown_timeout: Duration,

    /// Connections at once; more wait to be accepted
    #[arg(long, env = "FASTJSON_MAX_CONNECTIONS", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Threads that serve connections; one for each processor if not given
    #[arg(long, env = "FASTJSON_WORKERS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,

    /// Threads that read the database
    #[arg(long, env = "FASTJSON_READERS", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub readers: u16,

    /// What to log: error, warn, info, debug or trace
    #[arg(long, env = "FASTJSON_LOG", default_value = "info")]
    pub log: tracing::Level,
}

const EXAMPLES: &str = "\
Try:
  curl -X PUT http://127.0.0.1:8080/v1/teas/sencha -d '{\"name\":\"Sencha\",\"price\":7.90}'
  curl http://127.0.0.1:8080/v1/teas/sencha?pointer=/price
  curl -X PATCH http://127.0.0.1:8080/v1/teas/sencha -d '{\"price\":8.20}'
  curl --data-binary @teas.ndjson http://127.0.0.1:8080/v1/teas/_import
  curl http://127.0.0.1:8080/v1/teas?limit=10";

/// The file that a URL such as `sqlite://var/fastjson.db` names; without a scheme it is the file itself.
fn database_path(url: &str) -> Result<PathBuf, String> {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    if path.is_empty() || path.contains("://") {
        return Err("expected sqlite://FILE".to_owned());
    }
    Ok(path.into())
}

/// A number of bytes, such as `1048576`, `1MiB` or `1MB`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "KiB" | "K" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" | "M" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" | "G" => 1 << 30,
        _ => return Err("expected bytes, or a unit such as KiB, MiB or GiB".to_owned()),
    };
    let number: u64 = digits.trim().parse().map_err(|_| "expected a number".to_owned())?;
    number.checked_mul(unit).filter(|&n| n > 0).ok_or_else(|| "out of range".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected seconds".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("out of range".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn an_empty_key_is_no_key() {
        assert!(Config::try_parse_from(["fastjson-api", "--api-key", ""]).is_err());
        let config = Config::try_parse_from(["fastjson-api", "--api-key", "a"]).unwrap();
        assert_eq!(config.api_key.as_deref(), Some("a"));
    }

    #[test]
    fn databases_are_files() {
        for (url, want) in [
            ("sqlite://var/fastjson.db", Some("var/fastjson.db")),
            ("sqlite:///srv/a.db", Some("/srv/a.db")),
            ("a.db", Some("a.db")),
            ("postgres://a", None),
            ("sqlite://", None),
        ] {
            assert_eq!(database_path(url).ok().as_deref(), want.map(std::path::Path::new), "{url}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, want) in [
            ("1", Some(1)),
            ("64KiB", Some(65536)),
            ("3MB", Some(3_000_000)),
            ("2GiB", Some(2 << 30)),
            ("0", None),
            ("1 parsec", None),
            ("-1", None),
            ("MiB", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(bytes(text).ok(), want, "{text}");
        }
    }
}
