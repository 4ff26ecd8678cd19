//! The threads that read the database and the second level of the cache, both of which block.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::level2;
use crate::store::{self, Error};

/// What a reading thread has.
pub struct Reader {
    pub db: Connection,
    /// None without a second level.
    pub level2: Option<level2::Reader>,
}

type Job = Box<dyn FnOnce(&mut Reader) + Send>;

/// A pool of threads with one bounded queue. They end when the last handle is gone.
#[derive(Clone)]
pub struct Readers {
    queue: Sender<Job>,
}

/// Jobs that may wait. Each takes well under a millisecond, unless the disk is slow: more waiting would be late.
const QUEUE: usize = 4096;

/// How long a request waits for a job.
pub const TIMEOUT: Duration = Duration::from_secs(10);

impl Readers {
    pub fn start(
        path: &Path,
        threads: usize,
        level2: Option<&Arc<level2::Level2>>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), StartError> {
        let (queue, jobs) = crossbeam_channel::bounded(QUEUE);
        let mut handles = Vec::new();
        for number in 0..threads {
            let reader =
                Reader { db: store::open_reader(path)?, level2: level2.map(|it| it.reader()) };
            let jobs = jobs.clone();
            let thread = std::thread::Builder::new().name(format!("reader-{number}"));
            handles.push(thread.spawn(move || work(reader, &jobs))?);
        }
        Ok((Readers { queue }, handles))
    }

    /// Has a job done by one of the threads, sooner or later.
    pub fn submit(&self, job: impl FnOnce(&mut Reader) + Send + 'static) -> Result<(), Error> {
        self.queue.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Stopped,
        })
    }

    /// Has a job done by one of the threads, and waits for what it gives.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Reader) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        self.submit(move |reader| {
            // A request that is gone needs no work.
            if !sender.is_closed() {
                let _ = sender.send(job(reader));
            }
        })?;
        wait(receiver).await
    }

    /// The number of jobs that wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}

/// Waits for an answer of another thread.
pub async fn wait<T>(answer: oneshot::Receiver<T>) -> Result<T, Error> {
    match tokio::time::timeout(TIMEOUT, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(Error::Stopped),
        Err(_) => Err(Error::Late),
    }
}

fn work(mut reader: Reader, jobs: &Receiver<Job>) {
    for job in jobs {
        // One job that fails must not take the thread from the others. The reader has only connections,
        // which survive that.
        let job = std::panic::AssertUnwindSafe(|| job(&mut reader));
        if std::panic::catch_unwind(job).is_err() {
            tracing::error!("a reading job panicked");
        }
    }
}

/// Why the threads can't be started.
#[derive(Debug)]
pub enum StartError {
    Thread(io::Error),
    Database(rusqlite::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Thread(error) => error.fmt(f),
            StartError::Database(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::Thread(error)
    }
}

impl From<rusqlite::Error> for StartError {
    fn from(error: rusqlite::Error) -> Self {
        StartError::Database(error)
    }
}
