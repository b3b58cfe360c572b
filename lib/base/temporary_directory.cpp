#include "base/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"

namespace kfrun {

TemporaryDirectory::TemporaryDirectory(std::string_view prefix) {
  const char* configured = std::getenv("TMPDIR");
  const std::string parent = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  std::string path = join_path(parent, std::string(prefix) + "XXXXXX");
  if (mkdtemp(path.data()) == nullptr) throw make_error(ErrorKind::failed, "mkdir {}: {}", path, std::strerror(errno));
  path_ = disk().resolve(path).value_or(path);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace kfrun
