#include "CVirtio.h"
