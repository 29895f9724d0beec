#include "runtime/formats/Npy.h"

#include "runtime/DType.h"
#include "runtime/formats/File.h"
#include "tests/runtime/TemporaryFolder.h"

#include <gmock/gmock.h>

#include <cstring>
#include <random>

namespace quern::tests {
namespace {

using namespace quern::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

template <typename T> std::vector<T> valuesOf(const Array &array) {
  std::vector<T> values(array.data.size() / sizeof(T));
  std::memcpy(values.data(), array.data.data(), array.data.size());
  return values;
}

std::string errorOf(const std::string &name) {
  Result<Array> array = readNpy(fixture(name));
  return array ? "" : array.error();
}

template <typename T> void expectCounting(const char *name, quern_dtype dtype) {
  Result<Array> array = readNpy(fixture(std::string(name) + ".npy"));
  ASSERT_TRUE(array) << array.error();
  EXPECT_EQ(array->dtype, dtype);
  EXPECT_STREQ(dtypeName(dtype), name);
  EXPECT_THAT(array->shape, ElementsAre(2, 3));
  EXPECT_THAT(valuesOf<T>(*array), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(Npy, ReadsEveryTypeThatNumpyWrites) {
  expectCounting<float>("f32", QUERN_F32);
  expectCounting<double>("f64", QUERN_F64);
  expectCounting<int8_t>("i8", QUERN_I8);
  expectCounting<int16_t>("i16", QUERN_I16);
  expectCounting<int32_t>("i32", QUERN_I32);
  expectCounting<int64_t>("i64", QUERN_I64);
  expectCounting<uint8_t>("u8", QUERN_U8);
  expectCounting<uint16_t>("u16", QUERN_U16);
  expectCounting<uint32_t>("u32", QUERN_U32);
  expectCounting<uint64_t>("u64", QUERN_U64);
  Result<Array> array = readNpy(fixture("bool.npy"));
  ASSERT_TRUE(array) << array.error();
  EXPECT_EQ(array->dtype, QUERN_BOOL);
  EXPECT_THAT(valuesOf<uint8_t>(*array), ElementsAre(0, 1, 1, 1, 1, 1));
  array = readNpy(fixture("f16.npy"));
  ASSERT_TRUE(array) << array.error();
  EXPECT_EQ(array->dtype, QUERN_F16);
  EXPECT_THAT(valuesOf<uint16_t>(*array), ElementsAre(0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500));
}

TEST(Npy, ReadsAnyRank) {
  EXPECT_TRUE(readNpy(fixture("scalar.npy"))->shape.empty());
  EXPECT_THAT(readNpy(fixture("vector.npy"))->shape, ElementsAre(3));
  EXPECT_THAT(readNpy(fixture("empty.npy"))->shape, ElementsAre(0, 4));
  // One axis that is longer than 1 lies the same in both orders.
  EXPECT_THAT(readNpy(fixture("fortran_vector.npy"))->shape, ElementsAre(3, 1));
}

TEST(Npy, SaysWhatItDoesNotRead) {
  EXPECT_THAT(errorOf("fortran.npy"), HasSubstr("array in Fortran order"));
  EXPECT_THAT(errorOf("big_endian.npy"), HasSubstr("big-endian data ('>f4'); save it as '<f4'"));
  EXPECT_THAT(errorOf("complex.npy"), HasSubstr("unsupported element type '<c8'"));
  EXPECT_THAT(errorOf("text.npy"), HasSubstr("unsupported element type '<U2'"));
  EXPECT_THAT(errorOf("structure.npy"), HasSubstr("array of structures"));
  EXPECT_THAT(errorOf("rgb.png"), HasSubstr("not a .npy file"));
  EXPECT_THAT(errorOf("none.npy"), HasSubstr("cannot open: No such file"));
  EXPECT_THAT(errorOf(""), HasSubstr("cannot read: Is a directory"));
}

TEST(Npy, RefusesEveryTruncationAndSurplus) {
  std::string file = contentOf(fixture("i16.npy"));
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(parseNpy(bytesOf(file.substr(0, size)), "x")) << size;
  EXPECT_TRUE(parseNpy(bytesOf(file), "x"));
  Result<ArrayView> longer = parseNpy(bytesOf(file + "z"), "x");
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error(), "x: surplus data: 13 bytes where shape [2, 3] of i16 takes 12");
}

TEST(Npy, SurvivesRandomChanges) {
  const std::string original = contentOf(fixture("f32.npy"));
  std::mt19937 random(3);
  for (int round = 0; round < 50000; ++round) {
    std::string file = original;
    for (auto changes = 1 + random() % 4; changes > 0; --changes)
      file[random() % file.size()] = static_cast<char>(random());
    if (Result<ArrayView> view = parseNpy(bytesOf(file), "x")) {
      EXPECT_EQ(*arrayBytes(view->dtype, view->shape), view->data.size());
    }
  }
}

std::string fileWithHeader(std::string header, const std::string &data = "") {
  header += '\n';
  std::string file = "\x93NUMPY";
  file += {'\x01', '\x00', static_cast<char>(header.size() & 255),
           static_cast<char>(header.size() >> 8)};
  return file + header + data;
}

TEST(Npy, RefusesHostileShapes) {
  auto error = [](const std::string &shape) {
    std::string file =
        fileWithHeader("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }");
    Result<ArrayView> view = parseNpy(bytesOf(file), "x");
    return view ? "" : view.error();
  };
  EXPECT_EQ(error("(0,)"), "");
  EXPECT_THAT(error("(4611686018427387904, 4)"), HasSubstr("too large"));
  EXPECT_THAT(error("(0, 4611686018427387904, 4)"), HasSubstr("too large"));
  EXPECT_THAT(error("(-1,)"), HasSubstr("malformed"));
  EXPECT_THAT(error("(99999999999999999999,)"), HasSubstr("malformed"));
  EXPECT_THAT(error("(1, 2"), HasSubstr("malformed"));
  EXPECT_THAT(error("3"), HasSubstr("malformed"));
}

TEST(Npy, ReadsHeadersThatOthersWrite) {
  std::string data(24, '\0');
  for (const char *header :
       {"{\"shape\": (2,3), \"fortran_order\": False, \"descr\": \"<f4\"}",
        "{'descr':'<f4','fortran_order':False,'shape':(2,3,)}",
        "{ 'fortran_order' : False , 'descr' : '=f4' , 'shape' : ( 2 , 3 ) , }    "}) {
    std::string file = fileWithHeader(header, data);
    EXPECT_TRUE(parseNpy(bytesOf(file), "x")) << header;
  }
  for (const char *header : {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '', 'x': 1}",
                             "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}"}) {
    std::string file = fileWithHeader(header, data);
    EXPECT_FALSE(parseNpy(bytesOf(file), "x")) << header;
  }
}

TEST(Npy, WritesWhatNumpyWrites) {
  TemporaryFolder folder;
  for (const char *name : {"f32.npy", "bool.npy", "scalar.npy", "vector.npy", "empty.npy"}) {
    Result<Array> array = readNpy(fixture(name));
    ASSERT_TRUE(array);
    // Newer versions of NumPy pad their headers further than its format asks for; what counts is
    // what is read.
    Status written = writeNpy(folder.path(name), array->view());
    ASSERT_TRUE(written) << written.error();
    Result<Array> again = readNpy(folder.path(name));
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->shape, array->shape);
    EXPECT_EQ(again->data, array->data);
    EXPECT_EQ((contentOf(folder.path(name)).size() - array->data.size()) % 64, 0u);
  }
  EXPECT_EQ(writeNpy(folder.path("b.npy"), {QUERN_BF16, {}, {}}).error(),
            folder.path("b.npy") + ": NumPy has no type for bf16");
}

} // namespace
} // namespace quern::tests
