// The algorithms, one file each.
#pragma once

#include "passes/conv/ConvAlgorithm.h"

namespace quern::passes {

const ConvAlgorithm &directConv();           ///< Direct.cpp
const ConvAlgorithm &im2colConv();           ///< Im2col.cpp: the whole matrix of patches
const ConvAlgorithm &implicitIm2colConv();   ///< Im2col.cpp: the patches at work only
const ConvAlgorithm &winogradConv();         ///< Winograd.cpp
const ConvAlgorithm &fftConv();              ///< Fft.cpp
const ConvAlgorithm &strassenConv();         ///< Strassen.cpp
const ConvAlgorithm &strassenWinogradConv(); ///< Strassen.cpp: the variant with fewer additions
const ConvAlgorithm &separableConv();        ///< Separable.cpp

} // namespace quern::passes
