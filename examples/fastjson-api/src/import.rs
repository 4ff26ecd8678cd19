//! Imports of many documents, one a line (NDJSON), as they arrive: what is held in memory is a batch and a line.

use std::mem;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, BytesMut, Payload};
use serde::{Deserialize, Serialize};
use tandem::json;
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use crate::body::{self, Budget, Limits};
use crate::document::{Collection, Key};
use crate::pointer::Pointer;
use crate::precondition::Precondition;
use crate::problem::{Position, Problem};
use crate::raw;
use crate::readers::{Readers, wait};
use crate::store::Error;
use crate::writer::{Action, Change, Outcome, Writer};

/// Where lines have what is imported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// A JSON Pointer to the id, which is a string or a number. Lines without it get an id.
    #[serde(default = "default_id")]
    id: String,
    /// A JSON Pointer to the document; the whole line if not given.
    #[serde(default)]
    document: String,
}

fn default_id() -> String {
    "/id".to_owned()
}

/// What came of an import.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    imported: usize,
    failed: usize,
    /// The first lines that failed.
    errors: Vec<LineError>,
}

#[derive(Debug, Serialize)]
struct LineError {
    line: usize,
    detail: String,
    /// In the line, whose number the position repeats, and from the start of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

/// Errors that are told in full; the others are counted.
const ERRORS: usize = 100;
/// Bounds of a batch: so much that commits take little of the time, so little that others write in between.
const BATCH_LINES: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// An import under way.
pub struct Import<'a> {
    collection: Collection,
    limits: &'a Limits,
    budget: &'a Budget,
    readers: &'a Readers,
    writer: &'a Writer,
    id: Pointer,
    document: Pointer,
    batch: Vec<Change>,
    batch_bytes: usize,
    /// The batch that is being written while the next is read.
    pending: Option<oneshot::Receiver<Result<Vec<Outcome>, Error>>>,
    report: Report,
}

impl<'a> Import<'a> {
    pub fn new(
        form: &Form,
        collection: Collection,
        limits: &'a Limits,
        budget: &'a Budget,
        readers: &'a Readers,
        writer: &'a Writer,
    ) -> Result<Self, Problem> {
        Ok(Import {
            collection,
            limits,
            budget,
            readers,
            writer,
            id: Pointer::parse(&form.id).map_err(Problem::bad_request)?,
            document: Pointer::parse(&form.document).map_err(Problem::bad_request)?,
            batch: Vec::new(),
            batch_bytes: 0,
            pending: None,
            report: Report::default(),
        })
    }

    /// Imports a body to its end. What was imported before a failure stays, and the problem says how much that is.
    pub async fn run(mut self, request: &HttpRequest, payload: Payload) -> Result<Report, Problem> {
        body::check_encoding(request)?;
        match self.read(payload).await {
            Ok(()) => Ok(self.report),
            Err(mut problem) => {
                // The batch under way may be written still.
                let _ = self.settle().await;
                let imported = self.report.imported;
                problem.detail =
                    format!("{}; {imported} documents were imported before", problem.detail).into();
                Err(problem)
            }
        }
    }

    async fn read(&mut self, mut payload: Payload) -> Result<(), Problem> {
        let mut lease = self.budget.lease();
        let (mut rest, mut number, mut offset) = (BytesMut::new(), 1, 0);
        // Of a line that is too long only the end matters.
        let mut skipping = false;
        loop {
            let piece = timeout(self.limits.timeout, body::next_piece(&mut payload));
            let piece = piece.await.map_err(body::too_slow)??;
            let mut searched = rest.len();
            let is_end = piece.is_none();
            if let Some(piece) = piece {
                rest.extend_from_slice(&piece);
            }
            lease.grow_to(rest.len())?;
            while let Some(length) = rest[searched..].iter().position(|&byte| byte == b'\n') {
                let line = rest.split_to(searched + length + 1).freeze();
                searched = 0;
                let length = line.len();
                if !mem::take(&mut skipping) {
                    self.line(line.slice(..length - 1), number, offset).await?;
                }
                (number, offset) = (number + 1, offset + length);
            }
            if is_end {
                // A line that is too long was refused already.
                if !skipping && !rest.is_empty() {
                    self.line(rest.freeze(), number, offset).await?;
                }
                self.flush().await?;
                return self.settle().await;
            }
            if rest.len() > self.limits.max_body {
                if !mem::replace(&mut skipping, true) {
                    self.refuse(number, Problem::too_large(self.limits.max_body), offset);
                }
                offset += rest.len();
                rest.clear();
            }
        }
    }

    /// Imports one line. Problems with it are reported, others end the import.
    async fn line(&mut self, line: Bytes, number: usize, offset: usize) -> Result<(), Problem> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let checked = if line.len() > self.limits.max_body {
            Err(Problem::too_large(self.limits.max_body))
        } else {
            body::check(line, self.limits.max_depth, self.readers).await
        };
        match checked.and_then(|line| self.change(&line)) {
            Ok(change) => {
                if let Action::Put(text) = &change.action {
                    self.batch_bytes += text.len();
                }
                self.batch.push(change);
            }
            Err(problem) if problem.status.is_server_error() => return Err(problem),
            Err(problem) => self.refuse(number, problem, offset),
        }
        if self.batch.len() >= BATCH_LINES || self.batch_bytes >= BATCH_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    fn change(&self, line: &Bytes) -> Result<Change, Problem> {
        let id = match self.id.find(line) {
            None => Uuid::now_v7().to_string(),
            Some(id @ [b'"', ..]) => String::from_utf8(raw::unescape(id).into_owned())
                .map_err(|_| Problem::bad_request("the id is not Unicode"))?,
            Some(id @ [b'-' | b'0'..=b'9', ..]) => String::from_utf8_lossy(id).into_owned(),
            Some(_) => return Err(Problem::bad_request("the id is neither a string nor a number")),
        };
        let document = self
            .document
            .find(line)
            .ok_or_else(|| Problem::bad_request("the line has no document where it should be"))?;
        Ok(Change {
            key: Key::new(&self.collection, &id)?,
            action: Action::Put(line.slice_ref(document)),
            precondition: Precondition::default(),
        })
    }

    fn refuse(&mut self, line: usize, problem: Problem, offset: usize) {
        self.report.failed += 1;
        if self.report.errors.len() < ERRORS {
            let position = problem.position.map(|position| Position {
                offset: offset + position.offset,
                line,
                ..position
            });
            let detail = problem.detail.into_owned();
            self.report.errors.push(LineError { line, detail, position });
        }
    }

    /// Has the batch written, once the one before it is.
    async fn flush(&mut self) -> Result<(), Problem> {
        self.settle().await?;
        if !self.batch.is_empty() {
            self.batch_bytes = 0;
            self.pending = Some(self.writer.submit(mem::take(&mut self.batch)).await?);
        }
        Ok(())
    }

    /// Waits for the batch that is being written.
    async fn settle(&mut self) -> Result<(), Problem> {
        if let Some(pending) = self.pending.take() {
            self.report.imported += wait(pending).await??.len();
        }
        Ok(())
    }
}

impl Report {
    pub fn to_json(&self) -> Vec<u8> {
        json::to_vec(self).expect("numbers and texts have JSON")
    }
}
