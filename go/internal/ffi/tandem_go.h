// Which tandem.h this package compiles against.
#ifdef TANDEM_SYSTEM
#include <tandem.h>
#elif defined(__has_include) && !__has_include("tandem_prelinked.h")
#error "The Rust library is not built yet: run `make build` in the root of the repository."
#else
#include "tandem_prelinked.h"
#endif
