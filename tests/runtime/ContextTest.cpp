#include "tests/runtime/FakeModel.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace quern::tests {
namespace {

using runtime::Space;
constexpr int size = FakeModel::size;

struct ContextTest : testing::Test {
  ContextTest() {
    fakeBehaviour = {};
    for (int i = 0; i < size; ++i)
      x[i] = 0.5f * static_cast<float>(i);
  }

  quern_status create(const FakeModel &fake, quern_options options = QUERN_OPTIONS_DEFAULT) {
    return quern_create(&fake.model, &options, &context);
  }
  quern_status run() {
    const void *inputs[] = {x};
    void *outputs[] = {y};
    return quern_run(context, inputs, outputs);
  }
  ~ContextTest() override { quern_destroy(context); }

  void expectAnswer() {
    for (int i = 0; i < size; ++i)
      EXPECT_EQ(y[i], 2 * x[i] + static_cast<float>(i)) << i;
  }

  quern_context *context = nullptr;
  float x[size];
  float y[size] = {};
};

std::string lastError() { return quern_last_error(nullptr); }

TEST_F(ContextTest, RunsWithAnyNumberOfThreads) {
  FakeModel fake;
  for (uint32_t threads : {0u, 1u, 2u, 3u, 8u}) {
    quern_options options = QUERN_OPTIONS_DEFAULT;
    options.threads = threads;
    ASSERT_EQ(create(fake, options), QUERN_OK) << lastError();
    EXPECT_GE(quern_thread_count(context), 1u);
    EXPECT_TRUE(threads == 0 || quern_thread_count(context) == threads);
    for (int repeat = 0; repeat < 100; ++repeat) {
      std::fill(std::begin(y), std::end(y), -1.0f);
      ASSERT_EQ(run(), QUERN_OK) << quern_last_error(context);
      expectAnswer();
    }
    quern_destroy(context);
    context = nullptr;
  }
}

TEST_F(ContextTest, NullOptionsAreTheDefaults) {
  FakeModel fake;
  ASSERT_EQ(quern_create(&fake.model, nullptr, &context), QUERN_OK);
  EXPECT_EQ(run(), QUERN_OK);
  expectAnswer();
  EXPECT_GE(quern_memory_bytes(context), size * sizeof(float));
}

TEST_F(ContextTest, TwoContextsOfOneModelRunAtOnce) {
  FakeModel fake;
  auto use = [&] {
    quern_options options = QUERN_OPTIONS_DEFAULT;
    options.threads = 2;
    quern_context *own = nullptr;
    ASSERT_EQ(quern_create(&fake.model, &options, &own), QUERN_OK);
    float out[size];
    const void *inputs[] = {x};
    void *outputs[] = {out};
    for (int repeat = 0; repeat < 500; ++repeat) {
      ASSERT_EQ(quern_run(own, inputs, outputs), QUERN_OK);
      ASSERT_EQ(out[size - 1], 2 * x[size - 1] + size - 1);
    }
    quern_destroy(own);
  };
  std::thread first(use);
  std::thread second(use);
  first.join();
  second.join();
}

TEST_F(ContextTest, UsesTheCallersThreads) {
  FakeModel fake;
  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.threads = 3;
  int calls = 0;
  options.parallel_for_user = &calls;
  options.parallel_for = [](void *user, int count, void (*body)(void *, int), void *state) {
    ++*static_cast<int *>(user);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back(body, state, i);
    for (std::thread &thread : threads)
      thread.join();
  };
  ASSERT_EQ(create(fake, options), QUERN_OK);
  EXPECT_EQ(run(), QUERN_OK);
  expectAnswer();
  EXPECT_EQ(calls, 1);
}

TEST_F(ContextTest, FinishesWhatACarelessCallersLoopLeavesUndone) {
  FakeModel fake;
  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.threads = 3;
  options.parallel_for = [](void *, int, void (*)(void *, int), void *) {};
  ASSERT_EQ(create(fake, options), QUERN_OK);
  EXPECT_EQ(run(), QUERN_OK);
  expectAnswer();
}

TEST_F(ContextTest, RefusesNullAndMisalignedPointers) {
  FakeModel fake;
  EXPECT_EQ(quern_create(nullptr, nullptr, &context), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(quern_create(&fake.model, nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(quern_run(nullptr, nullptr, nullptr), QUERN_INVALID_ARGUMENT);
  ASSERT_EQ(create(fake), QUERN_OK);
  const void *inputs[] = {nullptr};
  void *outputs[] = {y};
  EXPECT_EQ(quern_run(context, nullptr, outputs), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(quern_run(context, inputs, outputs), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(quern_last_error(context), "input 0 (x) is null");
  inputs[0] = reinterpret_cast<const char *>(x) + 1;
  EXPECT_EQ(quern_run(context, inputs, outputs), QUERN_INVALID_ARGUMENT);
  EXPECT_STREQ(quern_last_error(context), "input 0 (x) is not aligned to its elements");
  quern_destroy(nullptr);
}

TEST_F(ContextTest, RefusesImpossibleOptions) {
  FakeModel fake;
  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.threads = 100000;
  EXPECT_EQ(create(fake, options), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(lastError(), "100000 threads; at most 1024 are possible");
  options = QUERN_OPTIONS_DEFAULT;
  options.struct_size = 3;
  EXPECT_EQ(create(fake, options), QUERN_INVALID_ARGUMENT);
  options = QUERN_OPTIONS_DEFAULT;
  options.weights_path = "some.weights";
  EXPECT_EQ(create(fake, options), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(lastError(), "some.weights: the model needs no weights file");
}

TEST_F(ContextTest, RefusesModelsItCannotRun) {
  FakeModel fake;
  fake.model.abiVersion = 77;
  EXPECT_EQ(create(fake), QUERN_BAD_MODEL);
  EXPECT_EQ(context, nullptr);
  EXPECT_EQ(quern_input_count(&fake.model), 0u);
  fake.rebuild();
  fake.model.run = nullptr;
  EXPECT_EQ(create(fake), QUERN_BAD_MODEL);
  fake.rebuild();
  fake.image.header.cpuFeatures = uint64_t{1} << 63;
  fake.rebuild();
  EXPECT_EQ(create(fake), QUERN_UNSUPPORTED_CPU);
  fake.image.header.cpuFeatures = 0;
  fake.image.header.device = runtime::DeviceKind::opencl;
  fake.rebuild();
  EXPECT_EQ(create(fake), QUERN_BAD_MODEL);
  EXPECT_EQ(lastError(), "the model's device library was not linked");
}

TEST_F(ContextTest, SaysWhenMemoryIsRefused) {
  FakeModel fake;
  fake.image.header.arenaBytes = uint64_t{1} << 46;
  fake.rebuild();
  // More than the address space of two such arenas would hold.
  quern_options options = QUERN_OPTIONS_DEFAULT;
  fake.image.header.serialScratchBytes = uint64_t{1} << 46;
  fake.image.header.threadScratchBytes = uint64_t{1} << 46;
  fake.rebuild();
  EXPECT_EQ(create(fake, options), QUERN_OUT_OF_MEMORY);
  EXPECT_EQ(context, nullptr);
}

TEST_F(ContextTest, PassesOnAKernelsError) {
  FakeModel fake;
  ASSERT_EQ(create(fake), QUERN_OK);
  fakeBehaviour.code = -7;
  EXPECT_EQ(run(), QUERN_KERNEL_FAILED);
  EXPECT_STREQ(quern_last_error(context), "the fake kernel fails");
  fakeBehaviour.code = 0;
  EXPECT_EQ(run(), QUERN_OK);
  EXPECT_STREQ(quern_last_error(context), "");
  expectAnswer();
}

TEST_F(ContextTest, ReportsScratchBeyondTheReserve) {
  FakeModel fake;
  ASSERT_EQ(create(fake), QUERN_OK);
  fakeBehaviour.taskScratch = 1 << 20;
  EXPECT_EQ(run(), QUERN_KERNEL_FAILED);
  EXPECT_STREQ(quern_last_error(context),
               "a kernel needs 1048576 more bytes of scratch than the model reserves (in a loop)");
  fakeBehaviour = {};
  EXPECT_EQ(run(), QUERN_OK);
  fakeBehaviour.serialScratch = 1 << 20;
  EXPECT_EQ(run(), QUERN_KERNEL_FAILED);
  EXPECT_STREQ(
      quern_last_error(context),
      "a kernel needs 1048576 more bytes of scratch than the model reserves (outside loops)");
}

TEST_F(ContextTest, ProfilesEachKernelCall) {
  FakeModel fake;
  quern_options options = QUERN_OPTIONS_DEFAULT;
  options.profile = 1;
  ASSERT_EQ(create(fake, options), QUERN_OK);
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(run(), QUERN_OK);
  ASSERT_EQ(quern_profile_count(context), 2u);
  quern_profile_entry entry;
  ASSERT_EQ(quern_profile(context, 0, &entry), QUERN_OK);
  EXPECT_STREQ(entry.name, "double");
  EXPECT_STREQ(entry.kernel, "fake_double");
  EXPECT_STREQ(entry.location, "fake.qn:2:7");
  EXPECT_EQ(entry.flops, uint64_t{size});
  EXPECT_EQ(entry.calls, 3u);
  EXPECT_GE(entry.total_ns, 3 * entry.min_ns);
  EXPECT_EQ(quern_profile(context, 2, &entry), QUERN_INVALID_ARGUMENT);
  quern_set_profiling(context, 0);
  ASSERT_EQ(run(), QUERN_OK);
  ASSERT_EQ(quern_profile(context, 1, &entry), QUERN_OK);
  EXPECT_EQ(entry.calls, 3u);
  quern_profile_reset(context);
  ASSERT_EQ(quern_profile(context, 1, &entry), QUERN_OK);
  EXPECT_EQ(entry.calls, 0u);
}

TEST_F(ContextTest, DescribesTheModel) {
  FakeModel fake;
  EXPECT_STREQ(quern_model_name(&fake.model), "fake");
  EXPECT_STREQ(quern_model_target(&fake.model), "host");
  ASSERT_EQ(quern_input_count(&fake.model), 1u);
  ASSERT_EQ(quern_output_count(&fake.model), 1u);
  quern_tensor tensor;
  ASSERT_EQ(quern_input(&fake.model, 0, &tensor), QUERN_OK);
  EXPECT_STREQ(tensor.name, "x");
  EXPECT_EQ(tensor.dtype, QUERN_F32);
  EXPECT_EQ(tensor.rank, 2u);
  EXPECT_EQ(tensor.shape[1], size);
  EXPECT_EQ(tensor.bytes, size * sizeof(float));
  EXPECT_EQ(quern_output(&fake.model, 1, &tensor), QUERN_INVALID_ARGUMENT);
  EXPECT_EQ(lastError(), "there is no output 1: the model has 1");
  EXPECT_STREQ(quern_dtype_name(QUERN_BF16), "bf16");
  EXPECT_EQ(quern_dtype_bytes(QUERN_I64), 8u);
  for (int status = QUERN_OK; status <= QUERN_KERNEL_FAILED; ++status)
    EXPECT_STRNE(quern_status_message(static_cast<quern_status>(status)), "unknown status");
}

/// The same model with its weights in a side file.
struct SideFileTest : ContextTest {
  SideFileTest()
      : fake(name), folder(std::filesystem::temp_directory_path() / "quern-side-XXXXXX") {
    std::string pattern = folder.string();
    folder = mkdtemp(pattern.data());
    path = (folder / name).string();
    std::memcpy(header.magic, runtime::weightsMagic, sizeof header.magic);
    header.version = runtime::weightsVersion;
    header.dataOffset = runtime::weightsDataAlignment;
    header.identity = fake.image.header.identity;
    header.dataBytes = size * sizeof(float);
  }
  ~SideFileTest() override { std::filesystem::remove_all(folder); }

  void write(size_t cut = 0) {
    std::string bytes(runtime::weightsDataAlignment, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    bytes.append(reinterpret_cast<const char *>(fake.weights), size * sizeof(float));
    bytes.append(runtime::tailPadding, '\0');
    bytes.resize(bytes.size() - cut);
    std::ofstream(path, std::ios::binary) << bytes;
  }
  quern_status open(bool isShared = false) {
    quern_options options = QUERN_OPTIONS_DEFAULT;
    options.weights_path = path.c_str();
    options.share_weights = isShared;
    return create(fake, options);
  }
  /// Whether this process has mapped the file.
  bool isMapped() const {
    std::ifstream maps("/proc/self/maps");
    std::string text(std::istreambuf_iterator<char>(maps), {});
    return text.find(path) != std::string::npos;
  }

  static constexpr const char *name = "fake.weights";
  FakeModel fake;
  std::filesystem::path folder;
  std::string path;
  runtime::WeightsFileHeader header{};
};

TEST_F(SideFileTest, IsMapped) {
  write();
  ASSERT_EQ(open(), QUERN_OK) << lastError();
  EXPECT_TRUE(isMapped());
  EXPECT_EQ(run(), QUERN_OK);
  expectAnswer();
}

TEST_F(SideFileTest, IsCopiedWhereItIsLargeAndNotShared) {
  constexpr uint64_t bytes = uint64_t{8} << 20;
  header.dataBytes = fake.image.header.weightsBytes = bytes;
  fake.rebuild();
  write();
  std::filesystem::resize_file(path, runtime::weightsDataAlignment + bytes + runtime::tailPadding);
  for (bool isShared : {false, true}) {
    ASSERT_EQ(open(isShared), QUERN_OK) << lastError();
    EXPECT_EQ(isMapped(), isShared);
    EXPECT_EQ(run(), QUERN_OK);
    expectAnswer();
  }
}

TEST_F(SideFileTest, IsFoundInTheCurrentFolder) {
  write();
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  quern_status status = create(fake);
  std::filesystem::current_path(before);
  ASSERT_EQ(status, QUERN_OK) << lastError();
  EXPECT_EQ(run(), QUERN_OK);
  expectAnswer();
}

TEST_F(SideFileTest, IsFoundBesideTheProgram) {
  path = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
  write();
  quern_status status = create(fake);
  std::filesystem::remove(path);
  EXPECT_EQ(status, QUERN_OK) << lastError();
}

TEST_F(SideFileTest, MissingOrForeignIsRefused) {
  EXPECT_EQ(open(), QUERN_WEIGHTS_UNREADABLE);
  EXPECT_EQ(lastError(), "cannot open the weights file " + path + ": No such file or directory");
  EXPECT_EQ(create(fake), QUERN_WEIGHTS_UNREADABLE);
  std::ofstream(path) << "something else entirely, though longer than the header of such a file";
  EXPECT_EQ(open(), QUERN_WEIGHTS_UNREADABLE);
  header.identity = 43;
  write();
  EXPECT_EQ(open(), QUERN_WEIGHTS_MISMATCH);
  header.identity = 42;
  header.version = 9;
  write();
  EXPECT_EQ(open(), QUERN_WEIGHTS_UNREADABLE);
  header.version = runtime::weightsVersion;
  header.dataOffset = 100;
  write();
  EXPECT_EQ(open(), QUERN_WEIGHTS_UNREADABLE);
  path = folder;
  EXPECT_EQ(open(), QUERN_WEIGHTS_UNREADABLE);
}

TEST_F(SideFileTest, TruncatedIsRefused) {
  for (size_t cut : {size_t{1}, size_t{64}, size_t{300}, size_t{4000}}) {
    write(cut);
    EXPECT_EQ(open(), QUERN_WEIGHTS_UNREADABLE) << cut;
  }
}

} // namespace
} // namespace quern::tests
