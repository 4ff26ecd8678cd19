// Batches of the cache: many keys at once, with and without entries, and buffers of every size.

#include "check.h"

enum { COUNT = 5 };

static const uint8_t *const keys = (const uint8_t *)"onetwothreefour"; // and the empty key
static const size_t keys_length = 15, key_lengths[COUNT] = {3, 3, 5, 4, 0};
static const uint8_t *const values = (const uint8_t *)"abcdef";
static const size_t values_length = 6, value_lengths[COUNT] = {1, 0, 2, 3, 0};

static void many(void) {
  struct tandem_cache *cache = NULL;
  CHECK(tandem_cache_new(NULL, &cache, NULL) == TANDEM_STATUS_OK);
  size_t stored = 0, deleted = 0;
  CHECK(tandem_cache_set_many(cache, keys, keys_length, key_lengths, COUNT, values, values_length, value_lengths,
                              TANDEM_CACHE_TTL_DEFAULT, &stored, NULL) == TANDEM_STATUS_OK);
  CHECK(stored == COUNT && tandem_cache_len(cache) == COUNT);
  CHECK(tandem_cache_delete(cache, (const uint8_t *)"two", 3) == TANDEM_STATUS_OK);
  for (size_t capacity = 0; capacity <= values_length; capacity++) {
    uint8_t *found = block(capacity);
    size_t lengths[COUNT], length = 0;
    tandem_status status =
        tandem_cache_get_many(cache, keys, keys_length, key_lengths, COUNT, found, capacity, lengths, &length);
    CHECK(status == (capacity < values_length ? TANDEM_STATUS_BUFFER_TOO_SMALL : TANDEM_STATUS_OK));
    CHECK(length == values_length && lengths[0] == 1 && lengths[1] == SIZE_MAX && lengths[2] == 2);
    CHECK(lengths[3] == 3 && lengths[4] == 0 && (capacity < length || memcmp(found, values, length) == 0));
    free(found);
  }
  CHECK(tandem_cache_delete_many(cache, keys, keys_length, key_lengths, COUNT, &deleted) == TANDEM_STATUS_OK);
  CHECK(deleted == COUNT - 1 && tandem_cache_len(cache) == 0);
  CHECK(tandem_cache_delete_many(cache, NULL, 0, NULL, 0, NULL) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_close(cache) == TANDEM_STATUS_OK);
  struct tandem_error error;
  CHECK(tandem_cache_set_many(cache, keys, keys_length, key_lengths, COUNT, values, values_length, value_lengths, 0,
                              &stored, &error) == TANDEM_STATUS_CLOSED);
  CHECK(stored == 0 && error.status == TANDEM_STATUS_CLOSED);
  tandem_cache_free(cache);
}

static void refused(void) {
  struct tandem_cache *cache = NULL;
  CHECK(tandem_cache_new(NULL, &cache, NULL) == TANDEM_STATUS_OK);
  size_t lengths[COUNT], length = 999;
  const size_t too_long[COUNT] = {3, 3, 5, 4, 1}, overflow[2] = {SIZE_MAX, 16};
  const tandem_status invalid = TANDEM_STATUS_INVALID_ARGUMENT;
  CHECK(tandem_cache_get_many(cache, keys, keys_length, too_long, COUNT, NULL, 0, lengths, &length) == invalid);
  CHECK(tandem_cache_get_many(cache, keys, keys_length, overflow, 2, NULL, 0, lengths, &length) == invalid);
  CHECK(tandem_cache_get_many(cache, keys, keys_length, key_lengths, COUNT, NULL, 0, NULL, &length) == invalid);
  CHECK(tandem_cache_get_many(cache, keys, keys_length, NULL, COUNT, NULL, 0, lengths, &length) == invalid);
  CHECK(tandem_cache_get_many(NULL, keys, keys_length, key_lengths, COUNT, NULL, 0, lengths, &length) == invalid);
  CHECK(tandem_cache_set_many(cache, keys, keys_length, key_lengths, COUNT, values, values_length, too_long, 0, NULL,
                              NULL) == invalid);
  CHECK(tandem_cache_set_many(NULL, keys, keys_length, key_lengths, COUNT, values, values_length, value_lengths, 0,
                              NULL, NULL) == invalid);
  CHECK(tandem_cache_delete_many(cache, keys, keys_length, too_long, COUNT, NULL) == invalid);
  CHECK(tandem_cache_delete_many(NULL, keys, keys_length, key_lengths, COUNT, NULL) == invalid);
  CHECK(length == 999 && tandem_cache_len(cache) == 0);
  tandem_cache_free(cache);
}

int main(void) {
  many();
  refused();
  return result();
}
