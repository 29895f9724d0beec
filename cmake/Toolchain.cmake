# Finds the toolchain: MLIR and LLVM 22 (Debian), Halide 21 (the wheel in QUERN_VENV), and the small libraries.
# Two interface targets carry their settings: quern::mlir and quern::halide; quern::warnings is for all of our own code.

set(MLIR_DIR "/usr/lib/llvm-22/lib/cmake/mlir" CACHE PATH "MLIR's CMake package")
find_package(MLIR 22.1 REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

file(GLOB _halide_root "${QUERN_VENV}/lib/python3*/site-packages/halide")
set(Halide_ROOT "${_halide_root}")
set(Halide_DIR "${_halide_root}/lib64/cmake/Halide")
set(HalideHelpers_DIR "${_halide_root}/lib64/cmake/HalideHelpers")
find_package(Halide 21 REQUIRED CONFIG COMPONENTS shared)

find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Threads REQUIRED)

# libMLIR.so and libLLVM.so rather than 431 archives. Their headers are system headers: our warnings are not for them.
add_library(quern_mlir INTERFACE)
add_library(quern::mlir ALIAS quern_mlir)
target_include_directories(quern_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_link_libraries(quern_mlir INTERFACE MLIR LLVM)

add_library(quern_halide INTERFACE)
add_library(quern::halide ALIAS quern_halide)
target_link_libraries(quern_halide INTERFACE Halide::Halide)

add_library(quern_warnings INTERFACE)
add_library(quern::warnings ALIAS quern_warnings)
# g++ 12 sees accesses that are not there in inlined std::string and std::optional (its bugs 105651, 105329, 105562).
target_compile_options(quern_warnings INTERFACE -Wall -Wextra -Werror $<$<CXX_COMPILER_ID:GNU>:
  -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds>)
target_include_directories(quern_warnings INTERFACE "${CMAKE_SOURCE_DIR}")
# What TableGen wrote is not ours to mend.
target_include_directories(quern_warnings SYSTEM INTERFACE "${CMAKE_BINARY_DIR}")
