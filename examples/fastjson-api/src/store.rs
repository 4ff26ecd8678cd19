//! The database: one file of SQLite, in which one thread writes while several read.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::{fmt, fs, io};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use crate::document::{Collection, Document, Key};

/// Why the database did not do what was asked for.
#[derive(Clone, Debug)]
pub enum Error {
    /// More requests wait than may.
    Busy,
    /// It took longer than anyone should wait. A change may be made later.
    Late,
    /// The service is stopping.
    Stopped,
    /// The disk has no room for a change.
    Full,
    Database(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Error::Full,
            _ => Error::Database(error.to_string()),
        }
    }
}

/// Each brings the schema from the version that is its index to the next.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_documents.sql")];

/// Why a database can't be used.
#[derive(Debug)]
pub enum OpenError {
    File(io::Error),
    InUse,
    Newer(usize),
    Database(rusqlite::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::File(error) => error.fmt(f),
            OpenError::InUse => f.write_str("another process has it open"),
            OpenError::Newer(version) => write!(f, "a newer version made it (schema {version})"),
            OpenError::Database(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::File(error)
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        OpenError::Database(error)
    }
}

/// Keeps other processes of this service from a database: their caches would not see what this one writes.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Opens a database for writing, and creates it and its folder where there is none.
pub fn open(path: &Path) -> Result<(Connection, Lock), OpenError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let lock = File::options().create(true).truncate(false).write(true).open(lock)?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::InUse,
        TryLockError::Error(error) => OpenError::File(error),
    })?;
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // FULL: a commit is on disk when it returns, not only after the next checkpoint.
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    migrate(&mut db)?;
    Ok((db, Lock { _file: lock }))
}

/// Opens for reading a database that [`open`] has opened.
pub fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(db)
}

fn migrate(db: &mut Connection) -> Result<(), OpenError> {
    let version: usize = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > MIGRATIONS.len() {
        return Err(OpenError::Newer(version));
    }
    for (version, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = db.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
        tracing::info!(schema = version + 1, "migrated the database");
    }
    Ok(())
}

/// A document, None if there is none of that name.
pub fn read(db: &Connection, key: &Key) -> rusqlite::Result<Option<Document>> {
    db.prepare_cached("SELECT revision, text FROM documents WHERE collection = ? AND id = ?")?
        .query_row(params![key.collection(), key.id()], document)
        .optional()
}

/// The revision of a document, None if there is none of that name.
pub fn read_revision(db: &Connection, key: &Key) -> rusqlite::Result<Option<u64>> {
    db.prepare_cached("SELECT revision FROM documents WHERE collection = ? AND id = ?")?
        .query_row(params![key.collection(), key.id()], |row| row.get(0))
        .optional()
}

/// Keeps a document in place of an older one.
pub fn write(db: &Connection, key: &Key, document: &Document) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO documents (collection, id, revision, text) VALUES (?, ?, ?, ?)
         ON CONFLICT (collection, id) DO UPDATE SET revision = excluded.revision, text = excluded.text",
    )?
    .execute(params![key.collection(), key.id(), document.revision, &document.text[..]])?;
    Ok(())
}

pub fn delete(db: &Connection, key: &Key) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM documents WHERE collection = ? AND id = ?")?
        .execute(params![key.collection(), key.id()])?;
    Ok(())
}

/// Calls `visit` with the documents of a collection behind an id, in the order of their ids: with their ids, revisions and texts. Ends
/// after `limit` documents, or once they have [`PAGE_BYTES`]; if there are more then, returns the last id.
pub fn visit_page(
    db: &Connection,
    collection: &Collection,
    after: &str,
    limit: usize,
    mut visit: impl FnMut(&str, u64, &[u8]),
) -> rusqlite::Result<Option<String>> {
    let mut statement = db.prepare_cached(
        "SELECT id, revision, text FROM documents WHERE collection = ? AND id > ? ORDER BY id",
    )?;
    let mut rows = statement.query(params![collection.as_str(), after])?;
    let (mut last, mut count, mut bytes) = (String::new(), 0, 0);
    while let Some(row) = rows.next()? {
        if count == limit || bytes >= PAGE_BYTES {
            return Ok(Some(last));
        }
        let (id, text) = (row.get_ref(0)?.as_str()?, row.get_ref(2)?.as_blob()?);
        visit(id, row.get(1)?, text);
        last.clear();
        last.push_str(id);
        count += 1;
        bytes += text.len();
    }
    Ok(None)
}

/// What a page has at least before it ends short of its limit.
const PAGE_BYTES: usize = 1 << 20;

fn document(row: &Row) -> rusqlite::Result<Document> {
    let text = row.get_ref(1)?.as_blob()?;
    Ok(Document { revision: row.get(0)?, text: actix_web::web::Bytes::copy_from_slice(text) })
}

/// The state of a name, None if it was not set.
pub fn read_state<T: rusqlite::types::FromSql>(
    db: &Connection,
    name: &str,
) -> rusqlite::Result<Option<T>> {
    db.prepare_cached("SELECT value FROM state WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Sets the state of a name; None removes it.
pub fn write_state(
    db: &Connection,
    name: &str,
    value: Option<impl rusqlite::ToSql>,
) -> rusqlite::Result<()> {
    match value {
        Some(value) => db
            .prepare_cached("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)")?
            .execute(params![name, value])?,
        None => db.prepare_cached("DELETE FROM state WHERE name = ?")?.execute([name])?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_by_its_name() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        db.pragma_update(None, "max_page_count", 10).unwrap();
        let key = Key::parse("things", "a").unwrap();
        let document = Document { revision: 1, text: vec![b'1'; 1 << 20].into() };
        let error = write(&db, &key, &document).map_err(Error::from).unwrap_err();
        assert!(matches!(error, Error::Full), "{error:?}");
    }
}
