// What the C tests share: a check that goes on after a failure, and memory whose ends sanitizers watch.

#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem.h>

static _Atomic int failures = 0;

static inline void check(bool holds, const char *file, int line, const char *condition) {
  if (!holds) {
    failures++;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
  }
}

#define CHECK(condition) check(condition, __FILE__, __LINE__, #condition)

// The end of a test's `main`.
static inline int result(void) { return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE; }

// A block of exactly this size, so that one byte too far is seen; freed by the caller.
static inline uint8_t *block(size_t size) {
  uint8_t *bytes = malloc(size > 0 ? size : 1);
  if (bytes == NULL) {
    abort();
  }
  return bytes;
}

// A copy of a string, without its NUL, in a block of its own.
static inline uint8_t *bytes_of(const char *text) {
  size_t length = strlen(text);
  uint8_t *bytes = block(length);
  memcpy(bytes, text, length);
  return bytes;
}

#endif
