// Damaged files of every kind are read or refused, quickly and in bounded memory. Most telling in a
// build with sanitisers: ./dev has none of its own, CMAKE_CXX_FLAGS=-fsanitize=address,undefined
// does. QUERN_FUZZ_ROUNDS raises the number of files made per fixture.
#include "frontend/weights/Load.h"
#include "tests/weights/Fixtures.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <random>

namespace {

std::atomic<size_t> allocated = 0;
std::atomic<size_t> mostAllocated = 0;

void *countedAllocate(size_t size) {
  void *memory = std::malloc(size);
  if (!memory)
    std::abort();
  const size_t now = allocated += malloc_usable_size(memory);
  if (now > mostAllocated)
    mostAllocated = now;
  return memory;
}

void countedFree(void *memory) {
  if (memory)
    allocated -= malloc_usable_size(memory);
  std::free(memory);
}

} // namespace

void *operator new(size_t size) { return countedAllocate(size); }
void *operator new[](size_t size) { return countedAllocate(size); }
void operator delete(void *memory) noexcept { countedFree(memory); }
void operator delete[](void *memory) noexcept { countedFree(memory); }
void operator delete(void *memory, size_t /*size*/) noexcept { countedFree(memory); }
void operator delete[](void *memory, size_t /*size*/) noexcept { countedFree(memory); }

namespace quern::frontend::weights::tests {

namespace {

// Deflate can make a kilobyte a megabyte; nothing else may grow much.
constexpr size_t mostMemory = size_t{48} << 20;

using Random = std::mt19937;

size_t below(Random &random, size_t bound) {
  return std::uniform_int_distribution<size_t>(0, bound - 1)(random);
}

std::vector<std::byte> damaged(std::vector<std::byte> bytes, Random &random) {
  const size_t changes = 1 + below(random, 4);
  for (size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const size_t at = below(random, bytes.size());
    const auto where = bytes.begin() + static_cast<ptrdiff_t>(at);
    const size_t length = std::min(1 + below(random, 16), bytes.size() - at);
    switch (below(random, 7)) {
    case 0: // one bit
      bytes[at] ^= static_cast<std::byte>(1U << below(random, 8));
      break;
    case 1: // another byte
      bytes[at] = static_cast<std::byte>(below(random, 256));
      break;
    case 2: // a large number, perhaps
      std::fill_n(where, length, std::byte{0xff});
      break;
    case 3:
      std::fill_n(where, length, std::byte{0});
      break;
    case 4:
      bytes.erase(where, where + static_cast<ptrdiff_t>(length));
      break;
    case 5: { // something twice
      const std::vector<std::byte> piece(where, where + static_cast<ptrdiff_t>(length));
      bytes.insert(where, piece.begin(), piece.end());
      break;
    }
    default:
      bytes.resize(at);
    }
  }
  return bytes;
}

// Reads the bytes and, if they are weights, every element; the sum keeps that from being left out.
size_t readAll(const std::vector<std::byte> &bytes) {
  const Result<WeightStore> store = readWeights(heapBlob(bytes));
  if (!store)
    return store.error().size();
  size_t sum = 0;
  for (const Weight &weight : store->weights())
    for (std::byte byte : weight.data.bytes)
      sum += std::to_integer<size_t>(byte);
  return sum;
}

void fuzz(const std::string &path, size_t rounds) {
  const std::vector<std::byte> bytes = bytesOf(path);
  Random random(static_cast<Random::result_type>(bytes.size()));
  size_t sum = 0;
  for (size_t round = 0; round < rounds; ++round) {
    const std::vector<std::byte> candidate = damaged(bytes, random);
    const size_t before = allocated;
    mostAllocated = before;
    sum += readAll(candidate);
    ASSERT_LT(mostAllocated - before, mostMemory) << path << ", round " << round;
  }
  EXPECT_GT(sum, 0U);
}

size_t rounds(size_t usual) {
  const char *wanted = std::getenv("QUERN_FUZZ_ROUNDS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : usual;
}

TEST(FuzzTest, DamagedFilesAreReadOrRefused) {
  for (const std::string &name : goodFixtures())
    fuzz(fixture(name), rounds(5000));
}

TEST(FuzzTest, DamagedHostileFilesAreReadOrRefused) {
  for (const auto &entry : std::filesystem::directory_iterator(fixture("hostile")))
    if (entry.file_size() > 0)
      fuzz(entry.path(), rounds(200));
}

TEST(FuzzTest, EverySingleByteMayBeWrong) {
  for (const std::string &name : goodFixtures()) {
    std::vector<std::byte> bytes = bytesOf(fixture(name));
    for (std::byte &byte : bytes) {
      const std::byte right = byte;
      for (const std::byte wrong : {~right, right ^ std::byte{1}, std::byte{0x7f}}) {
        byte = wrong;
        readAll(bytes);
      }
      byte = right;
    }
  }
}

} // namespace
} // namespace quern::frontend::weights::tests
