//! The second level of the cache: a server that speaks Redis' protocol, which may be slow, away, or killed at any moment
//! without a wrong answer and without a wait that anyone notices.
//!
//! A value there must not outlive a write. So the writer removes what it is about to change before it commits, and
//! only where that is confirmed do the other values stay in use: otherwise all of them are given up, by giving keys
//! another prefix. The same happens if storing a value was not confirmed, since a command that is still under way could arrive
//! at any time. All commands that change something go over one connection, one after the other, so the answer to the
//! removal says that nothing older comes behind it.
//!
//! The prefix is random and lasts for a run of the process. At an orderly end it is left for the next run in the
//! database, with a token that the server has too, and that is taken from both: a process that was killed, or a
//! database that was brought back from a copy, finds no token that fits, and begins anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::{Client, Connection, ConnectionInfo, RedisResult};
use rusqlite::Connection as Database;
use uuid::Uuid;

use crate::document::{Document, Key};
use crate::metrics::Metrics;
use crate::store;

/// How long the server is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long values live there: long past their use, so that those of given up prefixes go some day.
const TTL_SECONDS: u64 = 24 * 3600;

/// The name of the state that an orderly end leaves.
const SEAL: &str = "level2_seal";

pub struct Level2 {
    client: Client,
    /// How long a command may take, or connecting.
    timeout: Duration,
    breaker: Breaker,
    /// Commands that failed.
    failures: AtomicU64,
    prefix: RwLock<Arc<str>>,
    changes: Mutex<Changes>,
    metrics: Arc<Metrics>,
}

/// A connection, and how many commands had failed when it was made: where one fails, the others are likely to be broken too.
type Link = Option<(u64, Connection)>;

/// What the commands go over that change something.
struct Changes {
    connection: Link,
    /// Whether there may be values with the prefix.
    used: bool,
}

impl Level2 {
    /// Takes over what the last run left, if it left anything. An absent server is no error.
    pub fn open(
        server: ConnectionInfo,
        timeout: Duration,
        db: &Database,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, OpenError> {
        let this = Level2 {
            client: Client::open(server).map_err(OpenError::Server)?,
            timeout,
            breaker: Breaker::new(),
            failures: AtomicU64::new(0),
            prefix: RwLock::new(fresh_prefix()),
            changes: Mutex::new(Changes { connection: None, used: false }),
            metrics,
        };
        let seal: Option<String> = store::read_state(db, SEAL).map_err(OpenError::Database)?;
        store::write_state(db, SEAL, None::<String>).map_err(OpenError::Database)?;
        if let Some((prefix, token)) = seal.as_deref().and_then(|seal| seal.split_once(' ')) {
            let mut changes = this.changes();
            let name = seal_key(prefix);
            let left: Option<Option<String>> = this.attempt(&mut changes.connection, |server| {
                redis::cmd("GETDEL").arg(name).query(server)
            });
            if left.flatten().as_deref() == Some(token) {
                *this.prefix.write().unwrap_or_else(PoisonError::into_inner) = prefix.into();
                changes.used = true;
                drop(changes);
                tracing::info!("the second level is as the last run left it");
            }
        }
        Ok(Arc::new(this))
    }

    /// Leaves the values for the next run. Nothing may be written after that.
    pub fn seal(&self, db: &Database) -> rusqlite::Result<()> {
        let mut changes = self.changes();
        if !changes.used {
            return Ok(());
        }
        let (prefix, token) = (self.prefix(), Uuid::now_v7().to_string());
        let stored: Option<()> = self.attempt(&mut changes.connection, |server| {
            let mut set = redis::cmd("SET");
            set.arg(seal_key(&prefix)).arg(&token).arg("EX").arg(TTL_SECONDS).query(server)
        });
        if stored.is_some() {
            store::write_state(db, SEAL, Some(format!("{prefix} {token}")))?;
        }
        Ok(())
    }

    /// Removes what is about to change.
    pub fn invalidate<'a>(&self, keys: impl Iterator<Item = &'a Key>) {
        let mut changes = self.changes();
        if !changes.used {
            return;
        }
        let prefix = self.prefix();
        let mut delete = redis::cmd("DEL");
        keys.for_each(|key| {
            delete.arg(entry_key(&prefix, key));
        });
        let deleted: Option<u64> = self.attempt(&mut changes.connection, |it| delete.query(it));
        if deleted.is_none() {
            self.give_up(&mut changes);
        }
    }

    /// Stores what has changed.
    pub fn replace<'a>(&self, documents: impl Iterator<Item = (&'a Key, &'a Document)>) {
        self.store(&mut self.changes(), documents);
    }

    fn store<'a>(
        &self,
        changes: &mut Changes,
        documents: impl Iterator<Item = (&'a Key, &'a Document)>,
    ) {
        let prefix = self.prefix();
        let mut set = redis::pipe();
        for (key, document) in documents {
            set.cmd("SET").arg(entry_key(&prefix, key)).arg(document.to_entry());
            set.arg("EX").arg(TTL_SECONDS).ignore();
        }
        if set.is_empty() || self.breaker.is_paused() {
            return;
        }
        changes.used = true;
        let stored: Option<()> = self.attempt(&mut changes.connection, |it| set.exec(it));
        if stored.is_none() {
            self.give_up(changes);
        }
    }

    /// Leaves all values behind.
    fn give_up(&self, changes: &mut Changes) {
        *self.prefix.write().unwrap_or_else(PoisonError::into_inner) = fresh_prefix();
        changes.used = false;
    }

    /// Talks to the server, if it is not left alone; None if that failed. A connection on which a command failed is not used
    /// again, since an answer could still come.
    fn attempt<T>(
        &self,
        link: &mut Link,
        command: impl FnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Option<T> {
        if !self.breaker.allows() {
            return None;
        }
        let failures = self.failures.load(Ordering::Relaxed);
        link.take_if(|(since, _)| *since != failures);
        let run = || {
            if link.is_none() {
                let fresh = self.client.get_connection_with_timeout(self.timeout)?;
                fresh.set_read_timeout(Some(self.timeout))?;
                fresh.set_write_timeout(Some(self.timeout))?;
                *link = Some((failures, fresh));
            }
            link.as_mut().map(|(_, connection)| command(connection)).transpose()
        };
        match run() {
            Ok(answer) => {
                if self.breaker.close() {
                    tracing::info!("the second level answers again");
                }
                answer
            }
            Err(error) => {
                *link = None;
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.metrics.level2_failures.inc();
                if self.breaker.open() {
                    tracing::warn!(%error, "the second level fails; going on without it");
                }
                None
            }
        }
    }

    /// What one reading thread has of the second level.
    pub fn reader(self: &Arc<Self>) -> Reader {
        Reader { level2: Arc::clone(self), connection: None }
    }

    fn prefix(&self) -> Arc<str> {
        Arc::clone(&self.prefix.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads from the second level over a connection of its own.
pub struct Reader {
    level2: Arc<Level2>,
    connection: Link,
}

impl Reader {
    pub fn get(&mut self, key: &Key) -> Option<Document> {
        let name = entry_key(&self.level2.prefix(), key);
        let answer: Option<Vec<u8>> = self
            .level2
            .attempt(&mut self.connection, |server| redis::cmd("GET").arg(name).query(server))?;
        let found = answer.and_then(Document::from_entry);
        let metrics = &self.level2.metrics;
        if found.is_some() { &metrics.level2_hits } else { &metrics.level2_misses }.inc();
        found
    }

    /// Stores a document that was loaded, if it is still what it was when nothing can change it any more.
    pub fn fill(&self, key: &Key, document: &Document, is_current: impl FnOnce() -> bool) {
        // The writer asks for this lock after it made documents stop being current.
        let mut changes = self.level2.changes();
        if is_current() {
            self.level2.store(&mut changes, std::iter::once((key, document)));
        }
    }
}

fn fresh_prefix() -> Arc<str> {
    format!("fastjson:{}", Uuid::now_v7()).into()
}

fn entry_key(prefix: &str, key: &Key) -> String {
    format!("{prefix}/{}", key.as_str())
}

/// Outside of what entries are called: their keys have a collection behind the slash.
fn seal_key(prefix: &str) -> String {
    format!("{prefix}:seal")
}

/// Why a second level can't be used at all.
#[derive(Debug)]
pub enum OpenError {
    Server(redis::RedisError),
    Database(rusqlite::Error),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::Server(error) => error.fmt(f),
            OpenError::Database(error) => error.fmt(f),
        }
    }
}

/// Keeps everyone from a server that failed, but for one attempt now and then.
struct Breaker {
    start: Instant,
    /// Milliseconds from the start until the next attempt; 0 while all is well.
    until: AtomicU64,
}

impl Breaker {
    fn new() -> Self {
        Breaker { start: Instant::now(), until: AtomicU64::new(0) }
    }

    fn is_paused(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && self.elapsed() < until
    }

    /// Whether the caller may talk to the server, which of several it is the first after a pause.
    fn allows(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until == 0
            || self.elapsed() >= until
                && self
                    .until
                    .compare_exchange(until, self.next(), Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
    }

    /// Begins a pause; true if there was none.
    fn open(&self) -> bool {
        self.until.swap(self.next(), Ordering::Relaxed) == 0
    }

    /// Ends the pause; true if there was one.
    fn close(&self) -> bool {
        self.until.load(Ordering::Relaxed) != 0 && self.until.swap(0, Ordering::Relaxed) != 0
    }

    fn next(&self) -> u64 {
        self.elapsed() + PAUSE.as_millis() as u64
    }

    fn elapsed(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
}
