#ifndef TANDEM_H
#define TANDEM_H

/* Generated from src/ffi by `make header`. Do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Tandem: a JSON codec and a concurrent cache.
//
// Conventions, which hold wherever a function does not say otherwise:
//
// - Every function that can fail returns a `tandem_status`; 0 is success. Outputs are written only on
//   success, save handles, which are set to NULL first.
// - A slice is a pointer and a length in bytes. (NULL, 0) is the empty slice; NULL with a length above
//   zero is TANDEM_STATUS_INVALID_ARGUMENT, as is a NULL handle or output.
// - The library never keeps a pointer to the caller's memory after a function returns, and never
//   frees memory that it did not allocate.
// - Handles are freed by the `_free` function of their type, which accepts NULL. Functions that take
//   a handle as `const` may be called on it from many threads at once.
// - `error`, where a function takes one, may be NULL; otherwise it is filled in on failure.
// - No function calls back, starts a thread, installs a signal handler, prints, or aborts the process
//   on bad input. An internal error is reported as TANDEM_STATUS_PANIC.


// Size of the `message` of a `tandem_error`, with its final NUL.
#define TANDEM_ERROR_MESSAGE_SIZE 240

// No object may have two members of the same name, escapes apart. For `tandem_json_check`.
#define TANDEM_CHECK_UNIQUE_NAMES 1

// Strings and names must be UTF-8, without escapes of half a surrogate pair. For `tandem_json_check`.
#define TANDEM_CHECK_UTF8 2

// Numbers of open kind keep their text. For `tandem_shape_decode` and `tandem_shape_decode_values`.
#define TANDEM_DECODE_USE_NUMBER 1

// Members that the shape does not know are a mismatch. For `tandem_shape_decode` and `tandem_shape_decode_values`.
#define TANDEM_DECODE_DISALLOW_UNKNOWN 2

// Values are separated by commas. For `tandem_shape_decode_values`.
#define TANDEM_DECODE_COMMAS 4

// Member names that a shape knows are told by case; others are unknown. For `tandem_shape_decode` and
// `tandem_shape_decode_values`.
#define TANDEM_DECODE_EXACT_NAMES 8

// Strings that stand in the text as they are get their place there, and are not copied to the run's text. For
// `tandem_shape_decode` and `tandem_shape_decode_values`.
#define TANDEM_DECODE_BORROW 16

// Before each run stand the number of strings and that of numbers in values of open kind. For `tandem_shape_decode` and
// `tandem_shape_decode_values`.
#define TANDEM_DECODE_COUNT 32

// `<`, `>` and `&` in strings are escaped. For `tandem_shape_encode`.
#define TANDEM_ENCODE_ESCAPE_HTML 1

// Members of objects with values of one kind are written in the run's order. For `tandem_shape_encode`.
#define TANDEM_ENCODE_UNSORTED 2

// The `ttl` of an entry that lives for as long as the options of the cache say.
#define TANDEM_CACHE_TTL_DEFAULT 0

// The `ttl` of an entry that lives for ever.
#define TANDEM_CACHE_TTL_NONE UINT64_MAX

// The `ttl` of a value that lives as long as the one before it would have; without one, as with `TANDEM_CACHE_TTL_DEFAULT`.
#define TANDEM_CACHE_TTL_KEEP (UINT64_MAX - 1)

// `tandem_cache_store` stores in any case.
#define TANDEM_CACHE_STORE_ALWAYS 0

// `tandem_cache_store` stores if the key has no entry.
#define TANDEM_CACHE_STORE_ABSENT 1

// `tandem_cache_store` stores if the key has an entry.
#define TANDEM_CACHE_STORE_PRESENT 2

// `tandem_cache_store` stores if the key has an entry of a version.
#define TANDEM_CACHE_STORE_VERSION 3

// An entry went to make room.
#define TANDEM_CACHE_REMOVED_SIZE 1

// An entry went because its time was over.
#define TANDEM_CACHE_REMOVED_EXPIRED 2

// An entry went because a value was stored for its key.
#define TANDEM_CACHE_REMOVED_REPLACED 3

// An entry was removed by name, by its prefix, or with all others.
#define TANDEM_CACHE_REMOVED_DELETED 4

// What a function returns. Numbers are fixed: none is ever changed or used again.
enum tandem_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Success.
  TANDEM_STATUS_OK = 0,
  // An argument breaks the rules of its function: NULL where a pointer is needed, or a value
  // out of range.
  TANDEM_STATUS_INVALID_ARGUMENT = 1,
  // The library failed internally. The call had no effect that can be relied on, but the process
  // and the library's other handles are intact.
  TANDEM_STATUS_PANIC = 2,
  // The system refused memory.
  TANDEM_STATUS_OUT_OF_MEMORY = 3,
  // The output does not fit the buffer that the caller lent; the length it needs is reported.
  TANDEM_STATUS_BUFFER_TOO_SMALL = 4,
  // The text is not valid JSON.
  TANDEM_STATUS_SYNTAX = 5,
  // The JSON is valid, but does not fit the shape that it is decoded into.
  TANDEM_STATUS_MISMATCH = 6,
  // There is no such entry.
  TANDEM_STATUS_NOT_FOUND = 7,
  // The entry is larger than the cache may ever hold.
  TANDEM_STATUS_TOO_LARGE = 8,
  // The handle was closed.
  TANDEM_STATUS_CLOSED = 9,
  // The text is the beginning of a JSON value: more of it is needed.
  TANDEM_STATUS_INCOMPLETE = 10,
  // An object of the text has two members of the same name.
  TANDEM_STATUS_DUPLICATE_NAME = 11,
  // A string of the text is not UTF-8, or has half of a surrogate pair.
  TANDEM_STATUS_INVALID_UTF8 = 12,
  // Arrays and objects of the text are nested too deep.
  TANDEM_STATUS_TOO_DEEP = 13,
  // The entry is not what the operation asks for, such as of another version: nothing was changed.
  TANDEM_STATUS_CONFLICT = 14,
  // The value is not a number of 64 bits.
  TANDEM_STATUS_NOT_NUMBER = 15,
  // The sum is out of range.
  TANDEM_STATUS_OVERFLOW = 16,
  // It is no snapshot of a cache.
  TANDEM_STATUS_NOT_SNAPSHOT = 17,
  // The snapshot is of a version of the format that this library can't read.
  TANDEM_STATUS_SNAPSHOT_VERSION = 18,
  // The snapshot has another tag: its keys and values mean something else.
  TANDEM_STATUS_SNAPSHOT_TAG = 19,
  // The snapshot is damaged.
  TANDEM_STATUS_SNAPSHOT_DAMAGED = 20,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tandem_status tandem_status;
#else
typedef uint32_t tandem_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What kind of value a node is. Numbers are fixed.
enum tandem_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // null
  TANDEM_KIND_NULL = 0,
  // true or false
  TANDEM_KIND_BOOL = 1,
  // A number.
  TANDEM_KIND_NUMBER = 2,
  // A string, or a member's name.
  TANDEM_KIND_STRING = 3,
  // An array.
  TANDEM_KIND_ARRAY = 4,
  // An object.
  TANDEM_KIND_OBJECT = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tandem_kind tandem_kind;
#else
typedef uint32_t tandem_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A concurrent cache of byte strings with a limit in bytes that counts everything that it holds.
//
// Keys and values are copied in and out. All functions but `tandem_cache_free` may be called from many
// threads at once; a set that returned is visible to each later get. After `fork` only the parent may use it.
typedef struct tandem_cache tandem_cache;

// A clock that stands still until it is moved, for tests of what expires. Caches can share one.
typedef struct tandem_clock tandem_clock;

// A JSON text that was parsed once. Owned by the program, and never changed: any number of threads may read it at once.
typedef struct tandem_document tandem_document;

// What JSON values look like: described once, then used to decode and encode any number of texts.
//
// Decoding turns a text into a run, in which member names are numbers, numbers are binary and strings
// are unescaped; encoding turns a run into a text. docs/run.md describes the format of both, and of
// descriptions. Immutable: one shape may be used by many threads at once.
typedef struct tandem_shape tandem_shape;

// Why a function failed, for people. Owned by the caller; needs no initialisation and holds no
// memory to free.
typedef struct tandem_error {
  // What the function returned.
  tandem_status status;
  // Length of `message` in bytes, without its final NUL.
  uint32_t message_length;
  // Where the input is wrong: the 0-based byte offset of the first byte that can't be accepted,
  // or the input's length if more was expected. 0 where no input is to blame.
  uint64_t offset;
  // What is wrong: UTF-8, terminated by NUL, cut off where it is longer.
  char message[TANDEM_ERROR_MESSAGE_SIZE];
} tandem_error;

// What was seen so far of a JSON value that arrives in pieces. Owned by the caller, and begins as all zeros: to
// begin the next value, setting `position` to 0 is enough. Holds no memory to free.
typedef struct tandem_json_scanner {
  // Where in the grammar the next byte is.
  uint64_t position;
  // Which brackets are open.
  uint64_t brackets[157];
} tandem_json_scanner;

// A value of a document, or a member's name. Nodes are known by numbers, of which the root's is 0.
typedef struct tandem_node {
  // What it is.
  tandem_kind kind;
  // Whether it is `true`.
  bool is_true;
  // How many elements an array has, or members an object; 0 for other values.
  size_t count;
  // Where it begins in the text, and how many bytes it has there.
  size_t offset;
  // See `offset`.
  size_t length;
  // The first element, or the name of the first member; 0 if there is none.
  size_t first;
  // What follows in the array or object around it: the next element; behind a member's name its value; behind that the next
  // member's name; 0 at the end.
  size_t next;
} tandem_node;

// A slice of bytes that the caller owns.
typedef struct tandem_slice {
  // The first byte; may be NULL if there are none.
  const uint8_t *data;
  // How many there are.
  size_t length;
} tandem_slice;

// How far an array or object is decoded of which not all was there. Owned by the caller, and begins as all zeros. Holds no memory
// to free.
typedef struct tandem_decode_progress {
  // The offset in the text up to which it is decoded; where the value ends, its end.
  uint64_t position;
  // How many words that is.
  uint64_t words_length;
  // How many bytes of the run's text.
  uint64_t strings_length;
  // What is open there.
  uint64_t open[387];
} tandem_decode_progress;

// Settings of a cache. All zero is fine: then each has its default.
typedef struct tandem_cache_options {
  // The most memory that the cache may hold from the system, in bytes; at least 64 KiB. Address
  // space for it is set aside at once, memory only as it is used. 0: 64 MiB.
  uint64_t max_bytes;
  // The most entries that the cache may hold. 0: no limit.
  uint64_t max_entries;
  // How long entries live, in nanoseconds, for which a set does not say otherwise. 0: for ever.
  uint64_t ttl;
  // How long entries live, in nanoseconds, that are not used: each get puts the end off, but not beyond that of the `ttl`. 0:
  // for ever. Gets of a cache with this option take a lock that they share.
  uint64_t idle;
  // How large `tandem_cache_resize` may make `max_bytes`: address space is set aside for it. 0: four times `max_bytes`,
  // but not so much that the index would grow.
  uint64_t reserve;
  // How much of `max_bytes` is for entries that went, until `tandem_cache_take_removals` takes them. Those for which there is no
  // room left are dropped, and counted. 0: none are kept.
  uint64_t removal_bytes;
  // What tells the time, for tests; it may be freed before the cache. NULL: the system's monotonic clock.
  const struct tandem_clock *clock;
} tandem_cache_options;

// What is known of an entry besides its key and value.
typedef struct tandem_cache_meta {
  // Differs for each value that was ever stored for the key, as long as the cache lives; never 0.
  uint64_t version;
  // How long the entry will live, in nanoseconds, if it is not used; TANDEM_CACHE_TTL_NONE: for ever.
  uint64_t ttl;
} tandem_cache_meta;

// What happened since a cache was made, and what it holds. While other threads are at work, the numbers may be a few
// operations apart.
typedef struct tandem_cache_stats {
  // Reads that found their entry and had room for its value.
  uint64_t hits;
  // Reads that found none, or an expired one.
  uint64_t misses;
  // Entries stored, new and replaced.
  uint64_t sets;
  // Entries removed by `tandem_cache_delete`.
  uint64_t deletes;
  // Entries removed to make room.
  uint64_t evictions;
  // Entries removed because their time was over.
  uint64_t expirations;
  // Entries held, with those expired that are not removed yet.
  uint64_t entries;
  // Bytes held from the system, everything counted.
  uint64_t bytes;
  // The limit of `bytes`.
  uint64_t max_bytes;
  // Of `entries`, those that do not live for ever.
  uint64_t expiring;
  // Removals that there was no room for in the `removal_bytes` of the options.
  uint64_t removals_dropped;
} tandem_cache_stats;

// What somebody needs who looks for entries, and replaces values, without a call.
typedef struct tandem_cache_view {
  // A number made of all that readers have to know of the layout.
  uint64_t layout;
  // The directory of the index: words with the number of a segment that has a page of buckets, or UINT32_MAX, in the lower half.
  const uint64_t *directory;
  // How many places it has.
  uint64_t places;
  // The arena.
  const uint64_t *words;
  // How many words it has.
  uint64_t length;
  // Lines of 128 bytes with two counters each, of hits and of misses, to be added to atomically.
  uint64_t *reads;
  // How many lines there are.
  uint64_t lines;
  // The point at which the hash evaluates the polynomial of a key.
  uint64_t point;
  // What the hash combines the polynomial with.
  uint64_t offset;
  // The words of a segment are 2 to the power of this.
  uint32_t segment_shift;
  // The words of a granule, the unit of locations, are 2 to the power of this.
  uint32_t granule_shift;
  // The time of the cache's clock, in nanoseconds; 0 if that can't be read without a call.
  uint64_t now;
  // A word that is not 0 if there may be removals to take; NULL if none are kept.
  const uint64_t *pending;
  // The first shard. Who changes a word in it other than the lock, or in what it has, holds its lock.
  uint64_t *shards;
  // How many bytes behind it the next one is.
  uint32_t shard_bytes;
  // How many places of the directory each shard has, 2 to the power of this.
  uint32_t shard_shift;
} tandem_cache_view;

// How far tandem_cache_save has come. All zero is the beginning; the caller only keeps it.
typedef struct tandem_cache_saving {
  // Where the entries of the next block begin.
  uint64_t cursor;
  // How many entries were saved.
  uint64_t entries;
  // How many blocks were made.
  uint64_t blocks;
  // What comes next.
  uint64_t stage;
} tandem_cache_saving;

// How far tandem_cache_load has come. All zero is the beginning; the caller only keeps it, and reads `next`.
typedef struct tandem_cache_loading {
  // How many bytes of the snapshot the next call takes: none at first, and none when all was loaded.
  uint64_t next;
  // How many entries were read, with those that had expired or did not fit.
  uint64_t entries;
  // How many blocks were read.
  uint64_t blocks;
  // How many entries the snapshot is said to have.
  uint64_t expected;
  // The entries in the next block.
  uint32_t count;
  // The checksum of the next block.
  uint32_t checksum;
  // What comes next.
  uint64_t stage;
} tandem_cache_loading;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library, such as "0.1.0".
//
// @return a static string, NUL-terminated; never NULL. Safe from any thread.
const char *tandem_version(void);

// The revision within ABI 1: grows with each function that is added. A library of another ABI lacks
// this symbol, so that programs built for this header fail to link against it instead of crashing.
//
// @return the revision, from 1. Safe from any thread.
uint32_t tandem_abi_1(void);

// Checks that a text is one JSON value (RFC 8259), with white space around it at most. Strings may
// contain invalid UTF-8, and nesting deeper than 10,000 is refused, as in Go's `encoding/json`.
//
// @param text the text; not kept.
// @param text_length its length in bytes; 0 is a text that ends too early.
// @param error what is wrong and where; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_SYNTAX. Safe from any thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes; `error` is NULL or valid for writes.
tandem_status tandem_json_valid(const uint8_t *text,
                                size_t text_length,
                                struct tandem_error *error);

// Checks a text as tandem_json_valid does, and for what `flags` say.
//
// @param text the text; not kept.
// @param text_length its length in bytes.
// @param flags any of TANDEM_CHECK_*, added.
// @param max_depth how deep arrays and objects may be nested; 10,000 is the limit in any case.
// @param error what is wrong first, and where; may be NULL.
// @return TANDEM_STATUS_OK; TANDEM_STATUS_SYNTAX; TANDEM_STATUS_DUPLICATE_NAME, at the second of two names;
// TANDEM_STATUS_INVALID_UTF8; TANDEM_STATUS_TOO_DEEP; or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes; `error` is NULL or valid for writes.
tandem_status tandem_json_check(const uint8_t *text,
                                size_t text_length,
                                uint32_t flags,
                                size_t max_depth,
                                struct tandem_error *error);

// Copies a JSON text without the white space between its tokens, and checks it as tandem_json_valid
// does. The result is never longer than the text.
//
// @param text the text; not kept.
// @param text_length its length in bytes.
// @param output where the result goes, without a final NUL; must not overlap `text`. Holds nothing of use
//        unless the function succeeds.
// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
// @param length receives the length of the result, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param error what is wrong and where; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any
//         thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes, `output` for writes of `capacity` bytes; `length`
// is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_json_compact(const uint8_t *text,
                                  size_t text_length,
                                  uint8_t *output,
                                  size_t capacity,
                                  size_t *length,
                                  struct tandem_error *error);

// Copies a JSON text with each element and member on a line of its own, and checks it as
// tandem_json_valid does. White space after the value is kept; empty arrays and objects stay on one line.
//
// @param text the text; not kept.
// @param text_length its length in bytes.
// @param prefix what each line but the first begins with; not kept.
// @param prefix_length its length in bytes.
// @param indent what follows the prefix, once for each array and object around the line; not kept.
// @param indent_length its length in bytes.
// @param output where the result goes, without a final NUL; must not overlap the inputs. Holds nothing of
//        use unless the function succeeds.
// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
// @param length receives the length of the result, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param error what is wrong and where; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX, TANDEM_STATUS_BUFFER_TOO_SMALL or
//         TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
//
// # Safety
// `text`, `prefix` and `indent` are valid for reads of as many bytes as their lengths say, `output` for
// writes of `capacity` bytes; `length` is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_json_indent(const uint8_t *text,
                                 size_t text_length,
                                 const uint8_t *prefix,
                                 size_t prefix_length,
                                 const uint8_t *indent,
                                 size_t indent_length,
                                 uint8_t *output,
                                 size_t capacity,
                                 size_t *length,
                                 struct tandem_error *error);

// Copies a text with `<`, `>`, `&`, U+2028 and U+2029 as escapes (`\u003c` and so on), so that JSON can
// stand inside of a script element in HTML. The text is not checked. The result is at most six
// times as long as the text.
//
// @param text the text; not kept.
// @param text_length its length in bytes.
// @param output where the result goes, without a final NUL; must not overlap `text`. Holds nothing of use
//        unless the function succeeds.
// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
// @param length receives the length of the result, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes, `output` for writes of `capacity` bytes; `length`
// is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_json_html_escape(const uint8_t *text,
                                      size_t text_length,
                                      uint8_t *output,
                                      size_t capacity,
                                      size_t *length,
                                      struct tandem_error *error);

// Line and column of a byte, to show where an error's `offset` is.
//
// @param text the text; not kept.
// @param text_length its length in bytes.
// @param offset the byte's offset; beyond the text it counts as the text's end.
// @param line receives the line, from 1; lines end with LF.
// @param column receives the column within the line in bytes, from 1.
// @param error what is wrong with the arguments; may be NULL.
// @return TANDEM_STATUS_OK. Safe from any thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes; `line` and `column` are valid for writes; `error`
// is NULL or valid for writes.
tandem_status tandem_json_position(const uint8_t *text,
                                   size_t text_length,
                                   uint64_t offset,
                                   size_t *line,
                                   size_t *column,
                                   struct tandem_error *error);

// Looks for the end of a JSON value in the next piece of a text. However the text is cut, each byte is looked at
// once, and the first that can't be accepted is found in its piece.
//
// An array or object ends with its bracket. A string, a number or a literal ends before the byte that follows it; at the
// end of the text, a piece of one space tells whether the value is complete. Strings may contain invalid UTF-8, and
// nesting deeper than 10,000 is refused, as by tandem_json_valid. White space may come before the value.
//
// @param scanner the scanner.
// @param text the piece; not kept.
// @param text_length its length in bytes.
// @param length receives how many bytes of the piece belong to the value, if it ends.
// @param error what is wrong and where in the piece; may be NULL.
// @return TANDEM_STATUS_OK, if the value ends; TANDEM_STATUS_INCOMPLETE, if more is needed; TANDEM_STATUS_SYNTAX. Only after
// TANDEM_STATUS_INCOMPLETE may the scanner be used again as it is. Safe from any thread, but not for one scanner at once.
//
// # Safety
// `scanner` is valid for reads and writes; `text` is valid for reads of `text_length` bytes; `length` is valid for
// writes; `error` is NULL or valid for writes.
tandem_status tandem_json_scanner_scan(struct tandem_json_scanner *scanner,
                                       const uint8_t *text,
                                       size_t text_length,
                                       size_t *length,
                                       struct tandem_error *error);

// Parses a JSON text. All of it is checked, as by tandem_json_valid.
//
// @param text the text, which is copied. At 2 GiB and more it is too large.
// @param text_length its length in bytes.
// @param output the new document, to be freed with `tandem_document_free`; NULL on failure.
// @param error what is wrong with the text and where; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX, TANDEM_STATUS_TOO_LARGE or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes; `output` is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_document_new(const uint8_t *text,
                                  size_t text_length,
                                  struct tandem_document **output,
                                  struct tandem_error *error);

// Frees a document.
//
// @param document the document, which no other thread may be using; NULL does nothing.
//
// # Safety
// `document` is NULL or came from `tandem_document_new` and was not freed before.
void tandem_document_free(struct tandem_document *document);

// Tells what a node is, and which are next to it.
//
// @param document the document.
// @param node the node's number; 0 for the root.
// @param output what it is.
// @param error what is wrong with the arguments; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `document` came from `tandem_document_new`; `output` is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_document_node(const struct tandem_document *document,
                                   size_t node,
                                   struct tandem_node *output,
                                   struct tandem_error *error);

// Finds the value that a JSON Pointer (RFC 6901) leads to. Of members with the same name the last one counts.
//
// @param document the document.
// @param node where the pointer begins; 0 for the root.
// @param pointer the pointer, in UTF-8; the empty one leads to `node`. Not kept.
// @param pointer_length its length in bytes.
// @param output the node.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `document` came from `tandem_document_new`; `pointer` is valid for reads of `pointer_length` bytes; `output` is valid for
// writes; `error` is NULL or valid for writes.
tandem_status tandem_document_find(const struct tandem_document *document,
                                   size_t node,
                                   const uint8_t *pointer,
                                   size_t pointer_length,
                                   size_t *output,
                                   struct tandem_error *error);

// Finds the values that several JSON Pointers lead to, in one call.
//
// @param document the document.
// @param node where the pointers begin; 0 for the root.
// @param pointers the pointers, as for `tandem_document_find`; not kept.
// @param count how many there are.
// @param output receives as many nodes; SIZE_MAX for each pointer that leads to no value.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT, with which `output` holds nothing of use. Safe from any thread.
//
// # Safety
// `document` came from `tandem_document_new`; `pointers` is valid for reads of `count` slices, and each of these for reads;
// `output` is valid for writes of `count` nodes; `error` is NULL or valid for writes.
tandem_status tandem_document_find_many(const struct tandem_document *document,
                                        size_t node,
                                        const struct tandem_slice *pointers,
                                        size_t count,
                                        size_t *output,
                                        struct tandem_error *error);

// Reads a string or a member's name, without quotes and with its escapes resolved. What is no character becomes U+FFFD.
//
// @param document the document.
// @param node the string.
// @param output where its UTF-8 goes, without a final NUL.
// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
// @param length receives the length, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, TANDEM_STATUS_INVALID_ARGUMENT; TANDEM_STATUS_MISMATCH for other
// values. Safe from any thread.
//
// # Safety
// `document` came from `tandem_document_new`; `output` is valid for writes of `capacity` bytes; `length` is valid for writes;
// `error` is NULL or valid for writes.
tandem_status tandem_document_string(const struct tandem_document *document,
                                     size_t node,
                                     uint8_t *output,
                                     size_t capacity,
                                     size_t *length,
                                     struct tandem_error *error);

// Reads a number that is an integer without fraction and exponent; -0 is 0, whose sign tandem_document_double tells.
//
// @param document the document.
// @param node the number.
// @param output the integer.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT; TANDEM_STATUS_MISMATCH for other values, and numbers that are no
// such integer or do not fit. Safe from any thread.
//
// # Safety
// `document` came from `tandem_document_new`; `output` is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_document_int64(const struct tandem_document *document,
                                    size_t node,
                                    int64_t *output,
                                    struct tandem_error *error);

// As tandem_document_int64, for integers from 0 to 2^64 - 1.
//
// @param document the document.
// @param node the number.
// @param output the integer.
// @param error what is wrong; may be NULL.
// @return as tandem_document_int64.
//
// # Safety
// As for tandem_document_int64.
tandem_status tandem_document_uint64(const struct tandem_document *document,
                                     size_t node,
                                     uint64_t *output,
                                     struct tandem_error *error);

// Reads a number as the double that is closest to it. The text of a number that needs more is at its offset.
//
// @param document the document.
// @param node the number.
// @param output the double, which is finite.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT; TANDEM_STATUS_MISMATCH for other values, and numbers that are too
// large. Safe from any thread.
//
// # Safety
// As for tandem_document_int64.
tandem_status tandem_document_double(const struct tandem_document *document,
                                     size_t node,
                                     double *output,
                                     struct tandem_error *error);

// Writes a value without white space between its tokens.
//
// @param document the document.
// @param node the value.
// @param output where the text goes, without a final NUL.
// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
// @param length receives the length of the text, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `document` came from `tandem_document_new`; `output` is valid for writes of `capacity` bytes; `length` is valid for writes;
// `error` is NULL or valid for writes.
tandem_status tandem_document_compact(const struct tandem_document *document,
                                      size_t node,
                                      uint8_t *output,
                                      size_t capacity,
                                      size_t *length,
                                      struct tandem_error *error);

// Writes a value as tandem_json_indent formats it.
//
// @param document the document.
// @param node the value.
// @param prefix what each line but the first begins with; not kept.
// @param prefix_length its length in bytes.
// @param indent what follows the prefix, once for each array and object around the line; not kept.
// @param indent_length its length in bytes.
// @param output where the text goes, without a final NUL; must not overlap the inputs.
// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
// @param length receives the length of the text, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, TANDEM_STATUS_INVALID_ARGUMENT or TANDEM_STATUS_OUT_OF_MEMORY. Safe
// from any thread.
//
// # Safety
// As for tandem_document_compact; `prefix` and `indent` are valid for reads of as many bytes as their lengths say.
tandem_status tandem_document_indent(const struct tandem_document *document,
                                     size_t node,
                                     const uint8_t *prefix,
                                     size_t prefix_length,
                                     const uint8_t *indent,
                                     size_t indent_length,
                                     uint8_t *output,
                                     size_t capacity,
                                     size_t *length,
                                     struct tandem_error *error);

// Parses a JSON text into a tape in memory of the caller's, for bindings that read it in a language of their own.
// docs/run.md has the tape's format.
//
// @param text the text; not kept. At 2 GiB and more it is too large.
// @param text_length its length in bytes.
// @param words where the tape goes. `text_length + 10004` words are always enough, a quarter of
//        `text_length` mostly.
// @param words_capacity how many words fit there.
// @param words_length how many words were written.
// @param error what is wrong with the text and where; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX, TANDEM_STATUS_TOO_LARGE or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any
// thread.
//
// # Safety
// `text` is valid for reads of `text_length` bytes, `words` for writes of `words_capacity` words, `words_length` for writes;
// `error` is NULL or valid for writes.
tandem_status tandem_json_tape(const uint8_t *text,
                               size_t text_length,
                               uint64_t *words,
                               size_t words_capacity,
                               size_t *words_length,
                               struct tandem_error *error);

// Makes a shape of its description.
//
// @param description see docs/run.md; not kept.
// @param description_length its length in bytes.
// @param output the new shape, to be freed with `tandem_shape_free`; NULL on failure.
// @param error what is wrong with the description and where; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `description` is valid for reads of `description_length` bytes; `output` is valid for writes; `error`
// is NULL or valid for writes.
tandem_status tandem_shape_new(const uint8_t *description,
                               size_t description_length,
                               struct tandem_shape **output,
                               struct tandem_error *error);

// Frees a shape.
//
// @param shape the shape, which no other thread may be using; NULL does nothing.
//
// # Safety
// `shape` is NULL or came from `tandem_shape_new` and was not freed before.
void tandem_shape_free(struct tandem_shape *shape);

// Decodes a JSON text into a run.
//
// The whole text is checked before success is reported. `text_length + 8` words and `3 * text_length`
// bytes are always enough; usually a quarter of the words and once the bytes are.
//
// @param shape the shape.
// @param text the text; not kept. At 2 GiB and more it is a mismatch.
// @param text_length its length in bytes.
// @param flags any of TANDEM_DECODE_*, added.
// @param words where the run's words go.
// @param words_capacity how many words fit there.
// @param strings where the run's text goes.
// @param strings_capacity how many bytes fit there.
// @param words_length how many words were written.
// @param strings_length how many bytes were written.
// @param error what is wrong and where; may be NULL.
// @return TANDEM_STATUS_OK; TANDEM_STATUS_SYNTAX; TANDEM_STATUS_MISMATCH, if a value does not fit its node or
// arrays and objects are nested more than 256 deep (the text may be malformed elsewhere); or
// TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any thread.
//
// # Safety
// `shape` came from `tandem_shape_new`; `text` is valid for reads of `text_length` bytes; the buffers are
// valid for writes of their capacities, the lengths for writes; `error` is NULL or valid for writes.
tandem_status tandem_shape_decode(const struct tandem_shape *shape,
                                  const uint8_t *text,
                                  size_t text_length,
                                  uint32_t flags,
                                  uint64_t *words,
                                  size_t words_capacity,
                                  uint8_t *strings,
                                  size_t strings_capacity,
                                  size_t *words_length,
                                  size_t *strings_length,
                                  struct tandem_error *error);

// Decodes the JSON values that a text begins with, which follow each other with nothing or white space between them, or with
// commas.
//
// Ends before a value that can't be decoded, that does not fit the buffers, or that may go on behind the text: an array
// or object that is not closed, or any other value that nothing follows. If that leaves nothing, it is a failure.
//
// @param shape the shape of each of the values.
// @param text the text; not kept. At 2 GiB and more it is a mismatch.
// @param text_length its length in bytes.
// @param flags any of TANDEM_DECODE_*, added.
// @param limit the offset from which on no value is begun, save the first.
// @param words where the runs go, before each of them a word with the offset of the byte behind its value.
// @param words_capacity how many words fit there.
// @param strings where the runs' text goes.
// @param strings_capacity how many bytes fit there.
// @param count how many values were decoded.
// @param words_length how many words were written for them.
// @param strings_length how many bytes were written for them.
// @param error what is wrong with the first value and where; may be NULL.
// @return TANDEM_STATUS_OK; TANDEM_STATUS_INCOMPLETE, if all of the text may be the beginning of the first value;
// TANDEM_STATUS_SYNTAX; TANDEM_STATUS_MISMATCH and TANDEM_STATUS_BUFFER_TOO_SMALL as for `tandem_shape_decode`. Safe
// from any thread.
//
// # Safety
// As for `tandem_shape_decode`; `count` is valid for writes.
tandem_status tandem_shape_decode_values(const struct tandem_shape *shape,
                                         const uint8_t *text,
                                         size_t text_length,
                                         uint32_t flags,
                                         size_t limit,
                                         uint64_t *words,
                                         size_t words_capacity,
                                         uint8_t *strings,
                                         size_t strings_capacity,
                                         size_t *count,
                                         size_t *words_length,
                                         size_t *strings_length,
                                         struct tandem_error *error);

// Decodes the array or object that a text begins with, as `tandem_shape_decode_values` does, or what is there of it. When more is there,
// the next call goes on, so that each part of the text is decoded once, save for what is between `position` and its end.
//
// The next call after TANDEM_STATUS_INCOMPLETE or TANDEM_STATUS_BUFFER_TOO_SMALL is to be given the same shape and flags, the same text with what
// follows, and buffers that begin with as many words and bytes as `progress` says: the same ones, or larger ones that these were
// copied to. After any other status, the next call begins with another value.
//
// @param shape the shape.
// @param text the text; not kept. At 2 GiB and more it is a mismatch.
// @param text_length its length in bytes.
// @param flags TANDEM_DECODE_*, added, save for TANDEM_DECODE_BORROW, which is a mismatch.
// @param words where the run goes, before it a word with the offset of the byte behind the value.
// @param words_capacity how many words fit there.
// @param strings where the run's text goes.
// @param strings_capacity how many bytes fit there.
// @param progress how far the value is decoded.
// @param error what is wrong and where; may be NULL.
// @return TANDEM_STATUS_OK; TANDEM_STATUS_INCOMPLETE; TANDEM_STATUS_SYNTAX; TANDEM_STATUS_MISMATCH, also for a value that is neither
// an array nor an object; TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any thread, but not for one progress at once.
//
// # Safety
// As for `tandem_shape_decode`; `progress` is valid for reads and writes, and so many words and bytes of the buffers as it says were
// written.
tandem_status tandem_shape_decode_part(const struct tandem_shape *shape,
                                       const uint8_t *text,
                                       size_t text_length,
                                       uint32_t flags,
                                       uint64_t *words,
                                       size_t words_capacity,
                                       uint8_t *strings,
                                       size_t strings_capacity,
                                       struct tandem_decode_progress *progress,
                                       struct tandem_error *error);

// Encodes a run as compact JSON.
//
// @param shape the shape.
// @param words the run's words; not kept.
// @param words_length how many there are.
// @param strings the run's text; not kept.
// @param strings_length its length in bytes. More than the run needs is ignored; 32 bytes more make it faster.
// @param flags any of TANDEM_ENCODE_*, added.
// @param output where the JSON text goes.
// @param output_capacity how many bytes fit there.
// @param output_length how many bytes were written.
// @param error what is wrong; may be NULL.
// @return TANDEM_STATUS_OK; TANDEM_STATUS_INVALID_ARGUMENT, if the run does not fit the shape;
// TANDEM_STATUS_MISMATCH, if a value has no form in JSON; or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe
// from any thread.
//
// # Safety
// `shape` came from `tandem_shape_new`; `words` and `strings` are valid for reads of their lengths; `output`
// is valid for writes of `output_capacity` bytes, `output_length` for writes; `error` is NULL or valid for
// writes.
tandem_status tandem_shape_encode(const struct tandem_shape *shape,
                                  const uint64_t *words,
                                  size_t words_length,
                                  const uint8_t *strings,
                                  size_t strings_length,
                                  uint32_t flags,
                                  uint8_t *output,
                                  size_t output_capacity,
                                  size_t *output_length,
                                  struct tandem_error *error);

// Makes a clock.
//
// @param output the new clock, to be freed with `tandem_clock_free`; NULL on failure.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `output` is valid for writes.
tandem_status tandem_clock_new(struct tandem_clock **output);

// Moves a clock forward.
//
// @param clock the clock.
// @param time by how much, in nanoseconds.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `clock` is a clock that was not freed.
tandem_status tandem_clock_advance(const struct tandem_clock *clock, uint64_t time);

// Frees a clock. For the caches that were made with it, time stands still from then on.
//
// @param clock the clock; NULL does nothing.
//
// # Safety
// `clock` is NULL or a clock that was not freed, which nothing but caches uses any more.
void tandem_clock_free(struct tandem_clock *clock);

// Makes a cache.
//
// @param options NULL for defaults; not kept.
// @param output the new cache, to be freed with `tandem_cache_free`; NULL on failure.
// @param error which option is wrong; may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT, or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
//
// # Safety
// `options` is NULL or valid for reads, as is its `clock`; `output` is valid for writes; `error` is NULL or valid for writes.
tandem_status tandem_cache_new(const struct tandem_cache_options *options,
                               struct tandem_cache **output,
                               struct tandem_error *error);

// Copies the value of a key into the caller's buffer.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key, which is a key like any other.
// @param key_length its length in bytes.
// @param value where the value goes, which must not overlap the key; (NULL, 0) asks for its length only.
// @param value_capacity how many bytes may be written there.
// @param value_length the length of the value; also written with TANDEM_STATUS_BUFFER_TOO_SMALL. Another thread may have
// stored a longer one by the time that the call is repeated.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND if there is no such entry, it expired or the cache
// was closed, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `value` for
// writes of `value_capacity` bytes, `value_length` for writes.
tandem_status tandem_cache_get(const struct tandem_cache *cache,
                               const uint8_t *key,
                               size_t key_length,
                               uint8_t *value,
                               size_t value_capacity,
                               size_t *value_length);

// Copies the value of a key into the caller's buffer, as tandem_cache_get does, with what else is known of the entry.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param value where the value goes, which must not overlap the key; (NULL, 0) asks for its length only.
// @param value_capacity how many bytes may be written there.
// @param value_length the length of the value; also written with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param meta version and time to live.
// @return as for tandem_cache_get. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `value` for
// writes of `value_capacity` bytes, `value_length` and `meta` for writes.
tandem_status tandem_cache_get_with_meta(const struct tandem_cache *cache,
                                         const uint8_t *key,
                                         size_t key_length,
                                         uint8_t *value,
                                         size_t value_capacity,
                                         size_t *value_length,
                                         struct tandem_cache_meta *meta);

// Copies the value of a key into the caller's buffer without a use of the entry: that counts as neither hit nor miss, and puts
// neither its eviction nor its end off.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param value where the value goes, which must not overlap the key; (NULL, 0) asks for its length only.
// @param value_capacity how many bytes may be written there.
// @param value_length the length of the value; also written with TANDEM_STATUS_BUFFER_TOO_SMALL.
// @param meta version and time to live.
// @return as for tandem_cache_get. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `value` for
// writes of `value_capacity` bytes, `value_length` and `meta` for writes.
tandem_status tandem_cache_peek(const struct tandem_cache *cache,
                                const uint8_t *key,
                                size_t key_length,
                                uint8_t *value,
                                size_t value_capacity,
                                size_t *value_length,
                                struct tandem_cache_meta *meta);

// Stores a value for a key, in place of an older one. Evicts other entries if room is needed.
//
// @param cache the cache.
// @param key copied; (NULL, 0) is the empty key, which is a key like any other.
// @param key_length its length in bytes.
// @param value copied; (NULL, 0) is the empty value.
// @param value_length its length in bytes.
// @param ttl how long the entry lives, in nanoseconds; TANDEM_CACHE_TTL_DEFAULT: as long as the options of the
// cache say, TANDEM_CACHE_TTL_NONE: for ever, TANDEM_CACHE_TTL_KEEP: as long as the value before would have.
// @param error may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_TOO_LARGE if the entry can never fit, TANDEM_STATUS_OUT_OF_MEMORY,
// TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` and `value` are valid for reads of their lengths; `error` is NULL or
// valid for writes.
tandem_status tandem_cache_set(const struct tandem_cache *cache,
                               const uint8_t *key,
                               size_t key_length,
                               const uint8_t *value,
                               size_t value_length,
                               uint64_t ttl,
                               struct tandem_error *error);

// Stores a value as tandem_cache_set does, for a caller that has hashed the key in order to look at the memory of the cache.
//
// @param cache the cache.
// @param hash the hash of the key, made with the `point` and the `offset` of tandem_cache_get_view.
// @param key as for tandem_cache_set, as are all that follow.
// @param key_length its length in bytes.
// @param value copied.
// @param value_length its length in bytes.
// @param ttl how long the entry lives, in nanoseconds.
// @param error may be NULL.
// @return as for tandem_cache_set. Safe from any thread.
//
// # Safety
// As for tandem_cache_set; and `hash` is the hash of the key.
tandem_status tandem_cache_set_hashed(const struct tandem_cache *cache,
                                      uint64_t hash,
                                      const uint8_t *key,
                                      size_t key_length,
                                      const uint8_t *value,
                                      size_t value_length,
                                      uint64_t ttl,
                                      struct tandem_error *error);

// Stores a value for a key if a condition holds. Nobody else changes the entry between the look and that.
//
// @param cache the cache.
// @param key copied; (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param value copied; (NULL, 0) is the empty value.
// @param value_length its length in bytes.
// @param ttl how long the entry lives, as for tandem_cache_set.
// @param condition one of TANDEM_CACHE_STORE_*.
// @param version the version that the entry must have, with TANDEM_CACHE_STORE_VERSION; else it is not looked at.
// @param stored the version of what was stored; may be NULL.
// @param error may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_CONFLICT if the condition does not hold, and those of tandem_cache_set. Safe from any
// thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` and `value` are valid for reads of their lengths; `stored` and `error` are
// NULL or valid for writes.
tandem_status tandem_cache_store(const struct tandem_cache *cache,
                                 const uint8_t *key,
                                 size_t key_length,
                                 const uint8_t *value,
                                 size_t value_length,
                                 uint64_t ttl,
                                 uint32_t condition,
                                 uint64_t version,
                                 uint64_t *stored,
                                 struct tandem_error *error);

// Adds to a number of 64 bits in the processor's order, 0 if there is none. The entry lives as long as it would have.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param delta what is added; may be negative.
// @param sum the number that is there then.
// @param error may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_NUMBER if the value has not 8 bytes, TANDEM_STATUS_OVERFLOW, and those of
// tandem_cache_set. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `sum` for writes; `error` is NULL
// or valid for writes.
tandem_status tandem_cache_increment(const struct tandem_cache *cache,
                                     const uint8_t *key,
                                     size_t key_length,
                                     int64_t delta,
                                     int64_t *sum,
                                     struct tandem_error *error);

// Appends to the value of a key, to an empty one if there is none. The entry lives as long as it would have.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param suffix copied; (NULL, 0) is nothing.
// @param suffix_length its length in bytes.
// @param value_length the length of the value then; may be NULL.
// @param error may be NULL.
// @return as for tandem_cache_set. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` and `suffix` are valid for reads of their lengths; `value_length` and `error` are
// NULL or valid for writes.
tandem_status tandem_cache_append(const struct tandem_cache *cache,
                                  const uint8_t *key,
                                  size_t key_length,
                                  const uint8_t *suffix,
                                  size_t suffix_length,
                                  size_t *value_length,
                                  struct tandem_error *error);

// Removes the entry of a key.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND if there was none that had not expired, or
// TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes.
tandem_status tandem_cache_delete(const struct tandem_cache *cache,
                                  const uint8_t *key,
                                  size_t key_length);

// Removes the entry of a key if it has a version.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param version the version that the entry must have.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_CONFLICT if there is no entry, or one of another version, TANDEM_STATUS_CLOSED, or
// TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes.
tandem_status tandem_cache_compare_and_delete(const struct tandem_cache *cache,
                                              const uint8_t *key,
                                              size_t key_length,
                                              uint64_t version);

// Removes the entries whose keys begin with a prefix. No other call waits long for this one. An entry that other threads store
// meanwhile may stay.
//
// @param cache the cache.
// @param prefix (NULL, 0) is that of all keys.
// @param prefix_length its length in bytes.
// @param deleted how many entries were removed; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `prefix` is valid for reads of `prefix_length` bytes; `deleted` is NULL or valid for
// writes.
tandem_status tandem_cache_delete_prefix(const struct tandem_cache *cache,
                                         const uint8_t *prefix,
                                         size_t prefix_length,
                                         uint64_t *deleted);

// How long an entry will live.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param ttl the time that is left, in nanoseconds; TANDEM_CACHE_TTL_NONE if the entry lives for ever.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes, `ttl` for writes.
tandem_status tandem_cache_ttl(const struct tandem_cache *cache,
                               const uint8_t *key,
                               size_t key_length,
                               uint64_t *ttl);

// Lets an entry live for another time from now on. That does not count as a use of it.
//
// @param cache the cache.
// @param key (NULL, 0) is the empty key.
// @param key_length its length in bytes.
// @param ttl how long it lives, in nanoseconds, as for `tandem_cache_set`.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `key` is valid for reads of `key_length` bytes.
tandem_status tandem_cache_touch(const struct tandem_cache *cache,
                                 const uint8_t *key,
                                 size_t key_length,
                                 uint64_t ttl);

// Lists keys, some at a time, while the cache is in use. What is in the cache all the while is listed, and once; other
// entries may be.
//
// @param cache the cache.
// @param cursor where to go on: 0 at first, then what the last call gave.
// @param count about how many keys to list; at least one is if there are any.
// @param keys where the keys go, each as its length (4 bytes, in the processor's order) and its bytes.
// @param keys_capacity how many bytes may be written there.
// @param keys_length how many were written; with TANDEM_STATUS_BUFFER_TOO_SMALL, how many are needed.
// @param next where the next call goes on; 0 after the last key.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `keys` is valid for writes of `keys_capacity` bytes, `keys_length` and
// `next` for writes.
tandem_status tandem_cache_scan(const struct tandem_cache *cache,
                                uint64_t cursor,
                                size_t count,
                                uint8_t *keys,
                                size_t keys_capacity,
                                size_t *keys_length,
                                uint64_t *next);

// Counts from now on which entries are found most, so that tandem_cache_hot_keys can tell. Each get takes a lock meanwhile. The
// counters are part of what the cache holds. A watch that there was ends.
//
// @param cache the cache.
// @param count how many keys are to be told; 0 only ends the watch.
// @param error may be NULL.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_OUT_OF_MEMORY, TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any
// thread.
//
// # Safety
// `cache` is a cache that was not freed; `error` is NULL or valid for writes.
tandem_status tandem_cache_watch_hot_keys(const struct tandem_cache *cache,
                                          size_t count,
                                          struct tandem_error *error);

// Lists the keys whose entries were found most since tandem_cache_watch_hot_keys was called, if they are still there, the
// first one most; none without a watch.
//
// @param cache the cache.
// @param count how many keys to list, at most.
// @param keys where the keys go, each as the number of times that it was found at least (8 bytes, in the processor's order), its
// length (4 bytes) and its bytes.
// @param keys_capacity how many bytes may be written there.
// @param keys_length how many were written; with TANDEM_STATUS_BUFFER_TOO_SMALL, how many are needed.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `keys` is valid for writes of `keys_capacity` bytes, `keys_length` for writes.
tandem_status tandem_cache_hot_keys(const struct tandem_cache *cache,
                                    size_t count,
                                    uint8_t *keys,
                                    size_t keys_capacity,
                                    size_t *keys_length);

// Removes what has expired, which else waits for other entries to be stored. To be called from time to time if the memory of
// expired entries matters; does little if there are none.
//
// @param cache the cache.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed.
tandem_status tandem_cache_clean_up(const struct tandem_cache *cache);

// Changes the limit of a cache. With a lower one, entries go and memory is given back before this returns.
//
// @param cache the cache.
// @param max_bytes the new limit, as in the options; at most what their `reserve` says.
// @param error what is wrong with the limit; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `error` is NULL or valid for writes.
tandem_status tandem_cache_resize(const struct tandem_cache *cache,
                                  uint64_t max_bytes,
                                  struct tandem_error *error);

// Removes all entries and gives their memory back. Entries that other threads store meanwhile may stay.
//
// @param cache the cache.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed.
tandem_status tandem_cache_clear(const struct tandem_cache *cache);

// The number of entries, with those expired that are not removed yet.
//
// @param cache the cache; NULL has none.
// @return the number of entries. Safe from any thread.
//
// # Safety
// `cache` is NULL or a cache that was not freed.
uint64_t tandem_cache_len(const struct tandem_cache *cache);

// What happened since the cache was made, and what it holds. Also tells of a closed cache.
//
// @param cache the cache.
// @param output the statistics.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `output` is valid for writes.
tandem_status tandem_cache_get_stats(const struct tandem_cache *cache,
                                     struct tandem_cache_stats *output);

// Where the memory of a cache is, for who looks for entries and replaces values without a call. The layout is that of this version of
// the library only: `docs/design.md` describes it, and who uses it must know `layout`.
//
// @param cache the cache.
// @param output addresses in the cache, which stay valid until it is freed, and numbers.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `output` is valid for writes.
tandem_status tandem_cache_get_view(const struct tandem_cache *cache,
                                    struct tandem_cache_view *output);

// Wakes one who waits for a shard, for who took its lock without a call and found, giving it up, that there are any.
//
// @param cache the cache.
// @param hash a hash of the shard, made with the `point` and the `offset` of tandem_cache_get_view.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed.
tandem_status tandem_cache_wake(const struct tandem_cache *cache,
                                uint64_t hash);

// Empties a cache for good and gives its memory back, save the handle itself: from here on nothing is found and
// sets return TANDEM_STATUS_CLOSED. What it had is no removal; those before can be taken yet. Other threads may be using the
// cache. Closing again does nothing.
//
// @param cache the cache.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed.
tandem_status tandem_cache_close(const struct tandem_cache *cache);

// Frees a cache, closed or not. No other thread may be using it, then or later.
//
// @param cache the cache; NULL does nothing.
//
// # Safety
// `cache` is NULL or a cache that was not freed, which nothing uses any more.
void tandem_cache_free(struct tandem_cache *cache);

// Copies the values of many keys into the caller's buffer, one after another. That is faster than one call for each.
//
// @param cache the cache.
// @param keys the bytes of the keys, one after another; not kept.
// @param keys_length how many bytes these are.
// @param key_lengths how many bytes each key has.
// @param count how many keys there are.
// @param values where the values go, in the order of the keys; must not overlap the inputs.
// @param values_capacity how many bytes may be written there.
// @param value_lengths the lengths of the values; SIZE_MAX for a key that has none.
// @param values_length how many bytes the values have together; also written, as are their lengths, with
// TANDEM_STATUS_BUFFER_TOO_SMALL.
// @return TANDEM_STATUS_OK, also if keys have no entries, TANDEM_STATUS_BUFFER_TOO_SMALL, or TANDEM_STATUS_INVALID_ARGUMENT. Safe
// from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `keys` is valid for reads of `keys_length` bytes, `key_lengths` for reads of `count`
// numbers, `values` for writes of `values_capacity` bytes, `value_lengths` for writes of `count` numbers, `values_length` for
// writes.
tandem_status tandem_cache_get_many(const struct tandem_cache *cache,
                                    const uint8_t *keys,
                                    size_t keys_length,
                                    const size_t *key_lengths,
                                    size_t count,
                                    uint8_t *values,
                                    size_t values_capacity,
                                    size_t *value_lengths,
                                    size_t *values_length);

// Stores values for many keys, each as tandem_cache_set does, in their order. An entry that can't be stored is left out.
//
// @param cache the cache.
// @param keys the bytes of the keys, one after another; not kept.
// @param keys_length how many bytes these are.
// @param key_lengths how many bytes each key has.
// @param count how many keys there are.
// @param values the bytes of the values, one after another; not kept.
// @param values_length how many bytes these are.
// @param value_lengths how many bytes each value has.
// @param ttl how long the entries live, as for tandem_cache_set.
// @param stored how many were stored, also if not all were; may be NULL.
// @param error may be NULL.
// @return TANDEM_STATUS_OK if all were stored, or else what tandem_cache_set returns for the first that was not. Safe from any
// thread.
//
// # Safety
// `cache` is a cache that was not freed; `keys` and `values` are valid for reads of their lengths, `key_lengths` and
// `value_lengths` for reads of `count` numbers; `stored` and `error` are NULL or valid for writes.
tandem_status tandem_cache_set_many(const struct tandem_cache *cache,
                                    const uint8_t *keys,
                                    size_t keys_length,
                                    const size_t *key_lengths,
                                    size_t count,
                                    const uint8_t *values,
                                    size_t values_length,
                                    const size_t *value_lengths,
                                    uint64_t ttl,
                                    size_t *stored,
                                    struct tandem_error *error);

// Removes the entries of many keys.
//
// @param cache the cache.
// @param keys the bytes of the keys, one after another; not kept.
// @param keys_length how many bytes these are.
// @param key_lengths how many bytes each key has.
// @param count how many keys there are.
// @param deleted how many had one that had not expired; may be NULL.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `keys` is valid for reads of `keys_length` bytes, `key_lengths` for reads of `count`
// numbers; `deleted` is NULL or valid for writes.
tandem_status tandem_cache_delete_many(const struct tandem_cache *cache,
                                       const uint8_t *keys,
                                       size_t keys_length,
                                       const size_t *key_lengths,
                                       size_t count,
                                       size_t *deleted);

// Makes the next block of a snapshot, some hundred KiB or as much as an entry takes, while the cache is in use. All blocks one
// after the other are a snapshot. What is in the cache all the while is in it, and once; other entries may be.
//
// @param cache the cache.
// @param saving how far it has come; all zero at first. Changed only on success.
// @param tag what keys and values mean; only who has the same can load them. (NULL, 0) is the empty one. The same for all blocks.
// @param tag_length its length in bytes.
// @param block where the block goes.
// @param block_capacity how many bytes may be written there; 1 MiB is enough unless entries are large.
// @param block_length the length of the block, 0 when there is no other one; also written with TANDEM_STATUS_BUFFER_TOO_SMALL. It may
// have become longer by the time that the call is repeated.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe
// from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `saving` is valid for reads and writes, `tag` for reads of `tag_length` bytes,
// `block` for writes of `block_capacity` bytes, `block_length` for writes.
tandem_status tandem_cache_save(const struct tandem_cache *cache,
                                struct tandem_cache_saving *saving,
                                const uint8_t *tag,
                                size_t tag_length,
                                uint8_t *block,
                                size_t block_capacity,
                                size_t *block_length);

// Goes past the next piece of a snapshot if that has entries. Any thread can load it then, at any time, by one call of
// tandem_cache_load with that piece and `later`.
//
// @param loading how far it has come.
// @param later what the piece is loaded with; all zero if it has no entries, and is to be loaded with `loading`.
// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `loading` is valid for reads and writes, `later` for writes.
tandem_status tandem_cache_load_later(struct tandem_cache_loading *loading,
                                      struct tandem_cache_loading *later);

// Loads the next piece of a snapshot. It is called with `loading->next` bytes at a time, none the first time, until that is 0
// again. If the snapshot ends before, it was cut off.
//
// Entries that have expired are left out, and those that the cache has already, which were stored since, or that are too large for
// it. Entries are loaded when their whole block is proven to be what was written: an error may come after some.
//
// @param cache the cache.
// @param loading how far it has come; all zero at first. Changed only on success.
// @param tag that with which the snapshot was made.
// @param tag_length its length in bytes.
// @param piece the next bytes of the snapshot.
// @param piece_length how many these are, which must be `loading->next`. A snapshot that somebody forged may ask for any number.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_SNAPSHOT, TANDEM_STATUS_SNAPSHOT_VERSION, TANDEM_STATUS_SNAPSHOT_TAG,
// TANDEM_STATUS_SNAPSHOT_DAMAGED, TANDEM_STATUS_CLOSED, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
//
// # Safety
// `cache` is a cache that was not freed; `loading` is valid for reads and writes, `tag` for reads of `tag_length` bytes,
// `piece` for reads of `piece_length` bytes.
tandem_status tandem_cache_load(const struct tandem_cache *cache,
                                struct tandem_cache_loading *loading,
                                const uint8_t *tag,
                                size_t tag_length,
                                const uint8_t *piece,
                                size_t piece_length);

// Takes entries that went, of a cache whose options have `removal_bytes`. Those of a key come in the order in which they went;
// a thread that wants to keep that order must be the only one that calls this. Does little if there are none.
//
// @param cache the cache, closed or not.
// @param removals where they go, each as its reason (4 bytes, one of TANDEM_CACHE_REMOVED_...), the length of its key (4 bytes) and of its
// value (8 bytes), all in the processor's order, its key and its value.
// @param removals_capacity how many bytes may be written there; there may be more removals than fit.
// @param removals_length how many were written, 0 if there is no removal; with TANDEM_STATUS_BUFFER_TOO_SMALL, how many the first one
// needs.
// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL if not even one fits, or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any
// thread.
//
// # Safety
// `cache` is a cache that was not freed; `removals` is valid for writes of `removals_capacity` bytes, `removals_length` for writes.
tandem_status tandem_cache_take_removals(const struct tandem_cache *cache,
                                         uint8_t *removals,
                                         size_t removals_capacity,
                                         size_t *removals_length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TANDEM_H */

#ifndef TANDEM_ABI_REQUIRED
#define TANDEM_ABI_REQUIRED
// The header and the library must agree on the ABI: a program that includes this header does not
// link against a library of another ABI.
#if defined(__GNUC__)
__attribute__((used)) static uint32_t (*const tandem_abi_required)(void) = tandem_abi_1;
#endif
#endif /* TANDEM_ABI_REQUIRED */
