// Time that a test moves itself.

#include "check.h"

enum { SECOND = 1000000000 };

static tandem_status get(const struct tandem_cache *cache) {
  size_t length;
  return tandem_cache_get(cache, (const uint8_t *)"key", 3, NULL, 0, &length);
}

static void set(struct tandem_cache *cache) {
  CHECK(tandem_cache_set(cache, (const uint8_t *)"key", 3, NULL, 0, TANDEM_CACHE_TTL_DEFAULT, NULL) == TANDEM_STATUS_OK);
}

int main(void) {
  struct tandem_clock *clock = NULL;
  CHECK(tandem_clock_new(&clock) == TANDEM_STATUS_OK && clock != NULL);
  struct tandem_cache_options options = {.ttl = 3 * (uint64_t)SECOND, .clock = clock};
  struct tandem_cache *one = NULL, *other = NULL;
  CHECK(tandem_cache_new(&options, &one, NULL) == TANDEM_STATUS_OK);
  options.ttl = 0;
  options.idle = 2 * (uint64_t)SECOND;
  CHECK(tandem_cache_new(&options, &other, NULL) == TANDEM_STATUS_OK);
  set(one);
  set(other);

  CHECK(tandem_clock_advance(clock, SECOND) == TANDEM_STATUS_OK);
  uint64_t ttl = 0;
  CHECK(tandem_cache_ttl(one, (const uint8_t *)"key", 3, &ttl) == TANDEM_STATUS_OK && ttl == 2 * (uint64_t)SECOND);
  CHECK(get(other) == TANDEM_STATUS_OK);
  CHECK(tandem_clock_advance(clock, 2 * (uint64_t)SECOND - 1) == TANDEM_STATUS_OK);
  CHECK(get(one) == TANDEM_STATUS_OK);
  CHECK(get(other) == TANDEM_STATUS_OK);
  CHECK(tandem_clock_advance(clock, 1) == TANDEM_STATUS_OK);
  CHECK(get(one) == TANDEM_STATUS_NOT_FOUND);
  CHECK(get(other) == TANDEM_STATUS_OK);
  struct tandem_cache_view view;
  CHECK(tandem_cache_get_view(one, &view) == TANDEM_STATUS_OK && view.now == 0);

  // Caches do without it.
  tandem_clock_free(clock);
  CHECK(get(other) == TANDEM_STATUS_OK);
  set(one);
  CHECK(get(one) == TANDEM_STATUS_OK);
  tandem_cache_free(one);
  tandem_cache_free(other);

  tandem_clock_free(NULL);
  CHECK(tandem_clock_new(NULL) == TANDEM_STATUS_INVALID_ARGUMENT);
  CHECK(tandem_clock_advance(NULL, 1) == TANDEM_STATUS_INVALID_ARGUMENT);
  return result();
}
