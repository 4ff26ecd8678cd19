//! The bodies of requests, which are read no further than they may go, and checked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use tandem::json;

use crate::problem::Problem;
use crate::raw;
use crate::readers::Readers;
use crate::store;

/// What bounds a body.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_body: usize,
    pub max_depth: usize,
    /// For the whole of a document, and for each piece of an import.
    pub timeout: Duration,
}

/// Memory that bodies under way may hold together: clients that send slowly must not add up to more.
const BUDGET: usize = 256 << 20;

/// Counts the memory of bodies under way.
#[derive(Debug, Default)]
pub struct Budget {
    used: AtomicUsize,
}

impl Budget {
    pub fn lease(&self) -> Lease<'_> {
        Lease { budget: self, bytes: 0 }
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// What one body holds of the budget, until it is dropped.
#[derive(Debug)]
pub struct Lease<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Lease<'_> {
    /// Takes more, so that it is `bytes` in all.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        self.bytes += more;
        if self.budget.used.fetch_add(more, Ordering::Relaxed) + more > BUDGET {
            return Err(Problem::busy("too many bodies are under way")); // and drops this one
        }
        Ok(())
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Refuses bodies that are compressed, which nobody needs to find out by a syntax error.
pub fn check_encoding(request: &HttpRequest) -> Result<(), Problem> {
    let mut encodings = request.headers().get_all(CONTENT_ENCODING);
    if encodings.all(|it| it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bodies are not compressed"))
}

/// The next piece of a body, None at its end.
pub async fn next_piece(payload: &mut Payload) -> Result<Option<Bytes>, Problem> {
    payload.next().await.transpose().map_err(|_| Problem::bad_request("the body ends early"))
}

/// The answer to a client that stopped sending.
pub fn too_slow<E>(_: E) -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body takes too long")
}

/// Reads a body and gives its JSON, checked and compact.
pub async fn read_json(
    request: &HttpRequest,
    mut payload: Payload,
    limits: &Limits,
    budget: &Budget,
    readers: &Readers,
) -> Result<Bytes, Problem> {
    check_encoding(request)?;
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > limits.max_body) {
        return Err(Problem::too_large(limits.max_body));
    }
    let mut lease = budget.lease();
    let whole = async {
        let Some(first) = next_piece(&mut payload).await? else { return Ok(Bytes::new()) };
        let mut body = BytesMut::from(first);
        loop {
            if body.len() > limits.max_body {
                return Err(Problem::too_large(limits.max_body));
            }
            lease.grow_to(body.len())?;
            match next_piece(&mut payload).await? {
                Some(piece) => body.extend_from_slice(&piece),
                None => return Ok(body.freeze()),
            }
        }
    };
    let body = tokio::time::timeout(limits.timeout, whole).await.map_err(too_slow)??;
    check(body, limits.max_depth, readers).await
}

/// Texts from this size on are not checked on the reactor, whose other clients would wait for it.
const LARGE: usize = 64 << 10;

/// Gives a JSON text without white space between its tokens, if it is one.
pub async fn check(text: Bytes, max_depth: usize, readers: &Readers) -> Result<Bytes, Problem> {
    if text.len() < LARGE {
        return compact(&text, max_depth);
    }
    let checked: Result<_, store::Error> = readers.run(move |_| compact(&text, max_depth)).await;
    checked?
}

fn compact(text: &[u8], max_depth: usize) -> Result<Bytes, Problem> {
    // The codec takes what encoding/json takes, which lets bytes in strings pass that are not UTF-8.
    if let Err(error) = std::str::from_utf8(text) {
        let what = json::ErrorKind::InvalidUtf8.message();
        return Err(Problem::text(text, error.valid_up_to(), what));
    }
    let mut compact = Vec::new();
    json::compact(text, &mut compact)
        .map_err(|error| Problem::text(text, error.offset, error.kind.message()))?;
    if let Some(offset) = raw::too_deep(text, max_depth) {
        let detail = format!("arrays and objects are nested more than {max_depth} deep");
        return Err(Problem::text(text, offset, detail));
    }
    Ok(compact.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked_and_compacted() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (text, want) in [
            (
                " { \"b\" : 1.0 ,\n\"a\": [ 12345678901234567890 ] } ",
                r#"{"b":1.0,"a":[12345678901234567890]}"#,
            ),
            ("\"\\ud800\"", "\"\\ud800\""),
            (&nested(8), &nested(8)),
        ] {
            assert_eq!(compact(text.as_bytes(), 8).unwrap(), want, "{text}");
        }
        for (text, offset, line, column) in [
            (&b""[..], 0, 1, 1),
            (b"{\"a\":\n  tru}", 11, 2, 6),
            (b"[1,\n2,\n]", 7, 3, 1),
            (b"\"\xFF\"", 1, 1, 2),
            (b"[1] 2", 4, 1, 5),
            (b"[[[[[[[[ [1]]]]]]]]]", 9, 1, 10),
        ] {
            let problem = compact(text, 8).unwrap_err();
            let position = crate::problem::Position { offset, line, column };
            assert_eq!(problem.position, Some(position), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn leases_come_back() {
        let budget = Budget::default();
        let mut first = budget.lease();
        first.grow_to(BUDGET).unwrap();
        let mut second = budget.lease();
        assert!(second.grow_to(1).is_err());
        drop((first, second));
        assert_eq!(budget.used(), 0);
        assert!(budget.lease().grow_to(1).is_ok());
    }
}
