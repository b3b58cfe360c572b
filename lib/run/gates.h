// Limits on how many attempts may be live at a time, nested: a dag's limit lies inside of its enclosing dag's and that inside
// of the run's. Who wants to start passes the gates from the inside out and waits, first come first served, at each.
#pragma once

#include <deque>
#include <optional>
#include <vector>

namespace kfrun::run {

class Gates {
 public:
  static constexpr int kNone = -1;

  // A new gate inside of `outer` (kNone: there is none outside). `limit` is at least 1.
  int add(int limit, int outer) {
    gates_.push_back({limit, 0, outer, {}});
    return static_cast<int>(gates_.size()) - 1;
  }
  int count() const { return static_cast<int>(gates_.size()); }

  // Where an instance stands: it holds a place at every gate from `inner` up to, but not including, `at`.
  struct Position {
    int inner = kNone;
    int at = kNone;
    bool through() const { return at == kNone; }
  };

  // Walks on from position.at as far as there is room; waits at the gate where there is none.
  void advance(int instance, Position& position);
  // Gives the places back; the gates that have room now and where somebody waits are appended to `opened`.
  void leave(const Position& position, std::vector<int>& opened);
  // The next that may pass `gate`, if there is room and somebody waits there; its place is not yet taken.
  std::optional<int> next(int gate);

 private:
  struct Gate {
    int limit;
    int used;
    int outer;
    std::deque<int> waiting;
  };
  std::vector<Gate> gates_;
};

}  // namespace kfrun::run
