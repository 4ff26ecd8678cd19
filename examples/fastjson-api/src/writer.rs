//! The thread that changes the database. Changes that wait are made in one transaction, so that many writers share
//! one sync of the disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use actix_web::web::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::document::{Document, Key};
use crate::level2::Level2;
use crate::metrics::Metrics;
use crate::patch;
use crate::precondition::{Precondition, Verdict};
use crate::readers::{StartError, TIMEOUT, wait};
use crate::readthrough::ReadThrough;
use crate::store::{self, Error};

/// A change of one document.
#[derive(Debug)]
pub struct Change {
    pub key: Key,
    pub action: Action,
    pub precondition: Precondition,
}

#[derive(Debug)]
pub enum Action {
    /// Keep this text, which is checked and compact.
    Put(Bytes),
    /// Merge this patch, which is checked and compact, into what is there.
    Merge(Bytes),
    Delete,
}

/// What came of a change.
#[derive(Debug)]
pub enum Outcome {
    Created(Document),
    Replaced(Document),
    Deleted,
    /// There is nothing to patch or to delete.
    Missing,
    /// The precondition does not hold.
    Refused(Verdict),
    /// The patched document would be larger than documents may be.
    TooLarge,
}

/// Changes of one request, and who waits for them.
struct Job {
    changes: Vec<Change>,
    answer: oneshot::Sender<Result<Vec<Outcome>, Error>>,
}

impl Job {
    fn bytes(&self) -> usize {
        let bytes = |change: &Change| match &change.action {
            Action::Put(text) | Action::Merge(text) => text.len(),
            Action::Delete => 0,
        };
        self.changes.iter().map(bytes).sum()
    }
}

/// Hands changes to the thread, which ends once the last handle is gone and all is written.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
}

/// Jobs that may wait. Each has a document or a batch of an import, so this bounds memory too.
const QUEUE: usize = 512;
/// Bounds of a transaction: so much that the sync takes little of its time, so little that nobody waits long.
const GROUP_JOBS: usize = 256;
const GROUP_BYTES: usize = 8 << 20;
/// Patches are merged level by level.
const STACK: usize = 8 << 20;

impl Writer {
    pub fn start(
        db: Connection,
        max_body: usize,
        cache: Arc<ReadThrough>,
        level2: Option<Arc<Level2>>,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, JoinHandle<Connection>), StartError> {
        let revision =
            store::read_state(&db, "revision")?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = Thread { db, revision, max_body, cache, level2, metrics };
        let handle = std::thread::Builder::new()
            .name("writer".to_owned())
            .stack_size(STACK)
            .spawn(move || thread.work(jobs))?;
        Ok((Writer { queue }, handle))
    }

    /// Makes a change, unless too many wait already.
    pub async fn change(&self, change: Change) -> Result<Outcome, Error> {
        let (answer, receiver) = oneshot::channel();
        self.queue.try_send(Job { changes: vec![change], answer }).map_err(
            |error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Closed(_) => Error::Stopped,
            },
        )?;
        let mut outcomes = wait(receiver).await??;
        outcomes.pop().ok_or(Error::Stopped)
    }

    /// Hands over changes of an import, which waits where others are turned away, and gives what to wait for them with.
    pub async fn submit(
        &self,
        changes: Vec<Change>,
    ) -> Result<oneshot::Receiver<Result<Vec<Outcome>, Error>>, Error> {
        let (answer, receiver) = oneshot::channel();
        let job = Job { changes, answer };
        match tokio::time::timeout(TIMEOUT, self.queue.send(job)).await {
            Ok(Ok(())) => Ok(receiver),
            Ok(Err(_)) => Err(Error::Stopped),
            Err(_) => Err(Error::Busy),
        }
    }

    /// The number of jobs that wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Whether the thread is there.
    pub fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }
}

struct Thread {
    db: Connection,
    /// The newest that is in use.
    revision: u64,
    max_body: usize,
    cache: Arc<ReadThrough>,
    level2: Option<Arc<Level2>>,
    metrics: Arc<Metrics>,
}

/// What a transaction leaves of each document that it changes: the document, or None for one that is gone.
type Changed<'a> = HashMap<&'a Key, Option<Document>>;

impl Thread {
    /// Makes changes until nobody can ask for any, and gives the database back.
    fn work(mut self, mut jobs: mpsc::Receiver<Job>) -> Connection {
        while let Some(job) = jobs.blocking_recv() {
            let mut bytes = job.bytes();
            let mut group = vec![job];
            while group.len() < GROUP_JOBS && bytes < GROUP_BYTES {
                let Ok(job) = jobs.try_recv() else { break };
                bytes += job.bytes();
                group.push(job);
            }
            self.run(group);
        }
        if let Some(level2) = &self.level2
            && let Err(error) = level2.seal(&self.db)
        {
            tracing::warn!(%error, "the second level is not kept for the next start");
        }
        self.db
    }

    /// Makes the changes of a group and answers for each, once all are on disk and in the cache.
    fn run(&mut self, group: Vec<Job>) {
        let (jobs, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| (job.changes, job.answer)).unzip();
        let keys = || jobs.iter().flatten().map(|change| &change.key);
        self.metrics.group_size.observe(keys().count() as f64);

        keys().for_each(|key| self.cache.begin_write(key));
        if let Some(level2) = &self.level2 {
            level2.invalidate(keys());
        }
        let mut changed = Changed::new();
        let result = self.commit(&jobs, &mut changed);
        for key in keys() {
            match &result {
                Ok(_) => self.cache.end_write(key, changed.get(key).map(Option::as_ref)),
                // A commit that failed may have been carried out: only the database knows.
                Err(_) => self.cache.end_write(key, Some(None)),
            }
        }
        match result {
            Ok(outcomes) => {
                for (answer, outcomes) in answers.into_iter().zip(outcomes) {
                    // Whoever waited may be gone; the change stays.
                    let _ = answer.send(Ok(outcomes));
                }
            }
            Err(error) => {
                let error = Error::from(error);
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
                return;
            }
        }
        if let Some(level2) = &self.level2 {
            level2.replace(
                changed.iter().filter_map(|(key, document)| Some((*key, document.as_ref()?))),
            );
        }
    }

    fn commit<'a>(
        &mut self,
        jobs: &'a [Vec<Change>],
        changed: &mut Changed<'a>,
    ) -> rusqlite::Result<Vec<Vec<Outcome>>> {
        let db = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut revision = self.revision;
        let mut outcomes = Vec::with_capacity(jobs.len());
        for changes in jobs {
            let mut part = Vec::with_capacity(changes.len());
            for change in changes {
                let outcome = apply(&db, change, revision + 1, self.max_body)?;
                let left = match &outcome {
                    Outcome::Created(document) | Outcome::Replaced(document) => {
                        Some(Some(document.clone()))
                    }
                    Outcome::Deleted => Some(None),
                    Outcome::Missing | Outcome::Refused(_) | Outcome::TooLarge => None,
                };
                if let Some(left) = left {
                    revision += 1;
                    changed.insert(&change.key, left);
                }
                part.push(outcome);
            }
            outcomes.push(part);
        }
        if revision > self.revision {
            store::write_state(&db, "revision", Some(revision))?;
            // Never used twice, even if the commit fails after all.
            self.revision = revision;
            db.commit()?;
        }
        Ok(outcomes)
    }
}

/// Makes one change as part of a transaction.
fn apply(
    db: &Connection,
    change: &Change,
    revision: u64,
    max_body: usize,
) -> rusqlite::Result<Outcome> {
    let key = &change.key;
    let (current, text) = match &change.action {
        Action::Merge(_) => match store::read(db, key)? {
            Some(document) => (Some(document.revision), document.text),
            None => (None, Bytes::new()),
        },
        Action::Put(_) | Action::Delete => (store::read_revision(db, key)?, Bytes::new()),
    };
    // Conditions count where something could be done (RFC 9110, section 13.2.1).
    if current.is_none() && !matches!(change.action, Action::Put(_)) {
        return Ok(Outcome::Missing);
    }
    match change.precondition.check(current) {
        Verdict::Holds => {}
        verdict => return Ok(Outcome::Refused(verdict)),
    }
    let text = match &change.action {
        Action::Put(text) => text.clone(),
        Action::Merge(patch) => {
            let merged = patch::merge(&text, patch);
            if merged.len() > max_body {
                return Ok(Outcome::TooLarge);
            }
            merged.into()
        }
        Action::Delete => {
            store::delete(db, key)?;
            return Ok(Outcome::Deleted);
        }
    };
    let document = Document { revision, text };
    store::write(db, key, &document)?;
    Ok(if current.is_some() { Outcome::Replaced(document) } else { Outcome::Created(document) })
}
