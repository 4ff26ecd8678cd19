// Operations on JSON texts: results, errors with their places, and arguments that are refused.

#include "check.h"

static void valid(void) {
  static const struct {
    const char *text;
    tandem_status status;
    uint64_t offset;
  } cases[] = {
      {"null", TANDEM_STATUS_OK, 0},
      {" {\"a\":[1,2.5e3,\"\\u00e4\",true]}\n", TANDEM_STATUS_OK, 0},
      {"", TANDEM_STATUS_SYNTAX, 0},
      {"[1,]", TANDEM_STATUS_SYNTAX, 3},
      {"{\"a\" 1}", TANDEM_STATUS_SYNTAX, 5},
      {"[1] 2", TANDEM_STATUS_SYNTAX, 4},
      {"\"abc", TANDEM_STATUS_SYNTAX, 4},
      {"[\"a string of more than thirty-two bytes, cut o", TANDEM_STATUS_SYNTAX, 47},
      {"01", TANDEM_STATUS_SYNTAX, 1},
      {"nul", TANDEM_STATUS_SYNTAX, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t length = strlen(cases[i].text);
    uint8_t *text = bytes_of(cases[i].text);
    struct tandem_error error = {.offset = 999};
    tandem_status status = tandem_json_valid(text, length, &error);
    uint64_t offset = status == TANDEM_STATUS_OK ? 0 : error.offset;
    if (status != cases[i].status || offset != cases[i].offset) {
      fprintf(stderr, "%s: status %u at %llu\n", cases[i].text, status, (unsigned long long)offset);
      failures++;
    }
    if (status == TANDEM_STATUS_OK) {
      CHECK(error.offset == 999); // left alone
    } else {
      CHECK(error.status == status && error.message_length == strlen(error.message));
      CHECK(error.message_length > 0);
    }
    CHECK(tandem_json_valid(text, length, NULL) == status);
    free(text);
  }
}

// What the grammar allows may be refused nevertheless.
static void checked(void) {
  static const struct {
    const char *text;
    uint32_t flags;
    size_t max_depth;
    tandem_status status;
    uint64_t offset;
  } cases[] = {
      {"{\"a\":1,\"\\u0061\":2}", 0, 1, TANDEM_STATUS_OK, 0},
      {"{\"a\":1,\"\\u0061\":2}", TANDEM_CHECK_UNIQUE_NAMES, 1, TANDEM_STATUS_DUPLICATE_NAME, 7},
      {"[\"\xff\"]", TANDEM_CHECK_UNIQUE_NAMES, 1, TANDEM_STATUS_OK, 0},
      {"[\"\xff\"]", TANDEM_CHECK_UTF8, 1, TANDEM_STATUS_INVALID_UTF8, 2},
      {"[\"\\ud800\"]", TANDEM_CHECK_UTF8, 1, TANDEM_STATUS_INVALID_UTF8, 2},
      {"[[]]", 0, 1, TANDEM_STATUS_TOO_DEEP, 1},
      {"[]", 0, 0, TANDEM_STATUS_TOO_DEEP, 0},
      {"[1,]", TANDEM_CHECK_UNIQUE_NAMES | TANDEM_CHECK_UTF8, SIZE_MAX, TANDEM_STATUS_SYNTAX, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t *text = bytes_of(cases[i].text);
    struct tandem_error error = {.offset = 0};
    tandem_status status =
        tandem_json_check(text, strlen(cases[i].text), cases[i].flags, cases[i].max_depth, &error);
    if (status != cases[i].status || error.offset != cases[i].offset) {
      fprintf(stderr, "%s: status %u at %llu\n", cases[i].text, status, (unsigned long long)error.offset);
      failures++;
    }
    free(text);
  }
  CHECK(tandem_json_check(NULL, 1, 0, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
}

enum operation { COMPACT, INDENT, HTML_ESCAPE };

static tandem_status run(enum operation operation, const uint8_t *text, size_t text_length,
                         uint8_t *output, size_t capacity, size_t *length) {
  switch (operation) {
  case COMPACT:
    return tandem_json_compact(text, text_length, output, capacity, length, NULL);
  case INDENT:
    return tandem_json_indent(text, text_length, (const uint8_t *)">", 1, (const uint8_t *)"\t", 1,
                              output, capacity, length, NULL);
  default:
    return tandem_json_html_escape(text, text_length, output, capacity, length, NULL);
  }
}

// Each operation with buffers of every size from none to one byte too many.
static void outputs(void) {
  static const struct {
    enum operation operation;
    const char *text;
    const char *want;
  } cases[] = {
      {COMPACT, " [ 1 , \"a b\" , { } ]\n", "[1,\"a b\",{}]"},
      {COMPACT, "{\"key\" : \"a value of more than thirty-two bytes, kept\"}",
       "{\"key\":\"a value of more than thirty-two bytes, kept\"}"},
      {INDENT, "[1,{\"a\":[]}]", "[\n>\t1,\n>\t{\n>\t\t\"a\": []\n>\t}\n>]"},
      {HTML_ESCAPE, "\"<a&b>\xe2\x80\xa8\"", "\"\\u003ca\\u0026b\\u003e\\u2028\""},
      {HTML_ESCAPE, "", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t text_length = strlen(cases[i].text), want_length = strlen(cases[i].want);
    uint8_t *text = bytes_of(cases[i].text);
    for (size_t capacity = 0; capacity <= want_length + 1; capacity++) {
      uint8_t *output = block(capacity);
      size_t length = 999;
      tandem_status status = run(cases[i].operation, text, text_length, output, capacity, &length);
      CHECK(length == want_length);
      if (capacity < want_length) {
        CHECK(status == TANDEM_STATUS_BUFFER_TOO_SMALL);
      } else {
        CHECK(status == TANDEM_STATUS_OK && memcmp(output, cases[i].want, length) == 0);
      }
      free(output);
    }
    free(text);
  }
  size_t length = 999;
  CHECK(run(COMPACT, (const uint8_t *)"[", 1, NULL, 0, &length) == TANDEM_STATUS_SYNTAX);
  CHECK(length == 999);
}

// Values in pieces of every size, behind each other in one text.
static void scanner(void) {
  static const char text[] = " {\"a b\": [1, -2.5e3, \"\\u00e4\"]} true\"x\"\n12 nul";
  static const size_t ends[] = {31, 36, 39, 42};
  size_t text_length = sizeof text - 1;
  uint8_t *bytes = bytes_of(text);
  for (size_t size = 1; size <= text_length; size++) {
    struct tandem_json_scanner scanner = {0};
    size_t at = 0, values = 0;
    while (at < text_length) {
      size_t piece = size < text_length - at ? size : text_length - at, length = 999;
      tandem_status status = tandem_json_scanner_scan(&scanner, bytes + at, piece, &length, NULL);
      if (status == TANDEM_STATUS_OK) {
        at += length;
        CHECK(values < 4 && at == ends[values]);
        values++;
        scanner.position = 0;
      } else {
        CHECK(status == TANDEM_STATUS_INCOMPLETE && length == 999);
        at += piece;
      }
    }
    CHECK(values == 4);
    // The text's end is no end of `nul`.
    size_t length = 999;
    struct tandem_error error;
    CHECK(tandem_json_scanner_scan(&scanner, (const uint8_t *)" ", 1, &length, &error) == TANDEM_STATUS_SYNTAX);
    CHECK(error.offset == 0 && error.message_length > 0 && length == 999);
  }
  free(bytes);

  size_t length = 999;
  struct tandem_json_scanner broken;
  memset(&broken, 0xFF, sizeof broken);
  CHECK(tandem_json_scanner_scan(&broken, (const uint8_t *)"]", 1, &length, NULL) == TANDEM_STATUS_SYNTAX);
  struct tandem_json_scanner fresh = {0};
  CHECK(tandem_json_scanner_scan(&fresh, NULL, 0, &length, NULL) == TANDEM_STATUS_INCOMPLETE);
  CHECK(tandem_json_scanner_scan(NULL, NULL, 0, &length, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_json_scanner_scan(&fresh, NULL, 1, &length, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_json_scanner_scan(&fresh, (const uint8_t *)"1", 1, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(length == 999);
}

static void positions(void) {
  static const struct {
    uint64_t offset;
    size_t line, column;
  } cases[] = {{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {6, 3, 2}, {99, 3, 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t line = 0, column = 0;
    tandem_status status =
        tandem_json_position((const uint8_t *)"ab\nc\nd", 6, cases[i].offset, &line, &column, NULL);
    CHECK(status == TANDEM_STATUS_OK && line == cases[i].line && column == cases[i].column);
  }
}

static void refused(void) {
  const uint8_t *text = (const uint8_t *)"1";
  uint8_t output[1];
  size_t length = 999, other = 999;
  struct tandem_error error;
  CHECK(tandem_json_valid(NULL, 1, &error) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(strcmp(error.message, "argument `text` is NULL") == 0);
  CHECK(tandem_json_valid(text, SIZE_MAX, &error) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(strcmp(error.message, "argument `text` is too long") == 0);
  CHECK(tandem_json_valid(NULL, 0, NULL) == TANDEM_STATUS_SYNTAX); // an empty text, not a wrong argument
  CHECK(run(COMPACT, NULL, 1, output, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(run(COMPACT, text, 1, NULL, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(run(COMPACT, text, 1, output, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(run(INDENT, text, 1, NULL, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(run(HTML_ESCAPE, text, 1, output, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_json_indent(text, 1, NULL, 1, NULL, 0, output, 1, &length, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_json_position(text, 1, 0, NULL, &other, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_json_position(text, 1, 0, &other, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(length == 999 && other == 999);
}

int main(void) {
  valid();
  checked();
  outputs();
  scanner();
  positions();
  refused();
  return result();
}
