/* Quern's C interface: run a compiled model from C, C++ or anything that can call C.
 *
 * A compiled model (executable, shared or static library) holds one `quern_model`, which its
 * generated header returns:
 *
 *     #include "resnet50.h" // declares const quern_model *quern_get_resnet50(void);
 *     quern_context *context;
 *     if (quern_create(quern_get_resnet50(), NULL, &context) != QUERN_OK)
 *         return puts(quern_last_error(NULL));
 *     const void *inputs[] = {image}; // row-major, of the shape that quern_input reports
 *     void *outputs[] = {logits};
 *     if (quern_run(context, inputs, outputs) != QUERN_OK) puts(quern_last_error(context));
 *     quern_destroy(context);
 *
 * A model is immutable and may be shared. A context (its memory, its threads) serves one caller at
 * a time; two contexts, also of one model, may run at once. No function throws, prints or exits.
 */
#ifndef QUERN_H
#define QUERN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QUERN_API __attribute__((visibility("default")))
#else
#define QUERN_API
#endif

/* The version of this interface and of `struct quern_model`; both sides must agree exactly. */
#define QUERN_ABI_VERSION 2u
/* The most axes that a tensor has. */
#define QUERN_MAX_RANK 8

typedef struct quern_model quern_model;
typedef struct quern_context quern_context;
typedef struct quern_sequence quern_sequence;

typedef enum quern_status {
  QUERN_OK = 0,
  QUERN_INVALID_ARGUMENT = 1, /* a null pointer, an index or an option out of range */
  QUERN_OUT_OF_MEMORY = 2,    /* memory for the context could not be reserved */
  QUERN_BAD_MODEL = 3,        /* the model image is damaged, or of another version */
  QUERN_UNSUPPORTED_CPU = 4, /* the model was compiled for instructions that this processor lacks */
  QUERN_WEIGHTS_UNREADABLE = 5, /* the weights file is missing, unreadable or truncated */
  QUERN_WEIGHTS_MISMATCH =
      6, /* the weights file belongs to another model or another compilation of it */
  QUERN_THREADS_FAILED = 7, /* the operating system refused a thread */
  QUERN_DEVICE_FAILED = 8,  /* no usable device, or the device reported an error */
  QUERN_KERNEL_FAILED =
      9,               /* a kernel reported an error: a defect of the compiler, please report it */
  QUERN_BAD_STATE = 10 /* a saved state is damaged, or of another model */
} quern_status;

/* The element type of a tensor. The numbers are part of the binary format. */
typedef enum quern_dtype {
  QUERN_F32 = 1,
  QUERN_F64 = 2,
  QUERN_F16 = 3,
  QUERN_BF16 = 4,
  QUERN_I8 = 5,
  QUERN_I16 = 6,
  QUERN_I32 = 7,
  QUERN_I64 = 8,
  QUERN_U8 = 9,
  QUERN_U16 = 10,
  QUERN_U32 = 11,
  QUERN_U64 = 12,
  QUERN_BOOL = 13 /* one byte, 0 or 1 */
} quern_dtype;

/* One input or output. `name` and `shape` live as long as the model. */
typedef struct quern_tensor {
  const char *name;
  const int64_t *shape; /* `rank` extents, outermost first; the data are dense and row-major */
  size_t bytes;         /* of the whole tensor */
  quern_dtype dtype;
  uint32_t rank;
} quern_tensor;

/* What one kernel call has cost so far. */
typedef struct quern_profile_entry {
  const char *name;     /* what it computes, for people: "conv + relu 64x56x56" */
  const char *kernel;   /* the symbol; calls that share a kernel share it */
  const char *location; /* "label (file:line:column)" in the model's source, or "" */
  uint64_t flops;       /* of one call, by the textbook count, multiply and add apart */
  uint64_t bytes;       /* that one call reads and writes, counted once */
  uint64_t calls;
  uint64_t total_ns;
  uint64_t min_ns; /* of one call; 0 before the first */
} quern_profile_entry;

/* The caller's own threads: must call body(state, i) exactly once for each i in [0, count), in any
 * order, on any thread, at the same time or not, and return when all have returned. */
typedef void (*quern_parallel_for)(void *user, int count, void (*body)(void *state, int index),
                                   void *state);

typedef struct quern_options {
  uint32_t
      struct_size;  /* sizeof(quern_options): lets a newer library read an older caller's options */
  uint32_t threads; /* 0: as many as the affinity mask and the cgroup's quota admit */
  const char *weights_path; /* the side file; NULL: where the compiler put it, beside the binary */
  quern_parallel_for parallel_for; /* NULL: the context's own pool */
  void *parallel_for_user;         /* passed to parallel_for */
  int profile;                     /* not 0: time each kernel call from the start */
  /* Not 0: weights are read where they lie, in the binary or its side file, and shared with other
   * contexts and processes. 0: each context copies them into large pages, from which they are read
   * faster, unless they take more than an eighth of the memory. */
  int share_weights;
} quern_options;
/* `quern_options options = QUERN_OPTIONS_DEFAULT;` then set what you need. */
#define QUERN_OPTIONS_DEFAULT {(uint32_t)sizeof(quern_options), 0u, NULL, NULL, NULL, 0, 0}

/* Reserves all that running needs: arena, scratch, threads, weights. `options` may be NULL. On
 * failure *context is NULL and quern_last_error(NULL) says why. */
QUERN_API quern_status quern_create(const quern_model *model, const quern_options *options,
                                    quern_context **context);

/* Runs the model once. inputs[i] and outputs[i] have the type, shape and order that quern_input and
 * quern_output report, aligned to their element; an output may not overlap an input or another
 * output. Allocates nothing (a device's driver may) and takes no lock. Refused for a model that was
 * compiled with --steps only: see quern_sequence_create. */
QUERN_API quern_status quern_run(quern_context *context, const void *const *inputs,
                                 void *const *outputs);

/* Frees a context; NULL is allowed. */
QUERN_API void quern_destroy(quern_context *context);

/* What the status means, in English; never NULL. */
QUERN_API const char *quern_status_message(quern_status status);
/* The message of the last failed call on `context`; with NULL, of the last failed call without a
 * context on this thread. Never NULL,
 * "" when nothing failed; valid until the next such call. */
QUERN_API const char *quern_last_error(const quern_context *context);

/* The model's name, and the target that it was compiled for; NULL when the model is damaged. */
QUERN_API const char *quern_model_name(const quern_model *model);
QUERN_API const char *quern_model_target(const quern_model *model);
/* How many inputs and outputs; 0 when the model is damaged. */
QUERN_API size_t quern_input_count(const quern_model *model);
QUERN_API size_t quern_output_count(const quern_model *model);
/* Describes one of them. Each call checks the model anew: ask once, not in a loop. */
QUERN_API quern_status quern_input(const quern_model *model, size_t index, quern_tensor *tensor);
QUERN_API quern_status quern_output(const quern_model *model, size_t index, quern_tensor *tensor);
/* The size of one element in bytes; 0 for an unknown type. */
QUERN_API size_t quern_dtype_bytes(quern_dtype dtype);
/* "f32", "i64", "bool"…; "?" for an unknown type. */
QUERN_API const char *quern_dtype_name(quern_dtype dtype);

/* Causal models, position by position.
 *
 * A model that was compiled with its step programs generates one of its inputs in an order. A
 * sequence is such an input in the making (N of them at once where the model's batch is N) with all
 * that later positions need of earlier ones: each element of each value is computed once. Elements
 * and parameters pass position by position, in the order of generation: a slot is the tensor's
 * slice at one position, dense, what remains of its axes in their order.
 *
 * A sequence uses its context's memory and threads: both serve one caller at a time. Destroy
 * sequences before their context. */
typedef struct quern_order {
  size_t input;       /* the generated input */
  size_t output;      /* the output that the contract is about */
  uint64_t positions; /* the most that a sequence can have */
  size_t input_bytes; /* of a slot */
  size_t output_bytes;
  uint64_t latency; /* the output at a position is due when so many more are known */
  int strict; /* not 0: the output at a position tells of the element there; else, of the next */
} quern_order;

/* Describes the order; QUERN_INVALID_ARGUMENT for a model without step programs. */
QUERN_API quern_status quern_model_order(const quern_model *model, quern_order *order);

/* Where position `position` lies in the tensors: the row-major number of its place along the
 * ordered axes. It differs from `position` where the model has an order of its own; UINT64_MAX for
 * a model without step programs, or a position that it does not have. */
QUERN_API uint64_t quern_position_place(const quern_model *model, uint64_t position);

/* Begins a sequence at position 0. `inputs` is as for quern_run, without the generated one, whose
 * entry is not looked at; NULL if there is no other. They are read once, here; NaN is refused, and
 * an index that its table does not have. */
QUERN_API quern_status quern_sequence_create(quern_context *context, const void *const *inputs,
                                             quern_sequence **sequence);
/* Frees a sequence; NULL is allowed. */
QUERN_API void quern_sequence_destroy(quern_sequence *sequence);
/* How many elements are known. */
QUERN_API uint64_t quern_sequence_position(const quern_sequence *sequence);

/* Makes the elements of positions [from, to) known: a prompt, a chunk of a stream, or one; `from`
 * is the sequence's position. `elements` are to - from slots of the input; `outputs`, unless NULL,
 * gets the slots of the positions that become due: [due(from), due(to)), where due(p) is p -
 * latency, at least 0, and `positions` for p = positions. Elements that the model's
 * distribution cannot have drawn are refused: what is none of its levels, or not finite; without a
 * distribution NaN, and an index that its table does not have. Nothing is allocated, no lock taken;
 * after QUERN_INVALID_ARGUMENT the sequence is as it was. */
QUERN_API quern_status quern_advance(quern_sequence *sequence, uint64_t from, uint64_t to,
                                     const void *elements, void *outputs);
/* Of a stream that ends before the model's last position: gets the outputs that are not due yet,
 * [due(p), p) for the sequence's position p, as the model for p positions gives them: behind the
 * end there are zeros, before every layer. (So a max pool, an attention or padding with other
 * numbers that looks ahead meets zeros there, which the model for p positions would not.) The
 * sequence is as it was. */
QUERN_API quern_status quern_flush(quern_sequence *sequence, void *outputs);
/* Copies the output slot that tells of the element at the sequence's position.
 * QUERN_INVALID_ARGUMENT where there is none: of a complete sequence if the model is strict, at
 * position 0 if it is not, and where it looks ahead. A complete sequence of a model that is not
 * strict has one: what would follow. The sequence is as it was. */
QUERN_API quern_status quern_predict(quern_sequence *sequence, void *output);

typedef struct quern_sample_options {
  uint32_t struct_size; /* sizeof(quern_sample_options) */
  uint32_t top_k;       /* categorical: the k most likely levels only; 0: all */
  double top_p;         /* categorical: the fewest levels that hold this probability only; 1: all */
  double temperature;   /* 1: the model's distribution; 0: the most likely */
  uint64_t seed; /* what is drawn depends on it, the position and the place in the batch alone */
} quern_sample_options;
#define QUERN_SAMPLE_OPTIONS_DEFAULT {(uint32_t)sizeof(quern_sample_options), 0u, 1.0, 1.0, 0u}

/* Draws the elements of the next `count` positions and advances over them; `elements`, unless NULL,
 * gets their slots. `options` may be NULL. An output that is no number (NaN) is an error. */
QUERN_API quern_status quern_sample(quern_sequence *sequence, uint64_t count,
                                    const quern_sample_options *options, void *elements);

/* The state of a sequence as bytes, to be restored into any sequence of the same compiled model.
 * Saving asks for at least quern_sequence_bytes of room (QUERN_INVALID_ARGUMENT). What is restored
 * must be all that was saved: QUERN_BAD_STATE for a state that is cut short, damaged or of another
 * model, or another compilation of it; the sequence is then as it was. */
QUERN_API size_t quern_sequence_bytes(const quern_sequence *sequence);
QUERN_API quern_status quern_sequence_save(const quern_sequence *sequence, void *bytes,
                                           size_t size);
QUERN_API quern_status quern_sequence_restore(quern_sequence *sequence, const void *bytes,
                                              size_t size);
/* Another sequence in the same state, on the same context; QUERN_OUT_OF_MEMORY, with *fork NULL,
 * where its arena cannot be reserved. */
QUERN_API quern_status quern_sequence_fork(const quern_sequence *sequence, quern_sequence **fork);

/* The threads that the context uses, its caller included. */
QUERN_API uint32_t quern_thread_count(const quern_context *context);
/* The bytes that the context has reserved, weights apart. */
QUERN_API size_t quern_memory_bytes(const quern_context *context);

/* Kernel calls in the order in which they run. Counting starts with quern_set_profiling(context, 1)
 * or options.profile. */
QUERN_API void quern_set_profiling(quern_context *context, int on);
QUERN_API void quern_profile_reset(quern_context *context);
QUERN_API size_t quern_profile_count(const quern_context *context);
QUERN_API quern_status quern_profile(const quern_context *context, size_t index,
                                     quern_profile_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
