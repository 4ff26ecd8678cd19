//! The cache of rendered documents, and how it is filled: once, however many wait.
//!
//! Once a write is acknowledged, nobody is given what was there before it. Two things could still do that. A load that
//! began before the write's end could put the old document into the cache behind it: so while a write is under way, and for
//! loads that saw its beginning or end, nothing is kept. And a request could join such a load: so the end
//! of a write makes its loads be forgotten, and their waiters, who came before it, get what they asked for.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tandem::cache::{Cache, Options, Stats};
use tokio::sync::oneshot;

use crate::document::{Document, Key};
use crate::metrics::Metrics;
use crate::readers::{Reader, Readers, wait};
use crate::store::{self, Error};

type Loaded = Result<Option<Document>, Error>;

/// Documents in use, in memory.
pub struct ReadThrough {
    cache: Cache,
    /// By key, so that writes rarely disturb loads of other documents.
    stripes: Box<[Mutex<Stripe>]>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Stripe {
    /// Writes that began or ended.
    writes: u64,
    /// Writes under way.
    active: usize,
    loads: HashMap<Key, Arc<Load>>,
}

/// A load under way, and who waits for it. Changed under its stripe's lock.
#[derive(Default)]
struct Load {
    waiters: Mutex<Vec<oneshot::Sender<Loaded>>>,
}

const STRIPES: usize = 1024;

impl ReadThrough {
    pub fn new(max_bytes: u64, metrics: Arc<Metrics>) -> Result<Self, tandem::cache::Error> {
        Ok(ReadThrough {
            cache: Cache::new(Options { max_bytes, ..Options::default() })?,
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            metrics,
        })
    }

    /// A document that is in the cache.
    pub fn peek(&self, key: &Key) -> Option<Document> {
        self.cache.get(key.as_bytes()).and_then(Document::from_entry)
    }

    /// A document that is not in the cache from wherever it is, None if there is none of that name.
    pub async fn load(self: &Arc<Self>, readers: &Readers, key: &Key) -> Loaded {
        wait(self.join(readers, key)?).await?
    }

    /// Joins the load of a key, or begins one.
    fn join(
        self: &Arc<Self>,
        readers: &Readers,
        key: &Key,
    ) -> Result<oneshot::Receiver<Loaded>, Error> {
        let (sender, receiver) = oneshot::channel();
        let mut stripe = self.stripe(key);
        if let Some(load) = stripe.loads.get(key) {
            lock(&load.waiters).push(sender);
            return Ok(receiver);
        }
        let load = Arc::new(Load { waiters: Mutex::new(vec![sender]) });
        // Of a load that saw a write under way nothing is kept, which a number that is never reached stands for.
        let before = if stripe.active == 0 { stripe.writes } else { u64::MAX };
        let job = {
            let (this, key, load) = (Arc::clone(self), key.clone(), Arc::clone(&load));
            move |reader: &mut Reader| this.carry_out(reader, &key, &load, before)
        };
        readers.submit(job)?;
        stripe.loads.insert(key.clone(), load);
        Ok(receiver)
    }

    /// Loads on a reader's thread.
    fn carry_out(&self, reader: &mut Reader, key: &Key, load: &Arc<Load>, before: u64) {
        self.metrics.loads.inc();
        let found = reader.level2.as_mut().and_then(|level2| level2.get(key));
        let known = found.is_some();
        let loaded = match found {
            Some(document) => Ok(Some(document)),
            None => store::read(&reader.db, key).map_err(Error::from),
        };

        let waiters = {
            let mut stripe = self.stripe(key);
            if stripe.loads.get(key).is_some_and(|current| Arc::ptr_eq(current, load)) {
                stripe.loads.remove(key);
            }
            if let Ok(Some(document)) = &loaded
                && stripe.writes == before
            {
                self.keep(key, document);
            }
            mem::take(&mut *lock(&load.waiters))
        };
        for waiter in waiters {
            let _ = waiter.send(loaded.clone());
        }
        if let (Ok(Some(document)), Some(level2), false) = (&loaded, &reader.level2, known) {
            level2.fill(key, document, || self.stripe(key).writes == before);
        }
    }

    /// Is called before a write of a key can have an effect.
    pub fn begin_write(&self, key: &Key) {
        let mut stripe = self.stripe(key);
        stripe.active += 1;
        stripe.writes += 1;
    }

    /// Is called after each write, before it is acknowledged: with the document that is there now, with None for one that is
    /// not or may not be there, or without anything where nothing was changed.
    pub fn end_write(&self, key: &Key, now: Option<Option<&Document>>) {
        let mut stripe = self.stripe(key);
        stripe.active -= 1;
        stripe.writes += 1;
        stripe.loads.remove(key);
        match now {
            Some(Some(document)) => self.keep(key, document),
            Some(None) => {
                self.cache.delete(key.as_bytes());
            }
            None => {}
        }
    }

    /// Puts a document into the cache; one that does not fit is loaded each time.
    fn keep(&self, key: &Key, document: &Document) {
        if self.cache.set(key.as_bytes(), &document.to_entry()).is_err() {
            self.cache.delete(key.as_bytes());
        }
    }

    pub fn stats(&self) -> Stats {
        self.cache.stats()
    }

    fn stripe(&self, key: &Key) -> MutexGuard<'_, Stripe> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        lock(&self.stripes[hasher.finish() as usize % STRIPES])
    }
}

/// A panic while a lock is held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
