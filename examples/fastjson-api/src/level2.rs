//! The second level of the cache: a server that speaks Redis' protocol, which may be slow, away, or killed at any moment
//! without a wrong answer and without a wait that anyone notices.
//!
//! A value there must not outlive a write. So the writer removes what it is about to change before it commits, and
//! only where that is confirmed do the other values stay in use: otherwise all of them are given up, by giving keys
//! another prefix. The same happens if storing a value was not confirmed, since a command that is still under way could arrive
//! at any time. All commands that change something go over one connection, one after the other, so the answer to the
//! removal says that nothing older comes behind it.
//!
//! A server may also come back as it was some time ago: Redis does, from what it last saved, if it is killed. So each removal
//! leaves a new mark there, behind the removal, and a new connection is used only after it was asked for the newest mark. A server
//! that has it has carried out all removals; of one that lacks it nothing is believed.
//!
//! The prefix is random and lasts for a run of the process. At an orderly end it is left for the next run in the
//! database, with the mark, which that run takes from the database and replaces in the server: a process that was killed, or a
//! database that was brought back from a copy, finds no mark that fits, and begins anew. A run without a second level takes it too.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::{
    Client, Connection, ConnectionInfo, ErrorKind, FromRedisValue, Pipeline, RedisResult, Value,
};
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
    /// Connections that broke.
    broken: AtomicU64,
    prefix: RwLock<Arc<str>>,
    changes: Mutex<Changes>,
    metrics: Arc<Metrics>,
}

/// A connection, and how many had broken when it was made: where one does, the others are likely to be broken too.
type Link = Option<(u64, Connection)>;

/// What the commands go over that change something.
struct Changes {
    connection: Link,
    /// What the server was told last to keep, in front of all values that there are with the prefix; None if there are none.
    mark: Option<String>,
}

/// Whether a command may be sent again, as it was not answered on a connection that the server had closed meanwhile, which a restart
/// does. One that stores a value may not: it could be under way still, and arrive behind the removal of that value.
#[derive(Clone, Copy, PartialEq)]
enum Again {
    Yes,
    No,
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
            broken: AtomicU64::new(0),
            prefix: RwLock::new(fresh_prefix()),
            changes: Mutex::new(Changes { connection: None, mark: None }),
            metrics,
        };
        let seal: Option<String> = store::read_state(db, SEAL).map_err(OpenError::Database)?;
        Self::forget(db).map_err(OpenError::Database)?;
        if let Some((prefix, left)) = seal.as_deref().and_then(|seal| seal.split_once(' ')) {
            let mut changes = this.changes();
            let mark = fresh_mark();
            // It is taken away first: of two processes with the same database only one may have it.
            let found = this.change(&mut changes, Again::No, |server| {
                let mut take = redis::pipe();
                take.cmd("GETDEL").arg(mark_key(prefix));
                let answers = exchange(server, set_mark(&mut take, prefix, &mark))?;
                Ok(Option::<String>::from_redis_value(
                    answers.into_iter().next().unwrap_or_default(),
                )?)
            });
            if found.flatten().as_deref() == Some(left) {
                *this.prefix.write().unwrap_or_else(PoisonError::into_inner) = prefix.into();
                changes.mark = Some(mark);
                drop(changes);
                tracing::info!("the second level is as the last run left it");
            }
        }
        Ok(Arc::new(this))
    }

    /// Makes what the last run left be nothing to the next.
    pub fn forget(db: &Database) -> rusqlite::Result<()> {
        store::write_state(db, SEAL, None::<String>)
    }

    /// Leaves the values for the next run. Nothing may be written after that.
    pub fn seal(&self, db: &Database) -> rusqlite::Result<()> {
        let mut changes = self.changes();
        if changes.mark.is_none() {
            return Ok(());
        }
        let (prefix, mark) = (self.prefix(), fresh_mark());
        let stored = self.change(&mut changes, Again::No, |server| {
            exchange(server, set_mark(&mut redis::pipe(), &prefix, &mark))
        });
        if stored.is_some() {
            store::write_state(db, SEAL, Some(format!("{prefix} {mark}")))?;
        }
        Ok(())
    }

    /// Removes what is about to change.
    pub fn invalidate<'a>(&self, keys: impl Iterator<Item = &'a Key>) {
        let mut changes = self.changes();
        if changes.mark.is_none() {
            return;
        }
        let (prefix, mark) = (self.prefix(), fresh_mark());
        let mut remove = redis::pipe();
        remove.cmd("DEL");
        keys.for_each(|key| {
            remove.arg(entry_key(&prefix, key));
        });
        set_mark(&mut remove, &prefix, &mark);
        match self.change(&mut changes, Again::Yes, |server| exchange(server, &remove)) {
            Some(_) => changes.mark = Some(mark),
            None => self.give_up(&mut changes),
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
        let mut documents = documents.peekable();
        if documents.peek().is_none() || self.breaker.is_paused() {
            return;
        }
        let prefix = self.prefix();
        let mut set = redis::pipe();
        let mark = changes.mark.clone().unwrap_or_else(|| {
            let mark = fresh_mark();
            set_mark(&mut set, &prefix, &mark);
            mark
        });
        for (key, document) in documents {
            set.cmd("SET").arg(entry_key(&prefix, key)).arg(document.to_entry());
            set.arg("EX").arg(TTL_SECONDS);
        }
        match self.change(changes, Again::No, |server| exchange(server, &set)) {
            Some(_) => changes.mark = Some(mark),
            None => self.give_up(changes),
        }
    }

    /// Leaves all values behind.
    fn give_up(&self, changes: &mut Changes) {
        *self.prefix.write().unwrap_or_else(PoisonError::into_inner) = fresh_prefix();
        changes.mark = None;
    }

    /// Talks to the server in order to change something. It fails also if the server has lost what it was told before.
    fn change<T>(
        &self,
        changes: &mut Changes,
        again: Again,
        command: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Option<T> {
        let Changes { connection, mark } = changes;
        let check = |server: &mut Connection| match &*mark {
            Some(mark) if !self.is_kept(server, mark)? => {
                Err((ErrorKind::Client, "it has lost what it was told").into())
            }
            _ => Ok(()),
        };
        self.attempt(connection, again, check, command)
    }

    fn is_kept(&self, server: &mut Connection, mark: &str) -> RedisResult<bool> {
        let kept: Option<String> = redis::cmd("GET").arg(mark_key(&self.prefix())).query(server)?;
        Ok(kept.as_deref() == Some(mark))
    }

    /// Talks to the server, if it is not left alone, over a new connection after a check; None if that failed. A connection on which a
    /// command failed is not used again, since an answer could still come.
    fn attempt<T>(
        &self,
        link: &mut Link,
        again: Again,
        check: impl Fn(&mut Connection) -> RedisResult<()>,
        mut command: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Option<T> {
        if !self.breaker.allows() {
            return None;
        }
        link.take_if(|(since, _)| *since != self.broken.load(Ordering::Relaxed));
        let mut run = |link: &mut Link| match link {
            Some((_, connection)) => command(connection),
            None => {
                let since = self.broken.load(Ordering::Relaxed);
                let mut fresh = self.client.get_connection_with_timeout(self.timeout)?;
                fresh.set_read_timeout(Some(self.timeout))?;
                fresh.set_write_timeout(Some(self.timeout))?;
                check(&mut fresh)?;
                command(&mut link.insert((since, fresh)).1)
            }
        };
        let was_open = link.is_some();
        let mut answer = run(link);
        if let Err(error) = &answer
            && error.is_connection_dropped()
            && was_open
            && again == Again::Yes
        {
            *link = None;
            self.broken.fetch_add(1, Ordering::Relaxed);
            answer = run(link);
        }
        match answer {
            Ok(answer) => {
                if self.breaker.close() {
                    tracing::info!("the second level answers again");
                }
                Some(answer)
            }
            Err(error) => {
                *link = None;
                self.broken.fetch_add(1, Ordering::Relaxed);
                self.metrics.level2_failures.inc();
                if self.breaker.open() {
                    let error = match error.is_timeout() {
                        true => format!("no answer within {:?}", self.timeout),
                        false => error.to_string(),
                    };
                    tracing::warn!(error, "the second level fails; going on without it");
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
        let level2 = &self.level2;
        let check = |server: &mut Connection| {
            let mut changes = level2.changes();
            if let Some(mark) = &changes.mark
                && !level2.is_kept(server, mark)?
            {
                level2.give_up(&mut changes);
            }
            Ok(())
        };
        let answer: Option<Vec<u8>> =
            level2.attempt(&mut self.connection, Again::Yes, check, |server| {
                // The prefix as it is after the check.
                redis::cmd("GET").arg(entry_key(&level2.prefix(), key)).query(server)
            })?;
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

fn fresh_mark() -> String {
    Uuid::now_v7().to_string()
}

/// Outside of what entries are called: their keys have a collection behind the slash.
fn mark_key(prefix: &str) -> String {
    format!("{prefix}:mark")
}

fn set_mark<'a>(commands: &'a mut Pipeline, prefix: &str, mark: &str) -> &'a mut Pipeline {
    commands.cmd("SET").arg(mark_key(prefix)).arg(mark).arg("EX").arg(TTL_SECONDS)
}

/// Sends commands together and takes the answers. Unlike [`Pipeline::query`] it ends with the first that does not come in
/// time: it would wait as long for each of the others.
fn exchange(server: &mut Connection, commands: &Pipeline) -> RedisResult<Vec<Value>> {
    server.send_packed_command(&commands.get_packed_pipeline())?;
    commands.cmd_iter().map(|_| server.recv_response()?.extract_error()).collect()
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
