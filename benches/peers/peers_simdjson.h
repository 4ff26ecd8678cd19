// simdjson's DOM parser, with a text in memory that it may read some bytes beyond.
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peers_simdjson peers_simdjson;

peers_simdjson *peers_simdjson_new(const char *text, size_t length);
int peers_simdjson_parse(peers_simdjson *parser);

#ifdef __cplusplus
}
#endif
