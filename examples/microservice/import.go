package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// fill imports the file that was asked for. Without one, an empty database is given sample products, and one that
// has products is left as it is.
func fill(ctx context.Context, store *store, c config, stdout, stderr *os.File) error {
	i := importer{store: store, stderr: stderr, terminal: isTerminal(stderr)}
	if c.data == "" {
		present, err := store.list(ctx, filter{limit: 1})
		if err != nil {
			return err
		}
		if len(present) > 0 {
			fmt.Fprintf(stdout, "Using %s as it was left.\n", c.db)
			return nil
		}
		if err := i.run(ctx, samples); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Filled %s with %d sample products (make run-microservice DATA=FILE imports yours).\n", c.db, i.committed)
		return nil
	}

	file, err := os.Open(c.data)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	i.source, i.size = filepath.Base(c.data), info.Size()
	begin := time.Now()
	err = i.run(ctx, readRecords(file))
	i.clear()
	if err != nil {
		return fmt.Errorf("the import of %s ended early, after %d products: %w", c.data, i.committed, err)
	}
	fmt.Fprintf(stdout, "Imported %d products from %s into %s in %.1f s; refused %d records.\n",
		i.committed, c.data, c.db, time.Since(begin).Seconds(), i.refused)
	if i.committed == 0 {
		fmt.Fprintf(stdout, "A file of products is a JSON array, or has one product a line, such as:\n  %s\n",
			`{"sku":"TEA-1","name":"Sencha","category":"tea","price":7.9}`)
	}
	return nil
}

const (
	// batchSize is the number of products in a transaction: so many that commits take little of the time. Samples are
	// fewer, and so all there or none.
	batchSize = 5000
	// maxReported bounds the refused records that are told one by one.
	maxReported = 20
)

// An importer puts records into the store, and tells whoever waits how it goes.
type importer struct {
	store    *store
	stderr   io.Writer
	terminal bool
	source   string
	size     int64 // in bytes, if known

	shown                        time.Time
	imported, committed, refused int
}

func (i *importer) run(ctx context.Context, records iter.Seq[record]) error {
	b, err := i.store.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = b.tx.Rollback() }() // after a commit it does nothing
	for r := range records {
		if ctx.Err() != nil {
			return errors.New("it was interrupted")
		}
		i.progress(r.read)
		if r.err == nil {
			r.err = b.add(ctx, r.product)
			if r.err != nil && !errors.Is(r.err, errSKUTaken) {
				return r.err
			}
		}
		if r.err != nil {
			i.refuse(r)
			continue
		}
		if i.imported++; i.imported%batchSize == 0 {
			if err := b.tx.Commit(); err != nil {
				return err
			}
			i.committed = i.imported
			if b, err = i.store.begin(ctx); err != nil {
				return err
			}
		}
	}
	if err := b.tx.Commit(); err != nil {
		return err
	}
	i.committed = i.imported
	return nil
}

func (i *importer) refuse(r record) {
	i.refused++
	if i.refused > maxReported {
		return
	}
	i.clear()
	fmt.Fprintf(i.stderr, "%s:%d: %v\n", i.source, r.line, r.err)
	if i.refused == maxReported {
		fmt.Fprintln(i.stderr, "Further refused records are only counted.")
	}
}

// progress shows on a terminal how much of the file is read.
func (i *importer) progress(read int64) {
	if i.terminal && i.size > 0 && time.Since(i.shown) > 100*time.Millisecond {
		i.shown = time.Now()
		fmt.Fprintf(i.stderr, "\rImporting %s: %d products, %d %%", i.source, i.imported, 100*read/i.size)
	}
}

// clear removes the progress from its line.
func (i *importer) clear() {
	if i.terminal {
		fmt.Fprint(i.stderr, "\r\x1b[K")
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
