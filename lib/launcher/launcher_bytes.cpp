#include "launcher/launcher_bytes.h"

// The assembler reads the file; a symbol stands at either end.
#define KFRUN_INCLUDE_BYTES(symbol, file) \
  asm(".section .rodata\n"                \
      ".balign 16\n"                      \
      ".global " #symbol "\n" #symbol     \
      ":\n"                               \
      ".incbin \"" file                   \
      "\"\n"                              \
      ".global " #symbol "_end\n" #symbol \
      "_end:\n"                           \
      ".byte 0\n"                         \
      ".text\n");                         \
  extern "C" const char symbol[];         \
  extern "C" const char symbol##_end[]

#ifdef KFRUN_LAUNCHER_AMD64
KFRUN_INCLUDE_BYTES(kfrun_launcher_amd64, KFRUN_LAUNCHER_AMD64);
#endif
#ifdef KFRUN_LAUNCHER_ARM64
KFRUN_INCLUDE_BYTES(kfrun_launcher_arm64, KFRUN_LAUNCHER_ARM64);
#endif

namespace kfrun::launcher {

std::string_view launcher_bytes([[maybe_unused]] std::string_view architecture) {
#ifdef KFRUN_LAUNCHER_AMD64
  if (architecture == "amd64")
    return {kfrun_launcher_amd64, static_cast<std::size_t>(kfrun_launcher_amd64_end - kfrun_launcher_amd64)};
#endif
#ifdef KFRUN_LAUNCHER_ARM64
  if (architecture == "arm64")
    return {kfrun_launcher_arm64, static_cast<std::size_t>(kfrun_launcher_arm64_end - kfrun_launcher_arm64)};
#endif
  return {};
}

}  // namespace kfrun::launcher
