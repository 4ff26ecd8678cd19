// The cache: values through buffers of every size, limits and times, threads that set, get, delete and close at once,
// and what is refused.

#define _POSIX_C_SOURCE 200809L // nanosleep

#include <pthread.h>
#include <time.h>

#include "check.h"

static struct tandem_cache *new_cache(uint64_t max_bytes, uint64_t max_entries) {
  struct tandem_cache_options options = {.max_bytes = max_bytes, .max_entries = max_entries};
  struct tandem_cache *cache = NULL;
  CHECK(tandem_cache_new(&options, &cache, NULL) == TANDEM_STATUS_OK);
  CHECK(cache != NULL);
  return cache;
}

static tandem_status set(struct tandem_cache *cache, const char *key, const char *value, uint64_t ttl) {
  size_t key_length = strlen(key), value_length = strlen(value);
  uint8_t *key_bytes = bytes_of(key), *value_bytes = bytes_of(value);
  tandem_status status =
      tandem_cache_set(cache, key_bytes, key_length, value_bytes, value_length, ttl, NULL);
  free(key_bytes); // the cache has copies
  free(value_bytes);
  return status;
}

static bool holds(struct tandem_cache *cache, const char *key, const char *value) {
  uint8_t found[64];
  size_t length = 0;
  return tandem_cache_get(cache, (const uint8_t *)key, strlen(key), found, sizeof found, &length) ==
             TANDEM_STATUS_OK &&
         length == strlen(value) && memcmp(found, value, length) == 0;
}

static tandem_status delete(struct tandem_cache *cache, const char *key) {
  return tandem_cache_delete(cache, (const uint8_t *)key, strlen(key));
}

static void values(void) {
  struct tandem_cache *cache = new_cache(0, 0);
  CHECK(set(cache, "key", "value", 0) == TANDEM_STATUS_OK);
  CHECK(set(cache, "", "of the empty key", 0) == TANDEM_STATUS_OK);
  CHECK(set(cache, "empty", "", TANDEM_CACHE_TTL_NONE) == TANDEM_STATUS_OK);
  CHECK(holds(cache, "key", "value") && holds(cache, "", "of the empty key") && holds(cache, "empty", ""));
  CHECK(set(cache, "key", "another", 0) == TANDEM_STATUS_OK);
  CHECK(holds(cache, "key", "another") && tandem_cache_len(cache) == 3);
  for (size_t capacity = 0; capacity <= 8; capacity++) {
    uint8_t *value = block(capacity);
    size_t length = 999;
    tandem_status status =
        tandem_cache_get(cache, (const uint8_t *)"key", 3, value, capacity, &length);
    CHECK(status == (capacity < 7 ? TANDEM_STATUS_BUFFER_TOO_SMALL : TANDEM_STATUS_OK));
    CHECK(length == 7 && (capacity < 7 || memcmp(value, "another", 7) == 0));
    free(value);
  }
  size_t length = 999;
  CHECK(tandem_cache_get(cache, (const uint8_t *)"none", 4, NULL, 0, &length) == TANDEM_STATUS_NOT_FOUND);
  CHECK(length == 999);
  CHECK(delete(cache, "key") == TANDEM_STATUS_OK && delete (cache, "key") == TANDEM_STATUS_NOT_FOUND);
  CHECK(tandem_cache_clear(cache) == TANDEM_STATUS_OK && tandem_cache_len(cache) == 0);
  CHECK(!holds(cache, "", "of the empty key"));

  struct tandem_cache_stats stats;
  CHECK(tandem_cache_get_stats(cache, &stats) == TANDEM_STATUS_OK);
  CHECK(stats.sets == 4 && stats.deletes == 1 && stats.entries == 0 && stats.max_bytes == 64 << 20);
  CHECK(stats.expiring == 0);
  CHECK(stats.bytes <= stats.max_bytes && stats.hits > 0 && stats.misses > 0);
  tandem_cache_free(cache);
}

static void limits(void) {
  enum { ENTRIES = 5000, MAX_BYTES = 256 << 10 };
  struct tandem_cache *cache = new_cache(MAX_BYTES, 0);
  uint8_t value[200] = {0};
  for (uint32_t i = 0; i < ENTRIES; i++) {
    struct tandem_cache_stats stats;
    CHECK(tandem_cache_set(cache, (const uint8_t *)&i, sizeof i, value, sizeof value, 0, NULL) ==
          TANDEM_STATUS_OK);
    CHECK(tandem_cache_get_stats(cache, &stats) == TANDEM_STATUS_OK && stats.bytes <= MAX_BYTES);
  }
  CHECK(tandem_cache_len(cache) > 0 && tandem_cache_len(cache) < ENTRIES);
  struct tandem_error error;
  uint8_t *large = block(MAX_BYTES);
  memset(large, 0, MAX_BYTES);
  CHECK(tandem_cache_set(cache, value, 1, large, MAX_BYTES, 0, &error) == TANDEM_STATUS_TOO_LARGE);
  CHECK(error.status == TANDEM_STATUS_TOO_LARGE && error.message_length > 0);
  free(large);
  tandem_cache_free(cache);

  cache = new_cache(0, 100);
  for (uint32_t i = 0; i < ENTRIES; i++) {
    CHECK(tandem_cache_set(cache, (const uint8_t *)&i, sizeof i, NULL, 0, 0, NULL) == TANDEM_STATUS_OK);
    CHECK(tandem_cache_len(cache) <= 100);
  }
  tandem_cache_free(cache);
}

static void times(void) {
  struct tandem_cache *cache = new_cache(0, 0);
  CHECK(set(cache, "short", "value", 1) == TANDEM_STATUS_OK);
  CHECK(set(cache, "long", "value", UINT64_MAX - 2) == TANDEM_STATUS_OK);
  nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
  CHECK(!holds(cache, "short", "value") && holds(cache, "long", "value"));
  tandem_cache_free(cache);
}

static void times_are_told(void) {
  struct tandem_cache *cache = new_cache(0, 0);
  const uint8_t *key = (const uint8_t *)"key";
  uint64_t ttl = 0;
  CHECK(tandem_cache_ttl(cache, key, 3, &ttl) == TANDEM_STATUS_NOT_FOUND && ttl == 0);
  CHECK(tandem_cache_touch(cache, key, 3, 1) == TANDEM_STATUS_NOT_FOUND);
  CHECK(set(cache, "key", "value", TANDEM_CACHE_TTL_NONE) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_ttl(cache, key, 3, &ttl) == TANDEM_STATUS_OK && ttl == TANDEM_CACHE_TTL_NONE);
  CHECK(tandem_cache_touch(cache, key, 3, UINT64_C(3600000000000)) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_ttl(cache, key, 3, &ttl) == TANDEM_STATUS_OK);
  CHECK(ttl > UINT64_C(3000000000000) && ttl <= UINT64_C(3600000000000));
  CHECK(tandem_cache_touch(cache, key, 3, TANDEM_CACHE_TTL_DEFAULT) == TANDEM_STATUS_OK);
  CHECK(tandem_cache_ttl(cache, key, 3, &ttl) == TANDEM_STATUS_OK && ttl == TANDEM_CACHE_TTL_NONE);
  CHECK(tandem_cache_ttl(cache, key, 3, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_ttl(NULL, key, 3, &ttl) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_touch(NULL, key, 3, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  tandem_cache_free(cache);
}

static void scans(void) {
  struct tandem_cache *cache = new_cache(0, 0);
  enum { COUNT = 1000 };
  for (uint32_t key = 0; key < COUNT; key++) {
    CHECK(tandem_cache_set(cache, (const uint8_t *)&key, sizeof key, NULL, 0, 0, NULL) == TANDEM_STATUS_OK);
  }
  uint8_t seen[COUNT] = {0}, keys[8 * (COUNT + 1)];
  size_t length = 0;
  uint64_t cursor = 0;
  CHECK(tandem_cache_scan(cache, 0, 10, keys, 9, &length, &cursor) == TANDEM_STATUS_BUFFER_TOO_SMALL);
  CHECK(length >= 80 && cursor == 0);
  do {
    CHECK(tandem_cache_scan(cache, cursor, 10, keys, sizeof keys, &length, &cursor) == TANDEM_STATUS_OK);
    for (size_t i = 0; i < length; i += 8) {
      uint32_t size, key;
      memcpy(&size, keys + i, 4);
      memcpy(&key, keys + i + 4, 4);
      CHECK(size == 4 && key < COUNT && seen[key]++ == 0);
    }
  } while (cursor != 0);
  CHECK(memchr(seen, 0, sizeof seen) == NULL);
  CHECK(tandem_cache_scan(cache, UINT64_MAX, 10, keys, sizeof keys, &length, &cursor) == TANDEM_STATUS_OK);
  CHECK(length == 0 && cursor == 0);
  CHECK(tandem_cache_scan(cache, 0, 10, keys, sizeof keys, NULL, &cursor) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_scan(NULL, 0, 10, keys, sizeof keys, &length, &cursor) == TANDEM_STATUS_INVALID_ARGUMENT);
  tandem_cache_free(cache);
}

enum { THREADS = 4, ROUNDS = 3000, KEYS = 97 };

// Every value is its key, twice: a mixture of two entries would be seen.
static void *work(void *argument) {
  struct tandem_cache *cache = argument;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    uint32_t key = round * 2654435761u % KEYS, value[2] = {key, key}, found[2];
    const uint8_t *key_bytes = (const uint8_t *)&key;
    size_t length = 0;
    tandem_status status;
    switch (round % 8) {
    case 0:
      status = tandem_cache_delete(cache, key_bytes, sizeof key);
      CHECK(status == TANDEM_STATUS_OK || status == TANDEM_STATUS_NOT_FOUND);
      break;
    case 1:
    case 2:
      status = tandem_cache_set(cache, key_bytes, sizeof key, (const uint8_t *)value, sizeof value, 0, NULL);
      CHECK(status == TANDEM_STATUS_OK || status == TANDEM_STATUS_CLOSED);
      break;
    default:
      status = tandem_cache_get(cache, key_bytes, sizeof key, (uint8_t *)found, sizeof found, &length);
      CHECK(status == TANDEM_STATUS_NOT_FOUND ||
            (status == TANDEM_STATUS_OK && length == sizeof found && memcmp(found, value, length) == 0));
    }
  }
  return NULL;
}

static void threads(bool closing) {
  struct tandem_cache *cache = new_cache(64 << 10, KEYS / 2);
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    CHECK(pthread_create(&threads[i], NULL, work, cache) == 0);
  }
  if (closing) {
    CHECK(tandem_cache_close(cache) == TANDEM_STATUS_OK);
  }
  for (size_t i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
  if (closing) {
    CHECK(set(cache, "key", "value", 0) == TANDEM_STATUS_CLOSED);
    CHECK(delete(cache, "key") == TANDEM_STATUS_NOT_FOUND && tandem_cache_len(cache) == 0);
    CHECK(tandem_cache_close(cache) == TANDEM_STATUS_OK);
  }
  tandem_cache_free(cache);
}

__extension__ typedef unsigned __int128 product;

// The hash of a key, as docs/design.md says and Go does.
static uint64_t hash_of(const struct tandem_cache_view *view, const uint8_t *key, size_t length) {
  const uint64_t prime = (UINT64_C(1) << 61) - 1;
  uint64_t sum = length;
  for (size_t i = 0; i <= length / 7; i++) {
    uint64_t chunk = 0;
    memcpy(&chunk, key + i * 7, length - i * 7 < 7 ? length - i * 7 : 7);
    sum = (uint64_t)((product)sum * view->point % prime) + chunk;
  }
  sum = (uint64_t)((product)sum * view->point % prime) ^ view->offset;
  sum = (sum ^ sum >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
  sum = (sum ^ sum >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
  return sum ^ sum >> 33;
}

static void hashed(void) {
  struct tandem_cache *cache = new_cache(0, 0);
  struct tandem_cache_view view;
  CHECK(tandem_cache_get_view(cache, &view) == TANDEM_STATUS_OK);
  const uint8_t key[] = "a key of thirty bytes and less";
  for (size_t length = 0; length < sizeof key; length++) {
    uint64_t hash = hash_of(&view, key, length);
    CHECK(tandem_cache_set_hashed(cache, hash, key, length, key, length, 0, NULL) == TANDEM_STATUS_OK);
  }
  for (size_t length = 0; length < sizeof key; length++) {
    uint8_t value[sizeof key];
    size_t found = 0;
    CHECK(tandem_cache_get(cache, key, length, value, sizeof value, &found) == TANDEM_STATUS_OK);
    CHECK(found == length && memcmp(value, key, length) == 0);
  }
  CHECK(tandem_cache_len(cache) == sizeof key);
  tandem_cache_free(cache);
}

static void refused(void) {
  struct tandem_cache_options small = {.max_bytes = 1};
  struct tandem_error error;
  struct tandem_cache *none = (struct tandem_cache *)(uintptr_t)&error;
  struct tandem_cache_stats stats;
  size_t length = 999;
  uint8_t byte = 0;
  CHECK(tandem_cache_new(&small, &none, &error) == TANDEM_STATUS_INVALID_ARGUMENT && none == NULL);
  CHECK(error.message_length > 0);
  CHECK(tandem_cache_new(&small, NULL, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get(NULL, &byte, 1, &byte, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_set(NULL, &byte, 1, &byte, 1, 0, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_set_hashed(NULL, 0, &byte, 1, &byte, 1, 0, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_delete(NULL, &byte, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_clear(NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_close(NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get_stats(NULL, &stats) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_len(NULL) == 0);
  tandem_cache_free(NULL);

  struct tandem_cache *cache = new_cache(0, 0);
  CHECK(tandem_cache_get(cache, NULL, 1, &byte, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get(cache, &byte, 1, NULL, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get(cache, &byte, 1, &byte, 1, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_set(cache, NULL, 1, &byte, 1, 0, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_set(cache, &byte, 1, NULL, 1, 0, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_delete(cache, NULL, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_get_stats(cache, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(length == 999 && tandem_cache_len(cache) == 0);
  tandem_cache_free(cache);
}

int main(void) {
  values();
  hashed();
  limits();
  times();
  times_are_told();
  scans();
  threads(false);
  threads(true);
  refused();
  return result();
}
