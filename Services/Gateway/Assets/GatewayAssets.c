// The packed files are made from the files beside them by deploy/assets; Tests/Gateway says when that was forgotten.
#include "GatewayAssets.h"

// #embed is C's since C23; the language of all our C is older.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t style_sheet[] = {
#embed "style.css.gz"
};

static const uint8_t api_description[] = {
#embed "openapi.json.gz"
};

struct gateway_asset gateway_style_sheet(void) {
  return (struct gateway_asset){style_sheet, sizeof style_sheet};
}

struct gateway_asset gateway_api_description(void) {
  return (struct gateway_asset){api_description, sizeof api_description};
}
