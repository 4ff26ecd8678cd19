// The cache's operations beyond get, set and delete: conditions, versions, numbers, appending, prefixes, and limits that change.

#define _POSIX_C_SOURCE 200809L // nanosleep

#include <time.h>

#include "check.h"

static struct tandem_cache *new_cache(struct tandem_cache_options options) {
  struct tandem_cache *cache = NULL;
  CHECK(tandem_cache_new(&options, &cache, NULL) == TANDEM_STATUS_OK);
  return cache;
}

// Stores the value for the key "key", under a condition; the version is 0 if it was not stored.
static uint64_t store(struct tandem_cache *cache, const char *value, uint64_t ttl, uint32_t condition, uint64_t version) {
  uint64_t stored = 0;
  tandem_status status = tandem_cache_store(cache, (const uint8_t *)"key", 3, (const uint8_t *)value, strlen(value), ttl,
                                            condition, version, &stored, NULL);
  CHECK(status == (stored == 0 ? TANDEM_STATUS_CONFLICT : TANDEM_STATUS_OK));
  return stored;
}

// Whether the entry of the key "key" has these, for both ways to look at it.
static bool has(struct tandem_cache *cache, const char *value, uint64_t version, uint64_t least_ttl, uint64_t most_ttl) {
  uint8_t found[2][16];
  size_t lengths[2] = {0};
  struct tandem_cache_meta meta[2] = {{0}};
  const uint8_t *key = (const uint8_t *)"key";
  CHECK(tandem_cache_get_with_meta(cache, key, 3, found[0], 16, &lengths[0], &meta[0]) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_peek(cache, key, 3, found[1], 16, &lengths[1], &meta[1]) == TANDEM_STATUS_OK);
  for (int i = 0; i < 2; i++) {
    if (lengths[i] != strlen(value) || memcmp(found[i], value, lengths[i]) != 0 || meta[i].version != version ||
        meta[i].ttl < least_ttl || meta[i].ttl > most_ttl) {
      return false;
    }
  }
  return true;
}

static const uint64_t HOUR = UINT64_C(3600000000000);

static void conditions(void) {
  struct tandem_cache *cache = new_cache((struct tandem_cache_options){.ttl = HOUR});
  const uint8_t *key = (const uint8_t *)"key";
  CHECK(store(cache, "0", 0, TANDEM_CACHE_STORE_PRESENT, 0) == 0);
  CHECK(store(cache, "0", 0, TANDEM_CACHE_STORE_VERSION, 1) == 0);
  uint64_t first = store(cache, "1", TANDEM_CACHE_TTL_NONE, TANDEM_CACHE_STORE_ABSENT, 0);
  CHECK(first != 0 && has(cache, "1", first, TANDEM_CACHE_TTL_NONE, TANDEM_CACHE_TTL_NONE));
  CHECK(store(cache, "2", 0, TANDEM_CACHE_STORE_ABSENT, 0) == 0);
  uint64_t second = store(cache, "3", TANDEM_CACHE_TTL_KEEP, TANDEM_CACHE_STORE_PRESENT, 0);
  CHECK(second != first && has(cache, "3", second, TANDEM_CACHE_TTL_NONE, TANDEM_CACHE_TTL_NONE));
  CHECK(store(cache, "4", 0, TANDEM_CACHE_STORE_VERSION, first) == 0);
  uint64_t third = store(cache, "4", 2 * HOUR, TANDEM_CACHE_STORE_VERSION, second);
  CHECK(has(cache, "4", third, HOUR, 2 * HOUR));
  uint64_t fourth = store(cache, "5", TANDEM_CACHE_TTL_DEFAULT, TANDEM_CACHE_STORE_ALWAYS, 0);
  CHECK(has(cache, "5", fourth, HOUR / 2, HOUR));
  CHECK(tandem_cache_compare_and_delete(cache, key, 3, third) == TANDEM_STATUS_CONFLICT);
  CHECK(tandem_cache_compare_and_delete(cache, key, 3, fourth) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_compare_and_delete(cache, key, 3, fourth) == TANDEM_STATUS_CONFLICT);
  CHECK(tandem_cache_store(cache, key, 3, key, 3, 0, TANDEM_CACHE_STORE_ALWAYS, 0, NULL, NULL) == TANDEM_STATUS_OK);

  size_t length = 0;
  struct tandem_cache_meta meta = {0};
  CHECK(tandem_cache_peek(cache, key, 3, NULL, 0, &length, &meta) == TANDEM_STATUS_BUFFER_TOO_SMALL && length == 3);
  CHECK(tandem_cache_peek(cache, key, 2, NULL, 0, &length, &meta) == TANDEM_STATUS_NOT_FOUND && meta.version == 0);
  struct tandem_cache_stats stats;
  CHECK(tandem_cache_get_stats(cache, &stats) == TANDEM_STATUS_OK && stats.hits == 4 && stats.misses == 0);
  CHECK(tandem_cache_close(cache) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_store(cache, key, 3, key, 3, 0, TANDEM_CACHE_STORE_ABSENT, 0, NULL, NULL) == TANDEM_STATUS_CLOSED);
  CHECK(tandem_cache_compare_and_delete(cache, key, 3, 1) == TANDEM_STATUS_CLOSED);
  tandem_cache_free(cache);
}

static void numbers_and_texts(void) {
  struct tandem_cache *cache = new_cache((struct tandem_cache_options){0});
  const uint8_t *key = (const uint8_t *)"key";
  struct tandem_error error;
  int64_t sum = 0;
  CHECK(tandem_cache_increment(cache, key, 3, 5, &sum, NULL) == TANDEM_STATUS_OK && sum == 5);
  CHECK(tandem_cache_increment(cache, key, 3, -7, &sum, NULL) == TANDEM_STATUS_OK && sum == -2);
  CHECK(tandem_cache_increment(cache, key, 3, INT64_MIN, &sum, &error) == TANDEM_STATUS_OVERFLOW && sum == -2);
  CHECK(error.status == TANDEM_STATUS_OVERFLOW);
  size_t length = 0;
  CHECK(tandem_cache_append(cache, key, 3, key, 1, &length, NULL) == TANDEM_STATUS_OK && length == 9);
  CHECK(tandem_cache_increment(cache, key, 3, 1, &sum, NULL) == TANDEM_STATUS_NOT_NUMBER && sum == -2);
  CHECK(tandem_cache_append(cache, key, 2, key, 3, &length, NULL) == TANDEM_STATUS_OK && length == 3);
  CHECK(tandem_cache_append(cache, key, 2, NULL, 0, NULL, NULL) == TANDEM_STATUS_OK);
  uint8_t found[8];
  CHECK(tandem_cache_get(cache, key, 2, found, sizeof found, &length) == TANDEM_STATUS_OK);
  CHECK(length == 3 && memcmp(found, key, 3) == 0);
  tandem_cache_free(cache);
}

static void prefixes(void) {
  struct tandem_cache *cache = new_cache((struct tandem_cache_options){0});
  enum { KEYS = 1000 };
  for (int i = 0; i < KEYS; i++) {
    char key[16];
    int length = snprintf(key, sizeof key, "%s:%d", i % 4 == 0 ? "user" : "page", i);
    CHECK(tandem_cache_set(cache, (const uint8_t *)key, (size_t)length, NULL, 0, 0, NULL) == TANDEM_STATUS_OK);
  }
  uint64_t deleted = 0;
  CHECK(tandem_cache_delete_prefix(cache, (const uint8_t *)"user:", 5, &deleted) == TANDEM_STATUS_OK);
  CHECK(deleted == KEYS / 4 && tandem_cache_len(cache) == KEYS - KEYS / 4);
  CHECK(tandem_cache_delete_prefix(cache, (const uint8_t *)"user:", 5, &deleted) == TANDEM_STATUS_OK && deleted == 0);
  CHECK(tandem_cache_delete_prefix(cache, NULL, 0, NULL) == TANDEM_STATUS_OK && tandem_cache_len(cache) == 0);
  tandem_cache_free(cache);
}

static void limits_and_times(void) {
  struct tandem_cache *cache =
      new_cache((struct tandem_cache_options){.max_bytes = 4 << 20, .reserve = 8 << 20, .idle = 1});
  const uint8_t *key = (const uint8_t *)"key";
  struct tandem_error error;
  struct tandem_cache_stats stats;
  CHECK(tandem_cache_resize(cache, 8 << 20, NULL) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_resize(cache, 9 << 20, &error) == TANDEM_STATUS_INVALID_ARGUMENT && error.message_length > 0);
  CHECK(tandem_cache_resize(cache, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_set(cache, key, 3, key, 3, HOUR, NULL) == TANDEM_STATUS_OK);
  nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
  CHECK(tandem_cache_get_stats(cache, &stats) == TANDEM_STATUS_OK);
  CHECK(stats.max_bytes == 8 << 20 && stats.entries == 1);
  CHECK(tandem_cache_clean_up(cache) == TANDEM_STATUS_OK && tandem_cache_len(cache) == 0);
  tandem_cache_free(cache);
}

static void hot_keys(void) {
  struct tandem_cache *cache = new_cache((struct tandem_cache_options){0});
  uint8_t found[64];
  size_t length = 999;
  for (uint8_t key = 0; key < 10; key++) {
    CHECK(tandem_cache_set(cache, &key, 1, &key, 1, 0, NULL) == TANDEM_STATUS_OK);
  }
  CHECK(tandem_cache_hot_keys(cache, 2, found, sizeof found, &length) == TANDEM_STATUS_OK && length == 0);
  CHECK(tandem_cache_watch_hot_keys(cache, 2, NULL) == TANDEM_STATUS_OK);
  for (uint8_t key = 0; key < 10; key++) {
    for (uint8_t i = 0; i <= key; i++) {
      CHECK(tandem_cache_get(cache, &key, 1, found, 1, &length) == TANDEM_STATUS_OK);
    }
  }
  CHECK(tandem_cache_hot_keys(cache, 2, found, 25, &length) == TANDEM_STATUS_BUFFER_TOO_SMALL && length == 26);
  CHECK(tandem_cache_hot_keys(cache, 2, found, 26, &length) == TANDEM_STATUS_OK && length == 26);
  for (uint8_t i = 0; i < 2; i++) {
    uint64_t reads;
    uint32_t size;
    memcpy(&reads, found + 13 * i, 8);
    memcpy(&size, found + 13 * i + 8, 4);
    CHECK(reads == UINT64_C(10) - i && size == 1 && found[13 * i + 12] == 9 - i);
  }
  CHECK(tandem_cache_watch_hot_keys(cache, 0, NULL) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_hot_keys(cache, 2, NULL, 0, &length) == TANDEM_STATUS_OK && length == 0);
  CHECK(tandem_cache_hot_keys(cache, 2, NULL, 0, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_hot_keys(NULL, 2, NULL, 0, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_watch_hot_keys(NULL, 2, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_close(cache) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_watch_hot_keys(cache, 2, NULL) == TANDEM_STATUS_CLOSED);
  tandem_cache_free(cache);
}

static void refused(void) {
  struct tandem_cache *cache = new_cache((struct tandem_cache_options){0});
  struct tandem_cache_meta meta;
  uint8_t byte = 0;
  size_t length = 0;
  int64_t sum = 0;
  CHECK(tandem_cache_store(cache, &byte, 1, &byte, 1, 0, 4, 0, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_store(cache, NULL, 1, &byte, 1, 0, 0, 0, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_store(NULL, &byte, 1, &byte, 1, 0, 0, 0, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get_with_meta(NULL, &byte, 1, &byte, 1, &length, &meta) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get_with_meta(cache, &byte, 1, &byte, 1, &length, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_peek(NULL, &byte, 1, &byte, 1, &length, &meta) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_increment(NULL, &byte, 1, 1, &sum, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_increment(cache, &byte, 1, 1, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_append(NULL, &byte, 1, &byte, 1, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_append(cache, &byte, 1, NULL, 1, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_compare_and_delete(NULL, &byte, 1, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_delete_prefix(NULL, &byte, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_delete_prefix(cache, NULL, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_clean_up(NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_resize(NULL, 1 << 20, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_len(cache) == 0);
  tandem_cache_free(cache);
}

int main(void) {
  conditions();
  numbers_and_texts();
  prefixes();
  limits_and_times();
  hot_keys();
  refused();
  return result();
}
