package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	_ "github.com/mattn/go-sqlite3"
)

// serve is the route as an ordinary Go service has it: a row is read, decoded and encoded for each request.
func serve(path, address string) error {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE documents (
		collection TEXT, id TEXT, revision INTEGER, text BLOB, PRIMARY KEY (collection, id))`)
	if err != nil {
		return err
	}
	read, err := db.Prepare("SELECT revision, text FROM documents WHERE collection = ? AND id = ?")
	if err != nil {
		return err
	}
	defer read.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/{collection}/{id}", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || !json.Valid(text) {
			http.Error(w, "the body is no JSON", http.StatusBadRequest)
			return
		}
		_, err = db.ExecContext(r.Context(), `INSERT INTO documents VALUES (?, ?, 1, ?)
			ON CONFLICT DO UPDATE SET revision = revision + 1, text = excluded.text`,
			r.PathValue("collection"), r.PathValue("id"), text)
		if err != nil {
			fail(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /v1/{collection}/{id}", func(w http.ResponseWriter, r *http.Request) {
		var revision int64
		var text []byte
		err := read.QueryRowContext(r.Context(), r.PathValue("collection"), r.PathValue("id")).Scan(&revision, &text)
		if errors.Is(err, sql.ErrNoRows) {
			http.NotFound(w, r)
			return
		}
		var document any
		if err == nil {
			err = json.Unmarshal(text, &document)
		}
		if err == nil {
			text, err = json.Marshal(document)
		}
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprint(revision)))
		_, _ = w.Write(text)
	})
	return http.ListenAndServe(address, mux)
}

func fail(w http.ResponseWriter, err error) {
	slog.Error("a request failed", "error", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}
