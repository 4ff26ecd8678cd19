//! What requests there are, and how each is answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION,
};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::web::{self, Bytes, Data, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use tandem::json;
use uuid::Uuid;

use crate::body::{self, Budget, Limits};
use crate::document::{Collection, Document, Key, tag};
use crate::import::{Form, Import};
use crate::metrics::{Metrics, Operation};
use crate::path::Target;
use crate::pointer::Pointer;
use crate::precondition::{Precondition, Verdict};
use crate::problem::Problem;
use crate::readers::Readers;
use crate::readthrough::ReadThrough;
use crate::store::{self, Error};
use crate::writer::{Action, Change, Outcome, Writer};

/// What requests need, shared by all threads.
pub struct App {
    pub api_key: Option<String>,
    pub limits: Limits,
    pub budget: Budget,
    pub cache: Arc<ReadThrough>,
    pub readers: Readers,
    pub writer: Writer,
    pub metrics: Arc<Metrics>,
    pub activity: Arc<Activity>,
}

/// What a stop waits for. The framework's own waits for idle connections too.
#[derive(Default)]
pub struct Activity {
    requests: AtomicUsize,
    stopping: AtomicBool,
}

impl Activity {
    fn begin(self: &Arc<Self>) -> Active {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Active(Arc::clone(self))
    }

    /// Makes each answer from now on the last of its connection.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Requests that are not answered to the end.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
struct Active(Arc<Activity>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Says that all requests are answered here.
pub fn configure(service: &mut ServiceConfig) {
    service.default_service(web::to(answer));
}

/// What a handler gives. The documents that are asked for most are there at once.
enum Answer {
    Now(HttpResponse),
    Later(Pin<Box<dyn Future<Output = Result<HttpResponse, Problem>>>>),
}

impl Answer {
    fn later(answer: impl Future<Output = Result<HttpResponse, Problem>> + 'static) -> Self {
        Answer::Later(Box::pin(answer))
    }
}

/// Answers a request, counts it, and makes a document of its problem.
fn answer(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> impl Future<Output = HttpResponse> {
    let (start, active) = (Instant::now(), app.activity.begin());
    let target = Target::of(request.path());
    let (operation, answer) = match operation(&target, request.method()) {
        Ok(operation) => (operation, begin(&app, operation, target, &request, payload)),
        Err(problem) => (Operation::Other, Err(problem)),
    };
    async move {
        let answer = match answer {
            Ok(Answer::Now(response)) => Ok(response),
            Ok(Answer::Later(response)) => response.await,
            Err(problem) => Err(problem),
        };
        let mut response = answer.unwrap_or_else(|problem| {
            tracing::debug!(?problem, "refused");
            problem.response()
        });
        app.metrics.count(operation, response.status(), start.elapsed());
        if app.activity.stopping.load(Ordering::Relaxed) {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        drop(active);
        response
    }
}

/// What a request asks for.
fn operation(target: &Target, method: &Method) -> Result<Operation, Problem> {
    use Operation as O;
    let is_get = *method == Method::GET || *method == Method::HEAD;
    let (operation, allowed) = match (target, method) {
        (Target::Document(..), &Method::PUT) => (Some(O::Put), ""),
        (Target::Document(..), &Method::PATCH) => (Some(O::Patch), ""),
        (Target::Document(..), &Method::DELETE) => (Some(O::Delete), ""),
        (Target::Document(..), _) => (is_get.then_some(O::Get), "DELETE, GET, HEAD, PATCH, PUT"),
        (Target::Collection(_), &Method::POST) => (Some(O::Insert), ""),
        (Target::Collection(_), _) => (is_get.then_some(O::List), "GET, HEAD, POST"),
        (Target::Import(_), method) => ((*method == Method::POST).then_some(O::Import), "POST"),
        (Target::Export(_), _) => (is_get.then_some(O::Export), "GET, HEAD"),
        (Target::Healthz | Target::Readyz | Target::Metrics, _) => {
            (is_get.then_some(O::Other), "GET, HEAD")
        }
        (Target::Nothing, _) => return Err(Problem::not_found("there is nothing of this name")),
    };
    operation.ok_or_else(|| Problem::method_not_allowed(allowed))
}

/// Begins what a request asks for.
fn begin(
    app: &Data<App>,
    operation: Operation,
    target: Target,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Answer, Problem> {
    let this = Data::clone(app);
    Ok(match target {
        Target::Document(collection, id) => {
            authorize(app, request)?;
            let key = Key::parse(&collection, &id)?;
            if !matches!(operation, Operation::Get) {
                no_query(request)?;
            }
            match operation {
                Operation::Put => Answer::later(put(this, request.clone(), payload, key)),
                Operation::Patch => Answer::later(patch(this, request.clone(), payload, key)),
                Operation::Delete => Answer::later(delete(this, request.clone(), key)),
                _ => read(this, request, key)?,
            }
        }
        Target::Collection(collection) => {
            authorize(app, request)?;
            let collection = Collection::new(collection.into_owned())?;
            match operation {
                Operation::Insert => {
                    no_query(request)?;
                    Answer::later(insert(this, request.clone(), payload, collection))
                }
                _ => Answer::later(list(this, request.clone(), collection)),
            }
        }
        Target::Import(collection) => {
            authorize(app, request)?;
            let collection = Collection::new(collection.into_owned())?;
            Answer::later(import(this, request.clone(), payload, collection))
        }
        Target::Export(collection) => {
            authorize(app, request)?;
            let collection = Collection::new(collection.into_owned())?;
            Answer::later(export(this, request.clone(), collection))
        }
        Target::Healthz => text("text/plain", "ok\n"),
        Target::Readyz => Answer::later(readyz(this)),
        Target::Metrics => text("text/plain; version=0.0.4", metrics(app)),
        Target::Nothing => return Err(Problem::not_found("there is nothing of this name")),
    })
}

fn text(content_type: &'static str, text: impl MessageBody + 'static) -> Answer {
    Answer::Now(HttpResponse::Ok().content_type(content_type).body(text))
}

fn authorize(app: &App, request: &HttpRequest) -> Result<(), Problem> {
    let Some(key) = &app.api_key else { return Ok(()) };
    let headers = request.headers();
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
    });
    let given = bearer.or_else(|| headers.get("x-api-key").map(HeaderValue::as_bytes));
    match given {
        Some(given) if equal(given, key.as_bytes()) => Ok(()),
        _ => Err(Problem::unauthorized()),
    }
}

/// Compares in a time that does not tell how much is right.
fn equal(given: &[u8], key: &[u8]) -> bool {
    let differences = given.iter().zip(key).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == key.len() && std::hint::black_box(differences) == 0
}

/// The parameters of a request.
fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    web::Query::from_query(request.query_string())
        .map(web::Query::into_inner)
        .map_err(|error| Problem::bad_request(format!("the parameters are wrong: {error}")))
}

/// Refuses parameters, which a client would think were heeded.
fn no_query(request: &HttpRequest) -> Result<(), Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoQuery {}

    match request.query_string() {
        "" => Ok(()),
        _ => query(request).map(|NoQuery {}| ()),
    }
}

const JSON: (HeaderName, HeaderValue) =
    (CONTENT_TYPE, HeaderValue::from_static("application/json"));
const NDJSON: (HeaderName, HeaderValue) =
    (CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadQuery {
    pointer: Option<String>,
}

fn read(app: Data<App>, request: &HttpRequest, key: Key) -> Result<Answer, Problem> {
    let pointer = match request.query_string() {
        "" => None,
        _ => query::<ReadQuery>(request)?.pointer,
    };
    let pointer = pointer.as_deref().map(Pointer::parse).transpose();
    let pointer = pointer.map_err(Problem::bad_request)?;
    let precondition = Precondition::of(request)?;
    if let Some(document) = app.cache.peek(&key) {
        return show(Some(document), pointer.as_ref(), &precondition).map(Answer::Now);
    }
    Ok(Answer::later(async move {
        let found = app.cache.load(&app.readers, &key).await?;
        show(found, pointer.as_ref(), &precondition)
    }))
}

/// Answers with a document, or with the part of it that is asked for.
fn show(
    found: Option<Document>,
    pointer: Option<&Pointer>,
    precondition: &Precondition,
) -> Result<HttpResponse, Problem> {
    // Conditions count for what there is (RFC 9110, section 13.2.1).
    let document = found.ok_or_else(missing)?;
    let (etag, verdict) = (document.etag(), precondition.check(Some(document.revision)));
    let text = match pointer {
        None => document.text,
        Some(pointer) => {
            let value = pointer.find(&document.text);
            let value = value.ok_or_else(|| {
                Problem::not_found("the document has no value where the pointer points")
            })?;
            document.text.slice_ref(value)
        }
    };
    match verdict {
        Verdict::Holds => {
            Ok(HttpResponse::Ok().insert_header(JSON).insert_header((ETAG, etag)).body(text))
        }
        Verdict::Same => Ok(HttpResponse::NotModified().insert_header((ETAG, etag)).finish()),
        Verdict::Changed => Err(verdict.refusal()),
    }
}

fn missing() -> Problem {
    Problem::not_found("there is no document of this name")
}

async fn put(
    app: Data<App>,
    request: HttpRequest,
    body: Payload,
    key: Key,
) -> Result<HttpResponse, Problem> {
    let precondition = Precondition::of(&request)?;
    let text = read_json(&app, &request, body).await?;
    change(&app, Change { key, action: Action::Put(text), precondition }).await
}

async fn patch(
    app: Data<App>,
    request: HttpRequest,
    body: Payload,
    key: Key,
) -> Result<HttpResponse, Problem> {
    let precondition = Precondition::of(&request)?;
    if request.content_type().eq_ignore_ascii_case("application/json-patch+json") {
        let problem = Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "patches are merge patches (RFC 7396)",
        );
        return Err(problem.with_header("accept-patch", "application/merge-patch+json"));
    }
    let patch = read_json(&app, &request, body).await?;
    change(&app, Change { key, action: Action::Merge(patch), precondition }).await
}

async fn delete(app: Data<App>, request: HttpRequest, key: Key) -> Result<HttpResponse, Problem> {
    let precondition = Precondition::of(&request)?;
    change(&app, Change { key, action: Action::Delete, precondition }).await
}

async fn insert(
    app: Data<App>,
    request: HttpRequest,
    body: Payload,
    collection: Collection,
) -> Result<HttpResponse, Problem> {
    let text = read_json(&app, &request, body).await?;
    // Ids of this version sort by time, so that new rows go to the end of the index.
    let key = Key::new(&collection, &Uuid::now_v7().to_string())?;
    let (action, precondition) = (Action::Put(text), Precondition::default());
    change(&app, Change { key, action, precondition }).await
}

async fn read_json(app: &App, request: &HttpRequest, body: Payload) -> Result<Bytes, Problem> {
    body::read_json(request, body, &app.limits, &app.budget, &app.readers).await
}

/// Has a change made, and answers with what came of it.
async fn change(app: &App, change: Change) -> Result<HttpResponse, Problem> {
    let is_patch = matches!(change.action, Action::Merge(_));
    let key = change.key.clone();
    match app.writer.change(change).await? {
        Outcome::Created(document) => Ok(HttpResponse::Created()
            .insert_header((ETAG, document.etag()))
            .insert_header((LOCATION, location(&key)))
            .finish()),
        Outcome::Replaced(document) if is_patch => Ok(HttpResponse::Ok()
            .insert_header(JSON)
            .insert_header((ETAG, document.etag()))
            .body(document.text)),
        Outcome::Replaced(document) => {
            Ok(HttpResponse::NoContent().insert_header((ETAG, document.etag())).finish())
        }
        Outcome::Deleted => Ok(HttpResponse::NoContent().finish()),
        Outcome::Missing => Err(missing()),
        Outcome::Refused(verdict) => Err(verdict.refusal()),
        Outcome::TooLarge => Err(Problem::too_large(app.limits.max_body)),
    }
}

/// The path of a document. What is not plain in it is escaped (RFC 3986).
fn location(key: &Key) -> String {
    const ESCAPED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    format!("/v1/{}/{}", key.collection(), utf8_percent_encode(key.id(), ESCAPED))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default = "default_limit", deserialize_with = "page_limit")]
    limit: usize,
    /// The id before the page.
    #[serde(default)]
    cursor: String,
}

fn default_limit() -> usize {
    100
}

const MAX_LIMIT: usize = 1000;

/// Tells what a limit may be, which the parameter's own error would not: it does not even name the parameter.
fn page_limit<'de, D: Deserializer<'de>>(parameter: D) -> Result<usize, D::Error> {
    let limit = usize::deserialize(parameter).ok().filter(|it| (1..=MAX_LIMIT).contains(it));
    limit.ok_or_else(|| D::Error::custom(format!("limit is from 1 to {MAX_LIMIT}")))
}

async fn list(
    app: Data<App>,
    request: HttpRequest,
    collection: Collection,
) -> Result<HttpResponse, Problem> {
    let ListQuery { limit, cursor } = query(&request)?;
    let page = page(&app.readers, collection, cursor, limit, b"{\"items\":[", b',').await?;
    let Page { mut text, next } = page;
    text.pop_if(|last| *last == b',');
    text.extend(b"],\"cursor\":");
    text.extend(string(&next));
    text.push(b'}');
    Ok(HttpResponse::Ok().insert_header(JSON).body(text))
}

/// A rendered page, and the id at its end if there are more documents behind it.
struct Page {
    text: Vec<u8>,
    next: Option<String>,
}

/// Reads and renders a page, on a reader's thread: `before` it, and `behind` each document.
async fn page(
    readers: &Readers,
    collection: Collection,
    after: String,
    limit: usize,
    before: &'static [u8],
    behind: u8,
) -> Result<Page, Error> {
    let job = move |reader: &mut crate::readers::Reader| -> Result<Page, Error> {
        let mut text = before.to_vec();
        let visit = |id: &str, revision, document: &[u8]| {
            write_item(id, revision, document, &mut text);
            text.push(behind);
        };
        let next = store::visit_page(&reader.db, &collection, &after, limit, visit)?;
        Ok(Page { text, next })
    };
    readers.run(job).await?
}

/// Appends a document with its names, in the form that imports with `document=/document` take.
fn write_item(id: &str, revision: u64, document: &[u8], out: &mut Vec<u8>) {
    out.extend(b"{\"id\":");
    out.extend(string(id));
    out.extend(b",\"etag\":\"\\\"");
    out.extend(tag(revision).bytes());
    out.extend(b"\\\"\",\"document\":");
    out.extend(document);
    out.push(b'}');
}

fn string(text: impl serde::Serialize) -> Vec<u8> {
    json::to_vec(&text).expect("texts have JSON")
}

/// Documents of a page of an export, in memory for one client.
const EXPORT_LIMIT: usize = 256;

/// Sends a collection, one document a line. Each page is read when the client has taken the last, so a slow client
/// costs a page of memory and no thread. A document that is there throughout is sent; others may be.
async fn export(
    app: Data<App>,
    request: HttpRequest,
    collection: Collection,
) -> Result<HttpResponse, Problem> {
    no_query(&request)?;
    // The first page before the head of the response: after that, all that can be said is that it breaks off.
    let first = export_page(&app, &collection, String::new()).await?;
    let active = app.activity.begin();
    let rest = first.next.map(|next| (app, collection, next, active));
    let pages = futures_util::stream::unfold(rest, |rest| async {
        let (app, collection, after, active) = rest?;
        match export_page(&app, &collection, after).await {
            Ok(page) => {
                let rest = page.next.map(|next| (app, collection, next, active));
                Some((Ok(Bytes::from(page.text)), rest))
            }
            Err(error) => Some((Err(ExportBroken(error)), None)),
        }
    });
    let first = futures_util::stream::iter([Ok(Bytes::from(first.text))]);
    let body = futures_util::StreamExt::chain(first, pages);
    let mut response = HttpResponse::Ok().insert_header(NDJSON).streaming(body);
    if request.version() < Version::HTTP_11 {
        // It has no chunks: the body ends with the connection.
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

async fn export_page(app: &App, collection: &Collection, after: String) -> Result<Page, Error> {
    page(&app.readers, collection.clone(), after, EXPORT_LIMIT, b"", b'\n').await
}

/// Why an export ends before its end, which the framework logs while it breaks off the connection.
#[derive(Debug)]
struct ExportBroken(Error);

impl std::fmt::Display for ExportBroken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an export ended early: {:?}", self.0)
    }
}

impl std::error::Error for ExportBroken {}

async fn import(
    app: Data<App>,
    request: HttpRequest,
    body: Payload,
    collection: Collection,
) -> Result<HttpResponse, Problem> {
    let form: Form = query(&request)?;
    let App { limits, budget, readers, writer, .. } = &**app;
    let import = Import::new(&form, collection, limits, budget, readers, writer)?;
    let report = import.run(&request, body).await?;
    Ok(HttpResponse::Ok().insert_header(JSON).body(report.to_json()))
}

/// Whether requests can be served: the database answers and the writer is there.
async fn readyz(app: Data<App>) -> Result<HttpResponse, Problem> {
    let job = |reader: &mut crate::readers::Reader| {
        store::read_state::<u64>(&reader.db, "revision").map_err(Error::from)
    };
    app.readers.run(job).await??;
    if !app.writer.is_alive() {
        return Err(Problem::busy("nothing can be written"));
    }
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}

fn metrics(app: &App) -> Vec<u8> {
    app.metrics.text(
        app.cache.stats(),
        app.readers.waiting(),
        app.writer.waiting(),
        app.budget.used(),
    )
}
