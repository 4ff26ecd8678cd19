// Versions and constants that programs were compiled with.

#include "check.h"

_Static_assert(sizeof(tandem_status) == 4, "statuses have 32 bits");
_Static_assert(sizeof(struct tandem_error) == 256, "the error structure never changes its size");
_Static_assert(offsetof(struct tandem_error, offset) == 8, "nor its layout");

int main(void) {
  unsigned major, minor, patch;
  CHECK(sscanf(tandem_version(), "%u.%u.%u", &major, &minor, &patch) == 3);
  CHECK(tandem_abi_1() >= 1);
  // Statuses are never renumbered.
  CHECK(TANDEM_STATUS_OK == 0 && TANDEM_STATUS_INVALID_ARGUMENT == 1 && TANDEM_STATUS_PANIC == 2);
  CHECK(TANDEM_STATUS_OUT_OF_MEMORY == 3 && TANDEM_STATUS_BUFFER_TOO_SMALL == 4);
  CHECK(TANDEM_STATUS_SYNTAX == 5 && TANDEM_STATUS_MISMATCH == 6 && TANDEM_STATUS_NOT_FOUND == 7);
  CHECK(TANDEM_STATUS_TOO_LARGE == 8 && TANDEM_STATUS_CLOSED == 9);
  return result();
}
