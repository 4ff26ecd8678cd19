// Documents: parsed once, walked, read through buffers of every size, searched and rendered.

#include <math.h>

#include "check.h"

static const char text[] = "{\"a\": [1, -7, 2.5, 1e999], \"s\": \"h\\u00e9\", \"t\": true, \"n\": null, \"o\": {\"k\": {}}}";

static struct tandem_document *parse(const char *json) {
  uint8_t *input = bytes_of(json);
  struct tandem_document *document = NULL;
  CHECK(tandem_document_new(input, strlen(json), &document, NULL) == TANDEM_STATUS_OK);
  // It keeps a copy.
  memset(input, 'x', strlen(json));
  free(input);
  return document;
}

static struct tandem_node node_of(const struct tandem_document *document, size_t number) {
  struct tandem_node node;
  memset(&node, 0, sizeof node);
  CHECK(tandem_document_node(document, number, &node, NULL) == TANDEM_STATUS_OK);
  return node;
}

static size_t find(const struct tandem_document *document, const char *pointer) {
  size_t found = SIZE_MAX;
  CHECK(tandem_document_find(document, 0, (const uint8_t *)pointer, strlen(pointer), &found, NULL) ==
        TANDEM_STATUS_OK);
  return found;
}

static void read_string(const struct tandem_document *document, size_t node, const char *expected) {
  size_t all = strlen(expected);
  for (size_t capacity = 0; capacity <= all + 1; capacity++) {
    uint8_t *output = block(capacity);
    size_t length = 999;
    tandem_status status = tandem_document_string(document, node, output, capacity, &length, NULL);
    CHECK(status == (capacity < all ? TANDEM_STATUS_BUFFER_TOO_SMALL : TANDEM_STATUS_OK));
    CHECK(length == all);
    CHECK(status != TANDEM_STATUS_OK || memcmp(output, expected, all) == 0);
    free(output);
  }
}

static void walk(const struct tandem_document *document) {
  struct tandem_node root = node_of(document, 0);
  CHECK(root.kind == TANDEM_KIND_OBJECT && root.count == 5 && root.next == 0);
  CHECK(root.offset == 0 && root.length == strlen(text));

  const char *names[] = {"a", "s", "t", "n", "o"};
  size_t members = 0;
  for (size_t name = root.first; name != 0; members++) {
    if (members < 5) {
      read_string(document, name, names[members]);
    }
    name = node_of(document, node_of(document, name).next).next;
  }
  CHECK(members == 5);

  size_t elements = 0;
  for (size_t at = node_of(document, find(document, "/a")).first; at != 0; elements++) {
    struct tandem_node element = node_of(document, at);
    CHECK(element.kind == TANDEM_KIND_NUMBER);
    at = element.next;
  }
  CHECK(elements == 4);
  CHECK(node_of(document, find(document, "/o/k")).first == 0);
  CHECK(node_of(document, find(document, "/t")).is_true);
}

static void read_values(const struct tandem_document *document) {
  int64_t integer = 5;
  uint64_t natural = 5;
  double number = 5;
  CHECK(tandem_document_int64(document, find(document, "/a/1"), &integer, NULL) == TANDEM_STATUS_OK);
  CHECK(integer == -7);
  CHECK(tandem_document_uint64(document, find(document, "/a/0"), &natural, NULL) == TANDEM_STATUS_OK);
  CHECK(natural == 1);
  CHECK(tandem_document_uint64(document, find(document, "/a/1"), &natural, NULL) == TANDEM_STATUS_MISMATCH);
  CHECK(tandem_document_int64(document, find(document, "/a/2"), &integer, NULL) == TANDEM_STATUS_MISMATCH);
  CHECK(tandem_document_double(document, find(document, "/a/2"), &number, NULL) == TANDEM_STATUS_OK);
  CHECK(fabs(number - 2.5) == 0);
  CHECK(tandem_document_double(document, find(document, "/a/3"), &number, NULL) == TANDEM_STATUS_MISMATCH);
  CHECK(tandem_document_double(document, find(document, "/s"), &number, NULL) == TANDEM_STATUS_MISMATCH);
  CHECK(natural == 1 && integer == -7);
  read_string(document, find(document, "/s"), "h\xc3\xa9");
}

static void find_many(const struct tandem_document *document) {
  struct tandem_slice pointers[] = {
      {(const uint8_t *)"/a/1", 4}, {(const uint8_t *)"/none", 5}, {NULL, 0}};
  size_t found[3] = {9, 9, 9};
  CHECK(tandem_document_find_many(document, 0, pointers, 3, found, NULL) == TANDEM_STATUS_OK);
  CHECK(found[0] == find(document, "/a/1") && found[1] == SIZE_MAX && found[2] == 0);
  CHECK(tandem_document_find_many(document, 0, NULL, 0, NULL, NULL) == TANDEM_STATUS_OK);
  pointers[0].length = 0;
  pointers[1].data = (const uint8_t *)"x";
  pointers[1].length = 1;
  CHECK(tandem_document_find_many(document, 0, pointers, 2, found, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  size_t output = 7;
  CHECK(tandem_document_find(document, 0, (const uint8_t *)"/x", 2, &output, NULL) ==
        TANDEM_STATUS_NOT_FOUND);
  CHECK(output == 7);
}

static void render(const struct tandem_document *document) {
  char output[64];
  size_t length = 0;
  CHECK(tandem_document_compact(document, find(document, "/o"), (uint8_t *)output, sizeof output, &length,
                                NULL) == TANDEM_STATUS_OK);
  CHECK(length == 8 && memcmp(output, "{\"k\":{}}", 8) == 0);
  CHECK(tandem_document_indent(document, find(document, "/o"), (const uint8_t *)">", 1, (const uint8_t *)" ",
                               1, (uint8_t *)output, sizeof output, &length, NULL) == TANDEM_STATUS_OK);
  CHECK(length == 14 && memcmp(output, "{\n> \"k\": {}\n>}", 14) == 0);
  CHECK(tandem_document_compact(document, 0, NULL, 0, &length, NULL) == TANDEM_STATUS_BUFFER_TOO_SMALL);
}

static void refuse(const struct tandem_document *document) {
  struct tandem_document *none = (struct tandem_document *)(uintptr_t)8;
  struct tandem_error error;
  CHECK(tandem_document_new((const uint8_t *)"[1,]", 4, &none, &error) == TANDEM_STATUS_SYNTAX);
  CHECK(none == NULL && error.offset == 3);
  CHECK(tandem_document_new(NULL, 0, &none, NULL) == TANDEM_STATUS_SYNTAX);
  CHECK(tandem_document_new(NULL, 1, &none, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);

  // No number is dangerous, whatever stands there.
  struct tandem_node node;
  for (size_t number = 0; number < 200; number++) {
    if (tandem_document_node(document, number, &node, NULL) == TANDEM_STATUS_OK) {
      size_t length;
      (void)tandem_document_string(document, number, NULL, 0, &length, NULL);
      (void)tandem_document_compact(document, number, NULL, 0, &length, NULL);
    }
  }
  CHECK(tandem_document_node(document, SIZE_MAX, &node, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_document_node(NULL, 0, &node, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  tandem_document_free(NULL);
}

static void tape(void) {
  uint8_t *input = bytes_of(text);
  size_t enough = strlen(text) + 4, length = 999;
  uint64_t *words = (uint64_t *)(void *)block(8 * enough);
  CHECK(tandem_json_tape(input, strlen(text), words, enough, &length, NULL) == TANDEM_STATUS_OK);
  size_t needed = length;
  free(words);
  words = (uint64_t *)(void *)block(8 * needed);
  CHECK(tandem_json_tape(input, strlen(text), words, needed, &length, NULL) == TANDEM_STATUS_OK);
  CHECK(words[0] >> 61 == TANDEM_KIND_OBJECT && (words[0] >> 31 & 0x3FFFFFFF) == 5 && words[1] == needed);
  length = 999;
  CHECK(tandem_json_tape(input, strlen(text), words, needed - 1, &length, NULL) ==
        TANDEM_STATUS_BUFFER_TOO_SMALL);
  CHECK(length == 999);
  free(words);
  free(input);
}

int main(void) {
  struct tandem_document *document = parse(text);
  walk(document);
  read_values(document);
  find_many(document);
  render(document);
  refuse(document);
  tandem_document_free(document);
  tape();
  return result();
}
