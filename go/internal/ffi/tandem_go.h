// Which tandem.h this package compiles against.
#ifdef TANDEM_SYSTEM
#include <tandem.h>
#else
#ifdef __aarch64__
#define TANDEM_PRELINKED "libtandem_linux_arm64.h"
#else
#define TANDEM_PRELINKED "libtandem_linux_amd64.h"
#endif
#if defined(__has_include) && !__has_include(TANDEM_PRELINKED)
#error "The Rust library is not built yet: run `make build` in the root of the repository."
#else
#include TANDEM_PRELINKED
#endif
#endif

// What handles lead to is not Go's memory and has no pointers of Go's: cgo need not look for any before each call.
struct tandem_shape {
  char opaque;
};
struct tandem_cache {
  char opaque;
};
