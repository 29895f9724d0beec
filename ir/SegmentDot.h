// The op that step programs compute convolutions with.
#pragma once

#include "ir/Infer.h"

#define GET_OP_CLASSES
#include "ir/QuernSegmentDot.h.inc"
