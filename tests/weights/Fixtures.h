// The files that make_fixtures.py wrote, and a folder for what tests write themselves.
#pragma once

#include "frontend/weights/WeightStore.h"

#include <string>
#include <vector>

namespace quern::frontend::weights::tests {

/// "…/tests/weights/fixtures/NAME".
std::string fixture(const std::string &name);

/// The well-formed fixtures' names.
const std::vector<std::string> &goodFixtures();

/// A whole file.
std::vector<std::byte> bytesOf(const std::string &path);

/// A copy on the heap of exactly that size, so that a sanitiser sees a step outside.
Blob heapBlob(std::span<const std::byte> bytes);

/// The elements of a tensor, as doubles.
std::vector<double> elementsOf(const Weight &weight);

/// A tensor of f32.
Weight makeWeight(std::string name, std::vector<int64_t> shape, const std::vector<float> &values);

/// A new empty folder that goes with the object.
class TemporaryFolder {
public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder();

  std::string path(const std::string &name) const { return folder + "/" + name; }
  /// The names of the files in it.
  std::vector<std::string> files() const;

private:
  std::string folder;
};

} // namespace quern::frontend::weights::tests
