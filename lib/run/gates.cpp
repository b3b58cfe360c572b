#include "run/gates.h"

namespace kfrun::run {

void Gates::advance(int instance, Position& position) {
  while (position.at != kNone) {
    Gate& gate = gates_[static_cast<std::size_t>(position.at)];
    if (gate.used >= gate.limit) return gate.waiting.push_back(instance);
    ++gate.used;
    position.at = gate.outer;
  }
}

void Gates::leave(const Position& position, std::vector<int>& opened) {
  for (int at = position.inner; at != position.at;) {
    Gate& gate = gates_[static_cast<std::size_t>(at)];
    --gate.used;
    if (!gate.waiting.empty()) opened.push_back(at);
    at = gate.outer;
  }
}

std::optional<int> Gates::next(int at) {
  Gate& gate = gates_[static_cast<std::size_t>(at)];
  if (gate.used >= gate.limit || gate.waiting.empty()) return std::nullopt;
  const int instance = gate.waiting.front();
  gate.waiting.pop_front();
  return instance;
}

}  // namespace kfrun::run
