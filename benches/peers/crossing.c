#include "crossing.h"

int32_t peers_nothing(const uint8_t *data, size_t length, void *failed) {
  (void)data;
  (void)length;
  (void)failed;
  return 0;
}
