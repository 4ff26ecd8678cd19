//go:build simdjson

#include "peers_simdjson.h"

#include <simdjson.h>

struct peers_simdjson {
  simdjson::dom::parser parser;
  simdjson::padded_string text;
};

peers_simdjson *peers_simdjson_new(const char *text, size_t length) {
  return new peers_simdjson{simdjson::dom::parser(), simdjson::padded_string(text, length)};
}

int peers_simdjson_parse(peers_simdjson *parser) {
  return static_cast<int>(parser->parser.parse(parser->text).error());
}
