/* Two models that share a kernel, in one program; C99. */
#include "affine.h"
#include "twin.h"
#include <math.h>
#include <stdio.h>

/* What the model gives for ones and minus ones, compared with what was reckoned by hand. */
static int check(const quern_model *model, const float *shift, const float *expected) {
  const float x[6] = {1, 1, 1, -1, -1, -1};
  const void *inputs[2] = {x, shift};
  float y[4] = {NAN, NAN, NAN, NAN};
  void *outputs[1] = {y};
  quern_context *context;
  if (quern_create(model, NULL, &context) != QUERN_OK) {
    fprintf(stderr, "quern_create: %s\n", quern_last_error(NULL));
    return 1;
  }
  int failed = quern_run(context, inputs, outputs) != QUERN_OK;
  quern_destroy(context);
  for (int i = 0; i < 4; ++i)
    failed |= !(fabsf(y[i] - expected[i]) <= 1e-5F);
  return failed;
}

int main(void) {
  const float ten[2] = {10, 20}, none[2] = {0, 0};
  const float withTen[4] = {16.5F, 20, 10, 26.25F}, withNone[4] = {6.5F, 0, 0, 6.25F};
  if (check(quern_get_affine(), ten, withTen) || check(quern_get_twin(), none, withNone)) {
    fputs("one of the two models is wrong\n", stderr);
    return 1;
  }
  puts("both agree");
  return 0;
}
