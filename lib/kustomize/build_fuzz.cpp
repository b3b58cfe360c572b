// Builds a tree in memory: the input's files follow lines "=== PATH"; what stands before the first is /kustomization.yaml.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kustomize/kustomize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kMark = "=== ";
  std::string_view input(reinterpret_cast<const char*>(data), size);
  kfrun::MemoryFileSystem files;
  std::string path = "/kustomization.yaml";
  std::string text;
  while (!input.empty()) {
    const auto end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
    if (line.starts_with(kMark) && line.size() > kMark.size() && line.find('\0') == std::string_view::npos) {
      files.add(path, text);
      path = kfrun::clean_path("/" + std::string(line.substr(kMark.size())));
      text.clear();
    } else {
      text.append(line).push_back('\n');
    }
  }
  files.add(path, text);
  kfrun::kustomize::BuildOptions options;
  options.enable_git = false;
  try {
    kfrun::kustomize::to_yaml(kfrun::kustomize::build(files, "/", options));
  } catch (const kfrun::Error&) {
    // A fault that is told is a good outcome.
  }
  return 0;
}
