// json: checks, compacts or indents a JSON text.
//
//     json [--check | --compact | --indent N] [FILE]
//
// Reads FILE, or the standard input if there is none or it is `-`; writes to the standard output. Indents
// by two spaces if no option says otherwise. Exits with 0 if the text is valid JSON, 1 if it is not
// (after `FILE:LINE:COLUMN: what is wrong` on the standard error), 2 for any other failure.

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem.h>

enum { VALID = 0, INVALID = 1, FAILED = 2 };

enum { MAX_INDENT = 64 };

enum action { CHECK, COMPACT, INDENT };

struct text {
  uint8_t *bytes;
  size_t length;
};

static int usage(FILE *stream, int exit_code) {
  fputs("usage: json [--check | --compact | --indent N] [FILE]\n", stream);
  return exit_code;
}

// Reads all of a stream into memory; false after an error, which `errno` tells.
static bool read_all(FILE *stream, struct text *text) {
  size_t capacity = 0;
  text->bytes = NULL;
  text->length = 0;
  for (;;) {
    if (text->length == capacity) {
      size_t larger = capacity == 0 ? 1 << 16 : 2 * capacity;
      uint8_t *bytes = larger > capacity ? realloc(text->bytes, larger) : NULL;
      if (bytes == NULL) {
        errno = ENOMEM;
        return false;
      }
      text->bytes = bytes;
      capacity = larger;
    }
    text->length += fread(text->bytes + text->length, 1, capacity - text->length, stream);
    if (ferror(stream)) {
      return false;
    }
    if (feof(stream)) {
      return true;
    }
  }
}

// Compacts or indents `text` into memory that the caller frees. If the first guess at its size is too small,
// the library says how much it needs.
static tandem_status render(enum action action, size_t indent, const struct text *text,
                            struct text *result, tandem_error *error) {
  uint8_t spaces[MAX_INDENT];
  memset(spaces, ' ', sizeof spaces);
  size_t capacity = action == COMPACT ? text->length : text->length + text->length / 2;
  for (;;) {
    result->bytes = malloc(capacity > 0 ? capacity : 1);
    if (result->bytes == NULL) {
      return TANDEM_STATUS_OUT_OF_MEMORY;
    }
    tandem_status status =
        action == COMPACT
            ? tandem_json_compact(text->bytes, text->length, result->bytes, capacity,
                                  &result->length, error)
            : tandem_json_indent(text->bytes, text->length, NULL, 0, spaces, indent, result->bytes,
                                 capacity, &result->length, error);
    if (status == TANDEM_STATUS_OK) {
      return status;
    }
    free(result->bytes);
    result->bytes = NULL;
    if (status != TANDEM_STATUS_BUFFER_TOO_SMALL) {
      return status;
    }
    capacity = result->length;
  }
}

// Writes a text, which is not empty, and ends its last line; false after an error, which `errno` tells.
static bool write_text(const struct text *text) {
  fwrite(text->bytes, 1, text->length, stdout);
  if (text->bytes[text->length - 1] != '\n') {
    putchar('\n');
  }
  // What is still buffered may fail to be written, too.
  return fflush(stdout) == 0 && !ferror(stdout);
}

static int process(enum action action, size_t indent, const char *name, const struct text *text) {
  tandem_error error;
  struct text result = {NULL, 0};
  tandem_status status = action == CHECK
                             ? tandem_json_valid(text->bytes, text->length, &error)
                             : render(action, indent, text, &result, &error);
  int exit_code = VALID;
  switch (status) {
  case TANDEM_STATUS_OK:
    if (action != CHECK && !write_text(&result)) {
      fprintf(stderr, "json: standard output: %s\n", strerror(errno));
      exit_code = FAILED;
    }
    break;
  case TANDEM_STATUS_SYNTAX: {
    size_t line = 0;
    size_t column = 0;
    tandem_json_position(text->bytes, text->length, error.offset, &line, &column, NULL);
    fprintf(stderr, "%s:%zu:%zu: %s\n", name, line, column, error.message);
    exit_code = INVALID;
    break;
  }
  case TANDEM_STATUS_OUT_OF_MEMORY:
    fprintf(stderr, "json: %s: out of memory\n", name);
    exit_code = FAILED;
    break;
  default:
    fprintf(stderr, "json: %s: %s\n", name, error.message);
    exit_code = FAILED;
  }
  free(result.bytes);
  return exit_code;
}

int main(int argc, char **argv) {
  enum action action = INDENT;
  size_t indent = 2;
  const char *file = NULL;
  bool options = true;
  for (int i = 1; i < argc; i++) {
    const char *argument = argv[i];
    if (!options || argument[0] != '-' || strcmp(argument, "-") == 0) {
      if (file != NULL) {
        return usage(stderr, FAILED);
      }
      file = argument;
    } else if (strcmp(argument, "--") == 0) {
      options = false;
    } else if (strcmp(argument, "--check") == 0) {
      action = CHECK;
    } else if (strcmp(argument, "--compact") == 0) {
      action = COMPACT;
    } else if (strcmp(argument, "--indent") == 0 && i + 1 < argc) {
      char *end;
      const char *number = argv[++i];
      unsigned long value = strtoul(number, &end, 10);
      if (number[0] < '0' || number[0] > '9' || *end != '\0' || value > MAX_INDENT) {
        fprintf(stderr, "json: --indent takes a number from 0 to %d\n", MAX_INDENT);
        return FAILED;
      }
      action = INDENT;
      indent = value;
    } else if (strcmp(argument, "--help") == 0) {
      return usage(stdout, VALID);
    } else {
      return usage(stderr, FAILED);
    }
  }

  FILE *stream = stdin;
  const char *name = "<stdin>";
  if (file != NULL && strcmp(file, "-") != 0) {
    name = file;
    stream = fopen(file, "rb");
    if (stream == NULL) {
      fprintf(stderr, "json: %s: %s\n", name, strerror(errno));
      return FAILED;
    }
  }
  struct text text;
  int exit_code = FAILED;
  if (read_all(stream, &text)) {
    exit_code = process(action, indent, name, &text);
  } else {
    fprintf(stderr, "json: %s: %s\n", name, strerror(errno));
  }
  free(text.bytes);
  if (stream != stdin) {
    fclose(stream);
  }
  return exit_code;
}
