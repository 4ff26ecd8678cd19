// cache: finds the longest Collatz sequence that starts below a limit, from several threads.
//
//     cache [THREADS [LIMIT [MEBIBYTES]]]
//
// A sequence goes from n to n / 2 or 3n + 1 until it reaches 1. The threads share what they know of its length through
// a cache of limited size: what was evicted is computed again, so that the answer is always the same. Without
// arguments: 4 threads, 1000000, 16 MiB. Exits with 0, or with 2 after a message on the standard error.

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem.h>

enum { FAILED = 2, MAX_THREADS = 256, CHUNK = 1000 };

// What the threads share.
struct search {
  tandem_cache *cache;
  uint64_t limit;
  _Atomic uint64_t next; // the first start that nobody has taken yet
};

// What one thread found.
struct finding {
  struct search *search;
  uint64_t start;
  uint32_t length;
  tandem_error error;
  bool failed;
};

// The length of the sequence from `start`, stored for the others.
static tandem_status length_of(struct finding *finding, uint64_t start, uint32_t *length) {
  tandem_cache *cache = finding->search->cache;
  uint32_t steps = 0;
  for (uint64_t n = start;; steps++) {
    uint32_t rest = 1;
    size_t size = 0;
    bool known = n == 1 || tandem_cache_get(cache, (const uint8_t *)&n, sizeof n, (uint8_t *)&rest,
                                            sizeof rest, &size) == TANDEM_STATUS_OK;
    if (known) {
      *length = steps + rest;
      return tandem_cache_set(cache, (const uint8_t *)&start, sizeof start, (const uint8_t *)length,
                              sizeof *length, TANDEM_CACHE_TTL_DEFAULT, &finding->error);
    }
    n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  }
}

static void *run(void *argument) {
  struct finding *finding = argument;
  struct search *search = finding->search;
  for (;;) {
    uint64_t first = atomic_fetch_add(&search->next, CHUNK);
    if (first >= search->limit) {
      return NULL;
    }
    uint64_t end = search->limit - first < CHUNK ? search->limit : first + CHUNK;
    for (uint64_t start = first; start < end; start++) {
      uint32_t length;
      if (length_of(finding, start, &length) != TANDEM_STATUS_OK) {
        finding->failed = true;
        return NULL;
      }
      if (length > finding->length) {
        finding->start = start;
        finding->length = length;
      }
    }
  }
}

// A number between 1 and `most`, or 0.
static uint64_t number(const char *text, uint64_t most) {
  char *end;
  uint64_t value = strtoull(text, &end, 10);
  return text[0] < '0' || text[0] > '9' || *end != '\0' || value > most ? 0 : value;
}

int main(int argc, char **argv) {
  uint64_t threads = argc > 1 ? number(argv[1], MAX_THREADS) : 4;
  uint64_t limit = argc > 2 ? number(argv[2], 1000000000) : 1000000;
  uint64_t mebibytes = argc > 3 ? number(argv[3], 1 << 20) : 16;
  if (argc > 4 || threads == 0 || limit < 2 || mebibytes == 0) {
    fputs("usage: cache [THREADS [LIMIT [MEBIBYTES]]]\n", stderr);
    return FAILED;
  }

  struct search search = {.limit = limit, .next = 1};
  tandem_cache_options options = {.max_bytes = mebibytes << 20};
  tandem_error error;
  if (tandem_cache_new(&options, &search.cache, &error) != TANDEM_STATUS_OK) {
    fprintf(stderr, "cache: %s\n", error.message);
    return FAILED;
  }

  struct finding findings[MAX_THREADS];
  memset(findings, 0, sizeof findings);
  pthread_t ids[MAX_THREADS];
  uint64_t started = 0;
  for (; started < threads; started++) {
    findings[started].search = &search;
    if (pthread_create(&ids[started], NULL, run, &findings[started]) != 0) {
      break; // those that run do the work
    }
  }
  struct finding longest = {.length = 0};
  for (uint64_t i = 0; i < started; i++) {
    pthread_join(ids[i], NULL);
    if (findings[i].failed) {
      longest = findings[i];
      break;
    }
    // Of two of the same length the first counts, whoever found it.
    if (findings[i].length > longest.length ||
        (findings[i].length == longest.length && findings[i].start < longest.start)) {
      longest = findings[i];
    }
  }

  int exit_code = 0;
  tandem_cache_stats stats;
  if (started == 0) {
    fputs("cache: no thread could be started\n", stderr);
    exit_code = FAILED;
  } else if (longest.failed) {
    fprintf(stderr, "cache: %s\n", longest.error.message);
    exit_code = FAILED;
  } else if (tandem_cache_get_stats(search.cache, &stats) == TANDEM_STATUS_OK) {
    printf("%" PRIu64 " starts a sequence of %" PRIu32 " numbers\n", longest.start, longest.length);
    printf("cache: %" PRIu64 " hits, %" PRIu64 " misses, %" PRIu64 " evictions, %" PRIu64
           " of %" PRIu64 " bytes\n",
           stats.hits, stats.misses, stats.evictions, stats.bytes, stats.max_bytes);
  }
  tandem_cache_free(search.cache);
  return exit_code;
}
