-- Documents by their names. The text is JSON without white space between tokens, as it is served.
CREATE TABLE documents (
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    text       BLOB NOT NULL,
    UNIQUE (collection, id)
);

-- What the service itself remembers, by name.
CREATE TABLE state (
    name  TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

-- The number of the newest change: no two changes share one, deleted documents included.
INSERT INTO state (name, value) VALUES ('revision', 0);
