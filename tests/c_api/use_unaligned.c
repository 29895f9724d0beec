/* Tensors need no more alignment than their elements: runs a model on every offset of a vector. */
#include "unaligned.h"
#include <stdio.h>
#include <stdlib.h>

enum { count = 64 * 64, offsets = 16 };

int main(void) {
  quern_context *context;
  if (quern_create(quern_get_unaligned(), NULL, &context) != QUERN_OK)
    return puts(quern_last_error(NULL));
  float *x = malloc((count + offsets) * sizeof(float));
  float *y = malloc((count + offsets) * sizeof(float));
  for (int offset = 0; offset < offsets; ++offset) {
    for (int i = 0; i < count; ++i) {
      x[offset + i] = (float)(i % 7 - 3);
      y[offset + i] = -1;
    }
    const void *inputs[1] = {x + offset};
    void *outputs[1] = {y + (offset * 5) % offsets};
    if (quern_run(context, inputs, outputs) != QUERN_OK)
      return puts(quern_last_error(context));
    const float *result = outputs[0];
    for (int i = 0; i < count; ++i) {
      float expected = i % 7 > 3 ? 2 * (float)(i % 7 - 3) : 0;
      if (!(result[i] == expected)) {
        fprintf(stderr, "offset %d: y[%d] is %g, not %g\n", offset, i, result[i], expected);
        return 1;
      }
    }
  }
  quern_destroy(context);
  free(x);
  free(y);
  return 0;
}
