// A function that answers with a text, as a Node addon.
#include <node_api.h>

static napi_value hello(napi_env env, napi_callback_info info) {
  napi_value text;
  napi_create_string_utf8(env, "hello from C", NAPI_AUTO_LENGTH, &text);
  return text;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "hello", NAPI_AUTO_LENGTH, hello, NULL, &function);
  napi_set_named_property(env, exports, "hello", function);
  return exports;
}
