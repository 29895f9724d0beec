#include "codegen/Link.h"

#include "runtime/ModelImage.h"

#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace quern::codegen {
namespace {

/// The C++ compiler driver: $CXX, or the first of the usual names on the PATH.
llvm::Expected<std::string> compilerDriver() {
  std::vector<std::string> names;
  if (std::optional<std::string> chosen = llvm::sys::Process::GetEnv("CXX");
      chosen && !chosen->empty())
    names.push_back(*chosen);
  names.insert(names.end(), {"c++", "g++", "clang++"});
  for (const std::string &name : names)
    if (llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName(name))
      return *path;
  return llvm::createStringError("no C++ compiler driver (c++, g++ or clang++) is on the PATH to "
                                 "link with; install one, or set CXX");
}

/// What a program prints, kept in memory: where the disk is full it has to be readable, too.
class Complaints {
public:
  Complaints()
      : file(::memfd_create("complaints", 0)),
        name(file < 0 ? "/dev/null" : fmt::format("/proc/self/fd/{}", file)) {}
  Complaints(const Complaints &) = delete;
  Complaints &operator=(const Complaints &) = delete;
  ~Complaints() {
    if (file >= 0)
      ::close(file);
  }
  /// Where the program can open it for writing.
  llvm::StringRef path() const { return name; }
  /// The last of it.
  std::string read() const {
    constexpr size_t most = 2000;
    auto text = llvm::MemoryBuffer::getOpenFile(file, "complaints", /*FileSize=*/-1);
    return text ? (*text)->getBuffer().rtrim().take_back(most).str() : "";
  }

private:
  int file;
  std::string name;
};

/// With less, linking may well have failed for that.
constexpr uint64_t leastSpace = uint64_t{1} << 20;

uint64_t spaceLeft(const std::string &folder) {
  llvm::ErrorOr<llvm::sys::fs::space_info> space = llvm::sys::fs::disk_space(folder);
  return space ? space->available : UINT64_MAX;
}

/// Runs the compiler driver with `arguments`, which it is given in a file. Its complaint is the
/// error.
llvm::Error runDriver(const std::vector<std::string> &arguments, const std::string &scratch) {
  llvm::Expected<std::string> driver = compilerDriver();
  if (!driver)
    return driver.takeError();
  std::string responseFile = scratch + "/arguments";
  std::error_code error;
  llvm::raw_fd_ostream out(responseFile, error);
  for (const std::string &argument : arguments) {
    out << '"';
    for (char c : argument)
      out << (c == '"' || c == '\\' ? "\\" : "") << c;
    out << "\"\n";
  }
  out.close();
  if (out.has_error()) {
    error = out.error();
    out.clear_error();
  }
  if (error)
    return llvm::createStringError(error, "cannot write '%s'", responseFile.c_str());
  Complaints complaints;
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), complaints.path(),
                                                complaints.path()};
  std::string why;
  int code = llvm::sys::ExecuteAndWait(*driver, {*driver, "@" + responseFile}, std::nullopt,
                                       redirects, 0, 0, &why);
  if (code == 0)
    return llvm::Error::success();
  if (std::string text = complaints.read(); !text.empty())
    why = text;
  if (uint64_t left = spaceLeft(scratch); left < leastSpace)
    why += fmt::format("\n{}: {} KiB are left there; set TMPDIR to a folder with more", scratch,
                       left >> 10);
  return llvm::createStringError("linking failed (%s exited with %d): %s", driver->c_str(), code,
                                 why.c_str());
}

/// What a produced program takes from the runtime: its own libraries by path, Debian's static ones
/// by file name.
void addExecutableLibraries(std::vector<std::string> &arguments, const LinkJob &job) {
  for (const char *library : {"main", "formats", "runtime"})
    arguments.push_back(fmt::format("{}/libquern_{}.a", job.libraryFolder, library));
  arguments.insert(arguments.end(), {"-l:libz.a", "-static-libstdc++", "-static-libgcc"});
}

/// A shared library exports quern.h's functions and the model's accessor, which begins like them.
llvm::Error writeVersionScript(const std::string &path) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (error)
    return llvm::createStringError(error, "cannot write '%s'", path.c_str());
  out << "{ global: quern_*; local: *; };\n";
  return llvm::Error::success();
}

/// Objects and the runtime's members in one archive, in a fixed order and without dates.
llvm::Error writeArchive(const LinkJob &job) {
  std::vector<llvm::NewArchiveMember> members;
  for (const std::string &object : job.objects) {
    auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
    if (!member)
      return member.takeError();
    members.push_back(std::move(*member));
  }
  auto runtime = llvm::object::createBinary(job.libraryFolder + "/libquern_runtime.a");
  if (!runtime)
    return runtime.takeError();
  llvm::Error error = llvm::Error::success();
  for (const auto &child :
       llvm::cast<llvm::object::Archive>(runtime->getBinary())->children(error)) {
    auto member = llvm::NewArchiveMember::getOldMember(child, /*Deterministic=*/true);
    if (!member)
      return llvm::joinErrors(std::move(error), member.takeError());
    members.push_back(std::move(*member));
  }
  if (error)
    return error;
  return llvm::writeArchive(job.output, members, llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
}

} // namespace

llvm::Error link(const LinkJob &job) {
  if (job.kind == LinkKind::staticArchive)
    return writeArchive(job);
  std::vector<std::string> arguments{"-o", job.output};
  arguments.insert(arguments.end(), job.objects.begin(), job.objects.end());
  switch (job.kind) {
  case LinkKind::object:
    arguments.insert(arguments.end(), {"-r", "-nostdlib"});
    return runDriver(arguments, job.scratchFolder);
  case LinkKind::executable:
    arguments.push_back("-Wl,--defsym=quern_main_model=" + job.accessor);
    addExecutableLibraries(arguments, job);
    break;
  default: {
    std::string script = job.scratchFolder + "/exports";
    if (llvm::Error error = writeVersionScript(script))
      return error;
    arguments.insert(arguments.end(),
                     {"-shared", "-Xlinker", "-soname", "-Xlinker", job.soname, "-Wl,-z,defs",
                      "-Wl,--version-script=" + script, "-Wl,--whole-archive",
                      job.libraryFolder + "/libquern_runtime.a", "-Wl,--no-whole-archive",
                      "-static-libgcc"});
  }
  }
  arguments.insert(arguments.end(),
                   {"-Wl,--gc-sections", "-Wl,-z,noexecstack", "-lpthread", "-ldl", "-lm"});
  for (const std::string &library : job.libraries)
    arguments.push_back("-l" + library);
  return runDriver(arguments, job.scratchFolder);
}

llvm::Error embedFile(llvm::StringRef file, llvm::StringRef symbol, llvm::StringRef object) {
  std::string source = (object + ".s").str();
  std::error_code error;
  llvm::raw_fd_ostream out(source, error);
  if (error)
    return llvm::createStringError(error, "cannot write '%s'", source.c_str());
  out << fmt::format(R"(	.section .rodata.quern_weights,"a",@progbits
	.globl {0}
	.hidden {0}
	.balign {2}
{0}:
	.incbin "{1}"
	.zero {3}
	.section .note.GNU-stack,"",@progbits
)",
                     symbol.str(), file.str(), runtime::bufferAlignment, runtime::tailPadding);
  out.close();
  return runDriver({"-c", "-o", object.str(), source}, llvm::sys::path::parent_path(object).str());
}

} // namespace quern::codegen
