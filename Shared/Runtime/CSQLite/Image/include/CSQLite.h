// The module's header in an image: the same as in a process, over the sqlite3.h of the source package.
#include "../../shim.h"
