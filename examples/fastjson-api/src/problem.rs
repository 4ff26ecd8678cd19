//! What goes wrong with a request, as problem documents (RFC 9457).

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use serde::Serialize;
use tandem::json;

use crate::store;

/// Why a request is not answered as it was meant.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub detail: Cow<'static, str>,
    /// Where the text of the body is wrong.
    pub position: Option<Position>,
    header: Option<(&'static str, &'static str)>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Position {
    /// Bytes before it.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in the line in bytes, from 1.
    pub column: usize,
}

impl Position {
    pub fn of(text: &[u8], offset: usize) -> Self {
        let json::Position { line, column, .. } = json::Position::of(text, offset);
        Position { offset, line, column }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Problem { status, detail: detail.into(), position: None, header: None }
    }

    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// For what may go well in a second.
    pub fn busy(detail: &'static str) -> Self {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_header("retry-after", "1")
    }

    pub fn unauthorized() -> Self {
        Problem::new(StatusCode::UNAUTHORIZED, "the API key is missing or wrong")
            .with_header("www-authenticate", "Bearer")
    }

    pub fn method_not_allowed(allowed: &'static str) -> Self {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("allowed are {allowed}"))
            .with_header("allow", allowed)
    }

    pub fn too_large(limit: usize) -> Self {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the document has more than {limit} bytes"),
        )
    }

    /// A text that is not what it should be, from a byte on.
    pub fn text(text: &[u8], offset: usize, detail: impl Into<Cow<'static, str>>) -> Self {
        Problem { position: Some(Position::of(text, offset)), ..Problem::bad_request(detail) }
    }

    pub fn with_header(self, name: &'static str, value: &'static str) -> Self {
        Problem { header: Some((name, value)), ..self }
    }

    pub fn response(&self) -> HttpResponse {
        let body = json::to_vec(&Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            position: self.position,
        });
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(header) = self.header {
            response.insert_header(header);
        }
        response.body(body.expect("texts and numbers have JSON"))
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Problem::busy("too many requests wait for the database"),
            store::Error::Stopped => Problem::busy("the service is stopping"),
            store::Error::Late => Problem::new(
                StatusCode::GATEWAY_TIMEOUT,
                "the database takes too long; a change may still be made",
            ),
            store::Error::Full => {
                tracing::error!("the disk is full");
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full")
            }
            store::Error::Database(error) => {
                tracing::error!(%error, "the database failed");
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the database failed, and the service has logged why",
                )
            }
        }
    }
}
