// Snapshots of the cache: saved and loaded block by block.

#include "check.h"

enum { ENTRIES = 10000, CAPACITY = 1 << 20 };

static struct tandem_cache *new_cache(void) {
  struct tandem_cache *cache = NULL;
  CHECK(tandem_cache_new(NULL, &cache, NULL) == TANDEM_STATUS_OK);
  return cache;
}

static const uint8_t TAG[] = "tag";

// Saves a cache to new memory, and gives its length.
static uint8_t *save(const struct tandem_cache *cache, size_t *length) {
  uint8_t *snapshot = malloc(8 * CAPACITY);
  struct tandem_cache_saving saving = {0};
  size_t block = 0;
  *length = 0;
  CHECK(tandem_cache_save(cache, &saving, TAG, 3, snapshot, 10, &block) == TANDEM_STATUS_BUFFER_TOO_SMALL);
  CHECK(block > 10 && saving.blocks == 0);
  do {
    CHECK(*length < 7 * CAPACITY);
    CHECK(tandem_cache_save(cache, &saving, TAG, 3, snapshot + *length, CAPACITY, &block) == TANDEM_STATUS_OK);
    *length += block;
  } while (block > 0);
  return snapshot;
}

// Loads a snapshot as far as it goes. *whole tells whether it was not cut off.
static tandem_status load(const struct tandem_cache *cache, const uint8_t *snapshot, size_t length, const char *tag,
                          bool *whole) {
  struct tandem_cache_loading loading = {0};
  size_t offset = 0;
  *whole = false;
  do {
    size_t next = (size_t)loading.next;
    if (length - offset < next) {
      return TANDEM_STATUS_OK;
    }
    tandem_status status =
        tandem_cache_load(cache, &loading, (const uint8_t *)tag, strlen(tag), snapshot + offset, next);
    if (status != TANDEM_STATUS_OK) {
      return status;
    }
    offset += next;
  } while (loading.next > 0);
  *whole = true;
  return TANDEM_STATUS_OK;
}

static void round_trip(void) {
  struct tandem_cache *cache = new_cache();
  for (uint64_t key = 0; key < ENTRIES; key++) {
    uint8_t value[100] = {(uint8_t)key};
    CHECK(tandem_cache_set(cache, (const uint8_t *)&key, 8, value, sizeof value, 0, NULL) == TANDEM_STATUS_OK);
  }
  size_t length = 0;
  bool whole = false;
  uint8_t *snapshot = save(cache, &length);
  struct tandem_cache *next = new_cache();
  CHECK(load(next, snapshot, length, "tag", &whole) == TANDEM_STATUS_OK && whole);
  for (uint64_t key = 0; key < ENTRIES; key++) {
    uint8_t value[100];
    size_t found = 0;
    CHECK(tandem_cache_get(next, (const uint8_t *)&key, 8, value, sizeof value, &found) == TANDEM_STATUS_OK);
    CHECK(found == sizeof value && value[0] == (uint8_t)key);
  }
  CHECK(load(next, snapshot, length - 1, "tag", &whole) == TANDEM_STATUS_OK && !whole);
  CHECK(load(next, snapshot, length, "other", &whole) == TANDEM_STATUS_SNAPSHOT_TAG);
  snapshot[length / 2] ^= 1;
  CHECK(load(next, snapshot, length, "tag", &whole) == TANDEM_STATUS_SNAPSHOT_DAMAGED);
  snapshot[8] ^= 1;
  CHECK(load(next, snapshot, length, "tag", &whole) == TANDEM_STATUS_SNAPSHOT_VERSION);
  snapshot[0] ^= 1;
  CHECK(load(next, snapshot, length, "tag", &whole) == TANDEM_STATUS_NOT_SNAPSHOT);
  free(snapshot);
  tandem_cache_free(next);
  tandem_cache_free(cache);
}

// Blocks with entries may be loaded in any order: here from the last to the first.
static void in_any_order(void) {
  enum { MOST = 100 };
  struct tandem_cache *cache = new_cache();
  for (uint64_t key = 0; key < ENTRIES; key++) {
    uint8_t value[100] = {(uint8_t)key};
    CHECK(tandem_cache_set(cache, (const uint8_t *)&key, 8, value, sizeof value, 0, NULL) == TANDEM_STATUS_OK);
  }
  size_t length = 0;
  uint8_t *snapshot = save(cache, &length);
  tandem_cache_clear(cache);
  struct tandem_cache_loading loading = {0}, later[MOST];
  const uint8_t *pieces[MOST], *piece = snapshot;
  size_t waiting = 0;
  do {
    size_t next = (size_t)loading.next;
    CHECK(tandem_cache_load_later(&loading, &later[waiting]) == TANDEM_STATUS_OK);
    if (later[waiting].next == 0) {
      CHECK(tandem_cache_load(cache, &loading, TAG, 3, piece, next) == TANDEM_STATUS_OK);
    } else {
      pieces[waiting++] = piece;
    }
    piece += next;
  } while (loading.next > 0);
  CHECK(piece == snapshot + length && waiting > 1);
  while (waiting-- > 0) {
    size_t next = (size_t)later[waiting].next;
    CHECK(tandem_cache_load(cache, &later[waiting], TAG, 3, pieces[waiting], next) == TANDEM_STATUS_OK);
  }
  struct tandem_cache_stats stats;
  CHECK(tandem_cache_get_stats(cache, &stats) == TANDEM_STATUS_OK && stats.entries == ENTRIES);
  free(snapshot);
  tandem_cache_free(cache);
}

static void refused(void) {
  struct tandem_cache *cache = new_cache();
  struct tandem_cache_saving saving = {0};
  struct tandem_cache_loading loading = {0};
  uint8_t block[100];
  size_t length = 0;
  CHECK(tandem_cache_save(NULL, &saving, NULL, 0, block, 100, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_save(cache, NULL, NULL, 0, block, 100, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_save(cache, &saving, NULL, 1, block, 100, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_save(cache, &saving, NULL, 0, NULL, 100, &length) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_save(cache, &saving, NULL, 0, block, 100, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load_later(NULL, &loading) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load_later(&loading, NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load(NULL, &loading, NULL, 0, NULL, 0) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load(cache, NULL, NULL, 0, NULL, 0) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load(cache, &loading, NULL, 1, NULL, 0) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load(cache, &loading, NULL, 0, NULL, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_cache_load(cache, &loading, NULL, 0, block, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  tandem_cache_close(cache);
  CHECK(tandem_cache_save(cache, &saving, NULL, 0, block, 100, &length) == TANDEM_STATUS_CLOSED);
  CHECK(tandem_cache_load(cache, &loading, NULL, 0, NULL, 0) == TANDEM_STATUS_CLOSED);
  tandem_cache_free(cache);
}

int main(void) {
  round_trip();
  in_any_order();
  refused();
  return result();
}
