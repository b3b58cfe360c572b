// Digests and the encodings that names and bodies are made of. OpenSSL is used only in digest.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kfrun {

// The 32 raw bytes of SHA-256.
std::string sha256(std::string_view bytes);
// SHA-256 of what comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  // The 32 raw bytes; called once, last.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// Lower-case hexadecimal.
std::string hex(std::string_view bytes);
inline std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }
// RFC 4648 base32 in lower case without padding: fits DNS labels.
std::string base32(std::string_view bytes);
// RFC 4648 base64 with padding.
std::string base64(std::string_view bytes);
// Decodes base64; throws Error(input) when it is not base64. Line breaks are skipped.
std::string decode_base64(std::string_view text);
// CRC-32 (IEEE 802.3, as zlib and the launcher compute it).
unsigned crc32(std::string_view bytes);
// `count` bytes from the system's random source, for names that must not collide.
std::string random_bytes(std::size_t count);

}  // namespace kfrun
