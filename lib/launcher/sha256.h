// SHA-256 (FIPS 180-4). A library for it would be larger than the launcher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kfrun::launcher {

class Sha256 {
 public:
  void add(std::string_view bytes);
  // The 32 bytes of the digest of all that was added. Call once.
  std::string finish();

 private:
  void compress(const unsigned char* block);

  std::uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char block_[64] = {};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

// Lower-case hexadecimal.
std::string hex(std::string_view bytes);

}  // namespace kfrun::launcher
