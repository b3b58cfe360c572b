// A directory for the files of other programs that is gone when nobody needs it any more.
#pragma once

#include <string>
#include <string_view>

namespace kfrun {

class TemporaryDirectory {
 public:
  // Below $TMPDIR or /tmp, named `prefix` and a random part. Throws Error(failed) in the system's words.
  explicit TemporaryDirectory(std::string_view prefix);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // Absolute, links resolved.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace kfrun
