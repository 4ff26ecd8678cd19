// Shapes: a value decoded and encoded through buffers of every size, from several threads, and what is refused.

#include <pthread.h>

#include "check.h"

// An object {"n": signed integer, "s": string}; docs/run.md has the format.
static const uint8_t description[] = {
    3,  0, 0, 0,                                           // nodes
    12, 0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 2, 0, 0, 0,      // 0: object, two fields
    1,  0, 0, 0, 0, 0, 0, 0, 1,  0, 0, 0, 'n',             //    "n": node 1
    2,  0, 0, 0, 0, 0, 0, 0, 1,  0, 0, 0, 's',             //    "s": node 2
    1,  0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0,      // 1: signed integer
    4,  0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0,      // 2: string
};

static const char text[] = "{\"n\": -7, \"unknown\": [{}], \"s\": \"h\\u00e9\"}";
static const char compact[] = "{\"n\":-7,\"s\":\"h\xc3\xa9\"}";

enum { TEXT_LENGTH = sizeof text - 1, COMPACT_LENGTH = sizeof compact - 1 };
// Heads and payloads as they are decoded: the object, "n", its value, "s" with three bytes, the end.
enum { WORDS = 5, STRINGS = 3 };

static struct tandem_shape *new_shape(void) {
  struct tandem_shape *shape = NULL;
  CHECK(tandem_shape_new(description, sizeof description, &shape, NULL) == TANDEM_STATUS_OK);
  CHECK(shape != NULL);
  return shape;
}

static void decode(const struct tandem_shape *shape) {
  uint8_t *input = bytes_of(text);
  for (size_t words_capacity = 0; words_capacity <= WORDS + 1; words_capacity++) {
    for (size_t strings_capacity = 0; strings_capacity <= TEXT_LENGTH; strings_capacity++) {
      uint64_t *words = (uint64_t *)(void *)block(8 * words_capacity);
      uint8_t *strings = block(strings_capacity);
      size_t words_length = 999, strings_length = 999;
      tandem_status status =
          tandem_shape_decode(shape, input, TEXT_LENGTH, 0, words, words_capacity, strings,
                              strings_capacity, &words_length, &strings_length, NULL);
      if (status == TANDEM_STATUS_OK) {
        CHECK(words_length == WORDS && strings_length == STRINGS);
        CHECK((int64_t)words[2] == -7 && words[4] == UINT64_MAX);
        CHECK(memcmp(strings, "h\xc3\xa9", STRINGS) == 0);
      } else {
        CHECK(status == TANDEM_STATUS_BUFFER_TOO_SMALL);
        CHECK(words_length == 999 && strings_length == 999);
      }
      // What the header promises to be always enough is more than this text needs.
      CHECK(status == TANDEM_STATUS_OK || words_capacity < WORDS || strings_capacity < TEXT_LENGTH);
      free(words);
      free(strings);
    }
  }
  free(input);
}

// Strings that stay in the text have their place, and a name in another case is none of the shape's.
static void borrow(const struct tandem_shape *shape) {
  static const char plain[] = "{\"N\":1,\"s\":\"ab\"}", escaped[] = "{\"s\":\"h\\u00e9\",\"S\":\"\"}";
  uint64_t words[16];
  uint8_t strings[64];
  size_t words_length, strings_length;
  CHECK(tandem_shape_decode(shape, (const uint8_t *)plain, sizeof plain - 1,
                            TANDEM_DECODE_BORROW | TANDEM_DECODE_EXACT_NAMES, words, 16, strings, 64,
                            &words_length, &strings_length, NULL) == TANDEM_STATUS_OK);
  CHECK(words_length == 4 && strings_length == 0);
  CHECK(words[1] >> 32 == 2 && words[2] == 12 && words[3] == UINT64_MAX);
  CHECK(tandem_shape_decode(shape, (const uint8_t *)escaped, sizeof escaped - 1, TANDEM_DECODE_BORROW, words, 16,
                            strings, 64, &words_length, &strings_length, NULL) == TANDEM_STATUS_OK);
  CHECK(words_length == 5 && strings_length == STRINGS);
  CHECK(words[1] >> 32 == STRINGS && words[2] == (uint64_t)1 << 63 && words[3] >> 32 == 0);
}

// What there is in values of open kind is counted, for each run by itself.
static void count(void) {
  static const uint8_t any[] = {1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  static const char values[] = "{\"a\":[\"b\",1,\"\",true,null],\"c\":\"d\",\"e\":-2.5}7 \"f\"7{}";
  static const uint64_t ends[] = {43, 44, 48, 49, 51}, strings_of[] = {3, 0, 1, 0, 0}, numbers_of[] = {2, 1, 0, 1, 0};
  enum { TEXT = sizeof values - 1, VALUES = sizeof ends / sizeof *ends, FIRST = 43 };
  struct tandem_shape *shape = NULL;
  CHECK(tandem_shape_new(any, sizeof any, &shape, NULL) == TANDEM_STATUS_OK);
  uint64_t words[64], plain[64];
  uint8_t strings[64];
  size_t found = 999, words_length, plain_length, strings_length;
  CHECK(tandem_shape_decode(shape, (const uint8_t *)values, FIRST, 0, plain, 64, strings, 64, &plain_length,
                            &strings_length, NULL) == TANDEM_STATUS_OK);
  CHECK(tandem_shape_decode(shape, (const uint8_t *)values, FIRST, TANDEM_DECODE_COUNT, words, 64, strings, 64,
                            &words_length, &strings_length, NULL) == TANDEM_STATUS_OK);
  CHECK(words[0] == strings_of[0] && words[1] == numbers_of[0]);
  CHECK(words_length == plain_length + 2 && memcmp(words + 2, plain, plain_length * sizeof *plain) == 0);
  CHECK(tandem_shape_decode_values(shape, (const uint8_t *)values, TEXT, TANDEM_DECODE_COUNT, SIZE_MAX, words, 64,
                                   strings, 64, &found, &words_length, &strings_length, NULL) == TANDEM_STATUS_OK);
  CHECK(found == VALUES);
  size_t at = 0;
  for (size_t value = 0; value < VALUES && at + 3 < words_length; value++) {
    CHECK(words[at] == ends[value] && words[at + 1] == strings_of[value] && words[at + 2] == numbers_of[value]);
    at += value == 0 ? 3 + plain_length : 3 + 2 + numbers_of[value];
  }
  CHECK(at == words_length);
  tandem_shape_free(shape);
}

// Values behind each other: how many fit buffers of every size, and where each ends.
static void decode_values(const struct tandem_shape *shape) {
  static const struct {
    const char *text;
    uint32_t flags;
    size_t limit, count;
    tandem_status status;
    uint64_t ends[3];
  } cases[] = {
      {"{\"n\":1}{\"n\":2}\n {\"n\":3}", 0, SIZE_MAX, 3, TANDEM_STATUS_OK, {7, 14, 23}},
      {"{\"n\":1}{\"n\":2}\n {\"n\":3}", 0, 0, 1, TANDEM_STATUS_OK, {7, 0, 0}},
      {"{\"n\":1}{\"n\":2}\n {\"n\":3}", 0, 14, 2, TANDEM_STATUS_OK, {7, 14, 0}},
      {" {\"n\":1} , {\"n\":2}\n,", TANDEM_DECODE_COMMAS, SIZE_MAX, 2, TANDEM_STATUS_OK, {8, 18, 0}},
      {"{\"n\":1},{\"n\":2}", 0, SIZE_MAX, 1, TANDEM_STATUS_OK, {7, 0, 0}},
      {"{\"n\":1}{\"n\":2}", TANDEM_DECODE_COMMAS, SIZE_MAX, 1, TANDEM_STATUS_OK, {7, 0, 0}},
      {"null{\"n\":", 0, SIZE_MAX, 1, TANDEM_STATUS_OK, {4, 0, 0}},
      {"{}{x", 0, SIZE_MAX, 1, TANDEM_STATUS_OK, {2, 0, 0}},
      {"{}[]", 0, SIZE_MAX, 1, TANDEM_STATUS_OK, {2, 0, 0}},
      {"", 0, SIZE_MAX, 0, TANDEM_STATUS_INCOMPLETE, {0, 0, 0}},
      {"null", 0, SIZE_MAX, 0, TANDEM_STATUS_INCOMPLETE, {0, 0, 0}},
      {"{\"n\":1", 0, SIZE_MAX, 0, TANDEM_STATUS_INCOMPLETE, {0, 0, 0}},
      {"{\"n\":}", 0, SIZE_MAX, 0, TANDEM_STATUS_SYNTAX, {0, 0, 0}},
      {"[]", 0, SIZE_MAX, 0, TANDEM_STATUS_MISMATCH, {0, 0, 0}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t text_length = strlen(cases[i].text);
    uint8_t *input = bytes_of(cases[i].text);
    for (size_t capacity = 0; capacity <= 16; capacity++) {
      uint64_t *words = (uint64_t *)(void *)block(8 * capacity);
      size_t count = 999, words_length = 999, strings_length = 999;
      tandem_status status =
          tandem_shape_decode_values(shape, input, text_length, cases[i].flags, cases[i].limit, words, capacity,
                                     NULL, 0, &count, &words_length, &strings_length, NULL);
      if (status == TANDEM_STATUS_OK) {
        CHECK(count <= cases[i].count && words_length <= capacity && strings_length == 0);
        size_t at = 0;
        for (size_t value = 0; value < count; value++) {
          CHECK(words[at] == cases[i].ends[value]);
          // null is a head alone; an object has its members, and an end.
          at += (words[at + 1] & 1) != 0 ? 2 : words[at + 2] == UINT64_MAX ? 3 : 5;
        }
        CHECK(at == words_length);
      } else {
        CHECK(count == 999 && words_length == 999 && strings_length == 999);
      }
      // Five words are the most that one of these values takes.
      CHECK(status == (capacity < 5 && status == TANDEM_STATUS_BUFFER_TOO_SMALL ? status : cases[i].status));
      CHECK(status != TANDEM_STATUS_OK || capacity < 15 || count == cases[i].count);
      free(words);
    }
    free(input);
  }
}

// A value that arrives a byte at a time, to buffers that grow by a word.
static void decode_parts(const struct tandem_shape *shape) {
  const char *arriving = " {\"n\": 17 , \"unknown\":[1,2], \"s\":\"two\"} ";
  struct tandem_decode_progress progress = {0};
  size_t capacity = 0;
  uint64_t *words = NULL;
  uint8_t strings[8];
  tandem_status status = TANDEM_STATUS_INCOMPLETE;
  size_t length = 0;
  while (status != TANDEM_STATUS_OK) {
    if (status == TANDEM_STATUS_BUFFER_TOO_SMALL) {
      uint64_t *more = realloc(words, ++capacity * 8);
      CHECK(more != NULL);
      words = more;
    } else {
      CHECK(status == TANDEM_STATUS_INCOMPLETE && length < strlen(arriving));
      length++;
    }
    uint8_t *input = block(length);
    memcpy(input, arriving, length);
    status = tandem_shape_decode_part(shape, input, length, 0, words, capacity, strings, sizeof strings, &progress, NULL);
    CHECK(progress.position <= length && progress.words_length <= capacity);
    free(input);
  }
  CHECK(length == strlen(arriving) - 1 && progress.position == length && words[0] == length);
  size_t words_length = 0, strings_length = 0;
  uint64_t whole[16];
  uint8_t string[8];
  CHECK(tandem_shape_decode(shape, (const uint8_t *)arriving, strlen(arriving), 0, whole, 16, string, 8, &words_length,
                            &strings_length, NULL) == TANDEM_STATUS_OK);
  CHECK(progress.words_length == words_length + 1 && memcmp(words + 1, whole, 8 * words_length) == 0);
  CHECK(progress.strings_length == strings_length && memcmp(strings, string, strings_length) == 0);
  // The next value begins without more ado.
  CHECK(tandem_shape_decode_part(shape, (const uint8_t *)"{}", 2, 0, words, capacity, strings, sizeof strings,
                                 &progress, NULL) == TANDEM_STATUS_OK);
  CHECK(progress.position == 2 && progress.words_length == 3);
  const uint8_t *number = (const uint8_t *)"1 ";
  CHECK(tandem_shape_decode_part(shape, number, 2, 0, words, capacity, strings, sizeof strings, &progress, NULL) ==
        TANDEM_STATUS_MISMATCH);
  CHECK(tandem_shape_decode_part(shape, number, 2, 0, words, capacity, strings, sizeof strings, NULL, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  free(words);
}

static void encode(const struct tandem_shape *shape) {
  static const uint64_t words[] = {(uint64_t)-7, STRINGS};
  static const uint8_t strings[] = "h\xc3\xa9";
  for (size_t capacity = 0; capacity <= 4 * COMPACT_LENGTH; capacity++) {
    uint8_t *output = block(capacity);
    size_t length = 999;
    tandem_status status =
        tandem_shape_encode(shape, words, 2, strings, STRINGS, 0, output, capacity, &length, NULL);
    if (status == TANDEM_STATUS_OK) {
      CHECK(length == COMPACT_LENGTH && memcmp(output, compact, length) == 0);
    } else {
      CHECK(status == TANDEM_STATUS_BUFFER_TOO_SMALL && length == 999);
      CHECK(capacity < 4 * COMPACT_LENGTH);
    }
    free(output);
  }
}

static void *work(void *shape) {
  for (int round = 0; round < 20; round++) {
    decode(shape);
    decode_values(shape);
    decode_parts(shape);
    encode(shape);
  }
  return NULL;
}

static void refused(const struct tandem_shape *shape) {
  struct tandem_error error;
  struct tandem_shape *none = (struct tandem_shape *)(uintptr_t)&error;
  CHECK(tandem_shape_new(description, 7, &none, &error) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(none == NULL && error.message_length > 0);
  CHECK(tandem_shape_new(NULL, 0, &none, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_new(description, sizeof description, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  // Every other description that a flipped bit makes is refused, or makes a shape of its own.
  for (size_t bit = 0; bit < 8 * sizeof description; bit++) {
    uint8_t *broken = block(sizeof description);
    memcpy(broken, description, sizeof description);
    broken[bit / 8] ^= (uint8_t)(1u << bit % 8);
    tandem_status status = tandem_shape_new(broken, sizeof description, &none, NULL);
    CHECK((status == TANDEM_STATUS_OK) == (none != NULL));
    tandem_shape_free(none);
    free(broken);
  }
  tandem_shape_free(NULL);

  uint64_t words[16];
  uint8_t strings[64];
  size_t a = 999, b = 999;
  const uint8_t *input = (const uint8_t *)"[]";
  CHECK(tandem_shape_decode(NULL, input, 2, 0, words, 16, strings, 64, &a, &b, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode(shape, input, 2, 0, NULL, 16, strings, 64, &a, &b, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode(shape, input, 2, 0, words, 16, strings, 64, NULL, &b, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode(shape, input, 2, 0, words, 16, strings, 64, &a, &b, &error) ==
        TANDEM_STATUS_MISMATCH);
  CHECK(error.offset == 0);
  CHECK(tandem_shape_decode(shape, (const uint8_t *)"{\"n\":x}", 7, 0, words, 16, strings, 64, &a, &b,
                            &error) == TANDEM_STATUS_SYNTAX);
  CHECK(error.offset == 5);
  size_t c = 999;
  CHECK(tandem_shape_decode_values(NULL, input, 2, 0, 0, words, 16, strings, 64, &a, &b, &c, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode_values(shape, NULL, 2, 0, 0, words, 16, strings, 64, &a, &b, &c, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode_values(shape, input, 2, 0, 0, words, 16, NULL, 64, &a, &b, &c, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode_values(shape, input, 2, 0, 0, words, 16, strings, 64, NULL, &b, &c, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_shape_decode_values(shape, input, 2, 0, 0, words, 16, strings, 64, &a, &b, NULL, NULL) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(c == 999);
  // A run that does not fit its shape.
  CHECK(tandem_shape_encode(shape, words, 0, NULL, 0, 0, strings, 64, &a, &error) ==
        TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(a == 999 && b == 999);
}

int main(void) {
  struct tandem_shape *shape = new_shape();
  pthread_t threads[4];
  refused(shape);
  borrow(shape);
  count();
  for (size_t i = 0; i < 4; i++) {
    CHECK(pthread_create(&threads[i], NULL, work, shape) == 0);
  }
  for (size_t i = 0; i < 4; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
  tandem_shape_free(shape);
  return result();
}
