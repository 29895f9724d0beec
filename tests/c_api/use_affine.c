/* Uses a compiled model through nothing but its header; C99. */
#include "affine.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

int main(void) {
  const quern_model *model = quern_get_affine();
  quern_tensor tensor;
  if (quern_input_count(model) != 2 || quern_output_count(model) != 1)
    return fail("signature", "wrong number of inputs or outputs");
  if (quern_input(model, 1, &tensor) != QUERN_OK || strcmp(tensor.name, "shift") != 0 ||
      tensor.rank != 1 || tensor.shape[0] != 2 || tensor.dtype != QUERN_F32)
    return fail("signature", "the second input is not shift: f32[2]");

  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.threads = 2;
  quern_context *context;
  if (quern_create(model, &options, &context) != QUERN_OK)
    return fail("quern_create", quern_last_error(NULL));

  const float x[6] = {1, 1, 1, -1, -1, -1}, shift[2] = {10, 20};
  const float expected[4] = {16.5F, 20, 10, 26.25F};
  float y[4] = {NAN, NAN, NAN, NAN};
  const void *inputs[2] = {x, shift};
  void *outputs[1] = {y};
  for (int run = 0; run < 3; ++run)
    if (quern_run(context, inputs, outputs) != QUERN_OK)
      return fail("quern_run", quern_last_error(context));
  quern_destroy(context);

  for (int i = 0; i < 4; ++i)
    if (!(fabsf(y[i] - expected[i]) <= 1e-5F)) {
      fprintf(stderr, "y[%d] is %g, not %g\n", i, y[i], expected[i]);
      return 1;
    }
  puts("affine agrees");
  return 0;
}
