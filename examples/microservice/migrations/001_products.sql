CREATE TABLE products (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
    sku         TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    category    TEXT    NOT NULL,
    description TEXT    NOT NULL,
    cents       INTEGER NOT NULL CHECK (cents >= 0),
    stock       INTEGER NOT NULL CHECK (stock >= 0),
    tags        TEXT    NOT NULL CHECK (json_valid(tags)), -- array of strings
    updated     INTEGER NOT NULL                           -- milliseconds since 1970
) STRICT;

-- A page of a category is one range of this index.
CREATE INDEX products_by_category ON products (category, id);
