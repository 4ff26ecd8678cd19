//! Puts the parts together, and takes them apart in an order that loses nothing.

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{App as Application, HttpServer, rt};
use tokio::signal::unix::{SignalKind, signal};

use crate::body::{Budget, Limits};
use crate::config::Config;
use crate::level2::Level2;
use crate::metrics::Metrics;
use crate::readers::Readers;
use crate::readthrough::ReadThrough;
use crate::routes::{self, Activity, App};
use crate::store;
use crate::writer::Writer;

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Serves until a signal, and ends once all that was acknowledged is where it should be.
pub fn run(config: Config) -> Result<(), String> {
    let path = &config.db;
    let database = |error: &dyn Display| format!("the database {}: {error}", path.display());
    let (db, lock) = store::open(path).map_err(|error| database(&error))?;
    let metrics = Arc::new(Metrics::new().map_err(|error| error.to_string())?);
    let cache = ReadThrough::new(config.cache_max_bytes, Arc::clone(&metrics));
    let cache = Arc::new(cache.map_err(|error| format!("the cache: {error}"))?);
    let level2 = config
        .l2
        .clone()
        .map(|url| Level2::open(url, config.l2_timeout, &db, Arc::clone(&metrics)));
    let level2 = level2.transpose().map_err(|error| format!("the second level: {error}"))?;
    if level2.is_none() {
        // What this run writes would not be known there.
        Level2::forget(&db).map_err(|error| database(&error))?;
    }
    let (readers, reading) = Readers::start(path, config.readers.into(), level2.as_ref())
        .map_err(|error| database(&error))?;
    let max_body = usize::try_from(config.max_body).unwrap_or(usize::MAX);
    let (writer, writing) =
        Writer::start(db, max_body, Arc::clone(&cache), level2, Arc::clone(&metrics))
            .map_err(|error| database(&error))?;

    let limits =
        Limits { max_body, max_depth: config.max_depth.into(), timeout: config.request_timeout };
    let app = Data::new(App {
        api_key: config.api_key.clone(),
        limits,
        budget: Budget::default(),
        cache,
        readers,
        writer,
        metrics,
        activity: Arc::default(),
    });
    // Also if that fails, as at an address in use, the rest is an orderly end.
    let served = rt::System::new().block_on(serve(&config, app));
    // With the last request the queues have lost their last handle: the threads do what waits in them, and end.
    let panicked = |_| "a thread of the database panicked".to_owned();
    for thread in reading {
        thread.join().map_err(panicked)?;
    }
    // The last connection that may write takes SQLite's log into the file, if nobody reads any more.
    let db = writing.join().map_err(panicked)?;
    db.close().map_err(|(_, error)| database(&error))?;
    drop(lock);
    served?;
    tracing::info!("stopped");
    Ok(())
}

async fn serve(config: &Config, app: Data<App>) -> Result<(), String> {
    let workers = match config.workers {
        Some(workers) => workers.into(),
        None => available_parallelism().map_err(|error| error.to_string())?.get(),
    };
    let connections = (config.max_connections as usize).div_ceil(workers);
    let activity = Arc::clone(&app.activity);
    let server = HttpServer::new(move || {
        Application::new().app_data(Data::clone(&app)).configure(routes::configure)
    })
    .workers(workers)
    .max_connections(connections)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(config.request_timeout)
    .client_disconnect_timeout(Duration::from_secs(1))
    .disable_signals()
    .bind(config.addr)
    .map_err(|error| format!("can't listen on {}: {error}", config.addr))?;

    if !config.addr.ip().is_loopback() && config.api_key.is_none() {
        tracing::warn!("anyone who reaches {} can read and write: set --api-key", config.addr);
    }
    for address in server.addrs() {
        tracing::info!("serving http://{address}");
    }
    let stop = stop_signal().map_err(|error| format!("signals: {error}"))?;
    let server = server.run();
    let (handle, timeout) = (server.handle(), config.shutdown_timeout);
    rt::spawn(async move {
        stop.await;
        tracing::info!("stopping");
        handle.pause().await;
        if tokio::time::timeout(timeout, rest(&activity)).await.is_err() {
            tracing::warn!("breaking off what takes too long");
        }
        handle.stop(false).await;
    });
    server.await.map_err(|error| error.to_string())
}

/// Ends once no request has been under way for a moment, in which the last answers are sent and those requests begin that were
/// sent already.
async fn rest(activity: &Activity) {
    const STEP: Duration = Duration::from_millis(20);
    activity.stop();
    let mut quiet = 0;
    while quiet < 10 {
        quiet = if activity.requests() == 0 { quiet + 1 } else { 0 };
        tokio::time::sleep(STEP).await;
    }
}

/// Ends with the first signal that asks for it.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
