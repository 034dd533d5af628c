#ifndef GATEWAY_ASSETS_H
#define GATEWAY_ASSETS_H

#include <stddef.h>
#include <stdint.h>

/// A file that stands in the program, as `gzip` packed it.
struct gateway_asset {
  const uint8_t *_Nonnull bytes;
  size_t count;
};

/// style.css.
struct gateway_asset gateway_style_sheet(void);

/// openapi.json.
struct gateway_asset gateway_api_description(void);

#endif
