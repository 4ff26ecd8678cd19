// Entries that went from a cache, taken in order.

#include "check.h"

static struct tandem_cache *new_cache(uint64_t removal_bytes) {
  struct tandem_cache_options options = {.max_bytes = 1 << 20, .removal_bytes = removal_bytes};
  struct tandem_cache *cache = NULL;
  CHECK(tandem_cache_new(&options, &cache, NULL) == TANDEM_STATUS_OK);
  return cache;
}

static void set(struct tandem_cache *cache, const char *key, const char *value) {
  CHECK(tandem_cache_set(cache, (const uint8_t *)key, strlen(key), (const uint8_t *)value, strlen(value), 0, NULL) ==
        TANDEM_STATUS_OK);
}

static void delete(struct tandem_cache *cache, const char *key) {
  CHECK(tandem_cache_delete(cache, (const uint8_t *)key, strlen(key)) == TANDEM_STATUS_OK);
}

// Whether the first removal is this one; goes on to the next.
static bool is(const uint8_t **removal, uint32_t reason, const char *key, const char *value) {
  uint32_t head[2];
  uint64_t length;
  memcpy(head, *removal, 8);
  memcpy(&length, *removal + 8, 8);
  const uint8_t *text = *removal + 16;
  *removal = text + head[1] + length;
  return head[0] == reason && head[1] == strlen(key) && memcmp(text, key, head[1]) == 0 && length == strlen(value) &&
         memcmp(text + head[1], value, (size_t)length) == 0;
}

static void in_order(void) {
  struct tandem_cache *cache = new_cache(64 << 10);
  set(cache, "key", "one");
  set(cache, "key", "and two");
  delete(cache, "key");
  set(cache, "there", "when the cache is closed");
  CHECK(tandem_cache_close(cache) == TANDEM_STATUS_OK);

  uint8_t *removals = block(52);
  size_t length = 0;
  CHECK(tandem_cache_take_removals(cache, NULL, 0, &length) == TANDEM_STATUS_BUFFER_TOO_SMALL);
  CHECK(length == 22);
  CHECK(tandem_cache_take_removals(cache, removals, 21, &length) == TANDEM_STATUS_BUFFER_TOO_SMALL);
  CHECK(tandem_cache_take_removals(cache, removals, 30, &length) == TANDEM_STATUS_OK);
  const uint8_t *removal = removals;
  CHECK(length == 22 && is(&removal, TANDEM_CACHE_REMOVED_REPLACED, "key", "one"));
  CHECK(tandem_cache_take_removals(cache, removals, 52, &length) == TANDEM_STATUS_OK);
  removal = removals;
  CHECK(length == 26 && is(&removal, TANDEM_CACHE_REMOVED_DELETED, "key", "and two"));
  CHECK(tandem_cache_take_removals(cache, removals, 52, &length) == TANDEM_STATUS_OK);
  CHECK(length == 0);
  free(removals);
  tandem_cache_free(cache);
}

static void evicted_and_dropped(void) {
  enum { ENTRIES = 100000, CAPACITY = 1 << 20 };
  struct tandem_cache *cache = new_cache(64 << 10);
  for (uint64_t key = 0; key < ENTRIES; key++) {
    CHECK(tandem_cache_set(cache, (const uint8_t *)&key, 8, (const uint8_t *)&key, 8, 0, NULL) == TANDEM_STATUS_OK);
  }
  uint8_t *removals = block(CAPACITY);
  size_t length = 0;
  CHECK(tandem_cache_take_removals(cache, removals, CAPACITY, &length) == TANDEM_STATUS_OK);
  CHECK(length > 0 && length % 32 == 0);
  for (size_t offset = 0; offset < length; offset += 32) {
    uint32_t reason;
    memcpy(&reason, removals + offset, 4);
    CHECK(reason == TANDEM_CACHE_REMOVED_SIZE);
    CHECK(memcmp(removals + offset + 16, removals + offset + 24, 8) == 0);
  }
  struct tandem_cache_stats stats;
  CHECK(tandem_cache_get_stats(cache, &stats) == TANDEM_STATUS_OK);
  CHECK(stats.removals_dropped > 0 && stats.removals_dropped == stats.evictions - length / 32);
  free(removals);
  tandem_cache_free(cache);
}

static void none_kept_and_misuse(void) {
  struct tandem_cache *cache = new_cache(0);
  set(cache, "key", "value");
  delete(cache, "key");
  size_t length = 1;
  CHECK(tandem_cache_take_removals(cache, NULL, 0, &length) == TANDEM_STATUS_OK && length == 0);
  CHECK(tandem_cache_take_removals(NULL, NULL, 0, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_take_removals(cache, NULL, 1, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_take_removals(cache, NULL, 0, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  tandem_cache_free(cache);

  struct tandem_cache_options options = {.max_bytes = 1 << 20, .removal_bytes = (512 << 10) + 1};
  CHECK(tandem_cache_new(&options, &cache, NULL) == TANDEM_STATUS_INVALID_ARGUMENT && cache == NULL);
}

int main(void) {
  in_order();
  evicted_and_dropped();
  none_kept_and_misuse();
  return result();
}
