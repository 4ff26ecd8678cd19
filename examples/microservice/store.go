package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-sqlite3"

	"tandem.example/go/json"
)

var (
	errNotFound = errors.New("no such product")
	errSKUTaken = errors.New("another product has this SKU")
)

// A store is the catalogue in its SQLite file. SQLite has one writer at a time: writes queue for the one connection
// that may write, in place of failing as busy. Reads have connections of their own and, in WAL mode, never wait.
type store struct {
	write, read *sql.DB
}

// openStore opens or makes the file and brings its tables up to date. A write that was acknowledged is on the
// disk (synchronous FULL), and one that was cut off leaves no trace: the log is played back at the next opening.
func openStore(ctx context.Context, path string) (*store, error) {
	open := func(parameters string) (*sql.DB, error) {
		return sql.Open("sqlite3", "file:"+url.PathEscape(path)+"?_busy_timeout=5000&"+parameters)
	}
	write, err := open("_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), write.Close())
	}
	read, err := open("mode=ro")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &store{write, read}, nil
}

// close ends readers first: the last connection moves the log into the file.
func (s *store) close() error { return errors.Join(s.read.Close(), s.write.Close()) }

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the migrations that the file has not seen, all or none. Its user_version counts them.
func migrate(ctx context.Context, db *sql.DB) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	return transact(ctx, db, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(names) {
			return fmt.Errorf("written by a newer program: it is at version %d, this program knows %d", version, len(names))
		}
		for _, name := range names[version:] {
			text, err := migrations.ReadFile(name)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(names)))
		return err
	})
}

// transact commits what f does, unless it fails.
func transact(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

const columns = "id, sku, name, category, description, cents, stock, tags, updated"

func scan(row interface{ Scan(...any) error }) (Product, error) {
	var p Product
	var cents, updated int64
	err := row.Scan(&p.ID, &p.SKU, &p.Name, &p.Category, &p.Description, &cents, &p.Stock, &p.Tags, &updated)
	p.Price, p.Updated = float64(cents)/100, time.UnixMilli(updated).UTC()
	return p, known(err)
}

// get returns the product with that id, or errNotFound.
func (s *store) get(ctx context.Context, id int64) (Product, error) {
	return scan(s.read.QueryRowContext(ctx, "SELECT "+columns+" FROM products WHERE id = ?", id))
}

// A filter says which products a page lists: those after an id, by ids. That keeps each page as cheap as the first,
// and no product is seen twice or missed while others come and go.
type filter struct {
	category string   // "" for all
	words    []string // all of them, or what they begin, in the name or the description
	after    int64
	limit    int
}

func (f filter) query() (string, []any) {
	from, id, arguments := "products", "id", []any{}
	if len(f.words) > 0 {
		// The search finds ids in their order, so it ends with the page.
		from = "(SELECT docid FROM product_words WHERE product_words MATCH ?) CROSS JOIN products ON id = docid"
		id = "docid"
		arguments = append(arguments, `"`+strings.Join(f.words, `*" "`)+`*"`)
	}
	where := id + " > ?"
	arguments = append(arguments, f.after)
	if f.category != "" {
		where += " AND category = ?"
		arguments = append(arguments, f.category)
	}
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT ?", columns, from, where, id)
	return query, append(arguments, f.limit)
}

// words splits a search into words as the index does. No other character reaches it, so that none has a meaning there.
func words(search string) []string {
	return strings.FieldsFunc(search, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

func (s *store) list(ctx context.Context, f filter) ([]Product, error) {
	query, arguments := f.query()
	rows, err := s.read.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	products := []Product{} // not nil, so that an empty page is []
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return nil, err
		}
		products = append(products, p)
	}
	return products, rows.Err()
}

// insert adds a product and returns it as it is stored, with its id.
func (s *store) insert(ctx context.Context, p Product) (stored Product, err error) {
	err = transact(ctx, s.write, func(tx *sql.Tx) error {
		stored, err = scan(tx.QueryRowContext(ctx, `INSERT INTO products
			(sku, name, category, description, cents, stock, tags, updated)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING `+columns, p.values()...))
		return err
	})
	return stored, err
}

// update replaces the product with p's id, if check agrees with what is there, and returns it as it is stored.
func (s *store) update(ctx context.Context, p Product, check func(Product) error) (stored Product, err error) {
	err = s.change(ctx, p.ID, check, func(tx *sql.Tx) error {
		stored, err = scan(tx.QueryRowContext(ctx, `UPDATE products SET sku = ?, name = ?, category = ?, description = ?,
			cents = ?, stock = ?, tags = ?, updated = ? WHERE id = ? RETURNING `+columns, append(p.values(), p.ID)...))
		return err
	})
	return stored, err
}

// delete removes a product, if check agrees with what is there.
func (s *store) delete(ctx context.Context, id int64, check func(Product) error) error {
	return s.change(ctx, id, check, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM products WHERE id = ?", id)
		return err
	})
}

func (s *store) change(ctx context.Context, id int64, check func(Product) error, f func(*sql.Tx) error) error {
	return transact(ctx, s.write, func(tx *sql.Tx) error {
		before, err := scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM products WHERE id = ?", id))
		if err != nil {
			return err
		}
		if err := check(before); err != nil {
			return err
		}
		return f(tx)
	})
}

// upsert is for imports: a product that is there, by id or by SKU, is replaced, and left alone if nothing differs.
const upsert = `
	INSERT INTO products (sku, name, category, description, cents, stock, tags, updated, id)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0))
	ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, ` + assignments + `OR sku <> excluded.sku
	ON CONFLICT (sku) DO UPDATE SET ` + assignments

const assignments = `name = excluded.name, category = excluded.category, description = excluded.description,
	cents = excluded.cents, stock = excluded.stock, tags = excluded.tags, updated = excluded.updated
	WHERE (name, category, description, cents, stock, tags)
	IS NOT (excluded.name, excluded.category, excluded.description, excluded.cents, excluded.stock, excluded.tags) `

// A batch is a transaction of many upserts.
type batch struct {
	tx     *sql.Tx
	upsert *sql.Stmt
}

func (s *store) begin(ctx context.Context) (batch, error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return batch{}, err
	}
	statement, err := tx.PrepareContext(ctx, upsert)
	if err != nil {
		return batch{}, errors.Join(err, tx.Rollback())
	}
	return batch{tx, statement}, nil
}

// add puts a product into the batch. After errSKUTaken the batch goes on without it.
func (b batch) add(ctx context.Context, p Product) error {
	_, err := b.upsert.ExecContext(ctx, append(p.values(), p.ID)...)
	return known(err)
}

// values are the columns of a product that is stored now, without its id.
func (p Product) values() []any {
	return []any{p.SKU, p.Name, p.Category, p.Description, p.cents(), p.Stock, p.Tags, time.Now().UnixMilli()}
}

// Value stores tags as a JSON array.
func (t tags) Value() (driver.Value, error) {
	text, err := json.Marshal(append(tags{}, t...))
	return string(text), err
}

// Scan reads what Value stored.
func (t *tags) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("tags are %T in the database", value)
	}
	return json.Unmarshal([]byte(text), t)
}

// known gives the errors that requests may cause their names.
func known(err error) error {
	if e := (sqlite3.Error{}); errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique {
		return errSKUTaken
	}
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound
	}
	return err
}

// isBusy reports whether an error is due to others who use the database, and passes by itself.
func isBusy(err error) bool {
	e := sqlite3.Error{}
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) && e.Code == sqlite3.ErrBusy
}
