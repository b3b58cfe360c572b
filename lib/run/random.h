// Reproducible randomness for simulations: the same seed gives the same numbers on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace kfrun::run {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // 0 <= result < count.
  int below(int count) { return static_cast<int>(next() % static_cast<std::uint64_t>(count)); }
  bool percent(int chance) { return below(100) < chance; }

 private:
  std::uint64_t state_;
};

// A seed that depends on a text (FNV-1a), for choices that belong to a name and not to the order of events.
inline std::uint64_t seed_of(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325u ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return Random(hash).next();
}

}  // namespace kfrun::run
