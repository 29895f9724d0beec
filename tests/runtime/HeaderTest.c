/* quern.h is C99, and a C program links the runtime without a C++ library: this one is compiled and
 * linked so, and says what it finds through the interface of a model that does not exist. */
#include "runtime/quern.h"

#include <stdio.h>
#include <string.h>

int main(void) {
  quern_options options = QUERN_OPTIONS_DEFAULT;
  quern_context *context = NULL;
  quern_tensor tensor;
  if (quern_create(NULL, &options, &context) != QUERN_INVALID_ARGUMENT || context != NULL)
    return 1;
  if (strcmp(quern_last_error(NULL), "the model is null") != 0)
    return 2;
  if (quern_input(NULL, 0, &tensor) != QUERN_INVALID_ARGUMENT || quern_output_count(NULL) != 0)
    return 3;
  if (quern_model_name(NULL) != NULL)
    return 4;
  quern_destroy(context);
  printf("%s\n", quern_status_message(QUERN_OK));
  return 0;
}
