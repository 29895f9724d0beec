// By what names linkers and C programs know a compiled model. The prefixes are ours, and nothing of
// quern.h begins with them: a model may be called as it likes, `read` and `double` and `main` too.
#pragma once

#include <string>

namespace quern::codegen {

/// The function that returns the model; all that is exported of it.
inline std::string accessorSymbol(const std::string &model) { return "quern_get_" + model; }

/// The weights, where they are linked in: seen by the driver's object alone.
inline std::string weightsSymbol(const std::string &model) { return "quern_weights_" + model; }

} // namespace quern::codegen
