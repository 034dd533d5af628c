// xl's own parser of configurations, as Debian's libxen-dev has it.
#include <libxl_utils.h>
#include <libxlutil.h>
