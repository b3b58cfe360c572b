#include "document/yaml_faults.h"

#include <algorithm>
#include <map>

#include "document/go_syntax.h"

namespace kfrun::document {

namespace {

class LineCounter {
 public:
  // With `wanted`, also learns on which line that node begins.
  explicit LineCounter(const Node* wanted = nullptr) : wanted_(wanted) {}

  void visit(const Node& node) {
    if (&node == wanted_) found_ = line_;
    if (node.is_mapping()) return visit_mapping(node);
    if (node.is_sequence()) return visit_sequence(node);
    const auto breaks = std::count(node.text().begin(), node.text().end(), '\n');
    const bool quoted = node.style() == Style::double_quoted || node.style() == Style::single_quoted;
    if (breaks == 0 || quoted || in_flow_ > 0) return;
    line_ += breaks + (node.text().ends_with('\n') ? 0 : 1);
  }

  const std::string& faults() const { return faults_; }
  long found() const { return found_; }

 private:
  void visit_mapping(const Node& node) {
    std::map<std::string, std::vector<long>> lines;
    const bool flow = enter(node);
    for (const auto& [key, value] : node.members()) {
      if (!flow && in_flow_ == 0 && &key != &node.members().front().key) ++line_;
      if (key.is_scalar()) lines[key.text()].push_back(line_);
      child(value);
    }
    leave(flow);
    for (const auto& member : node.members()) report(member.key, lines);
  }

  void visit_sequence(const Node& node) {
    const bool flow = enter(node);
    for (const auto& item : node.items()) {
      if (!flow && in_flow_ == 0 && &item != &node.items().front()) ++line_;
      visit(item);
    }
    leave(flow);
  }

  // Collections in block style begin on a line of their own.
  void child(const Node& value) {
    if (!value.is_scalar() && value.size() > 0 && value.style() != Style::flow && in_flow_ == 0) ++line_;
    visit(value);
  }

  bool enter(const Node& node) {
    const bool flow = node.style() == Style::flow || node.size() == 0;
    if (flow) ++in_flow_;
    return flow;
  }
  void leave(bool flow) {
    if (flow) --in_flow_;
  }

  // Each later place of a key is told with each earlier one, once for the first of them.
  void report(const Node& key, std::map<std::string, std::vector<long>>& lines) {
    if (!key.is_scalar()) return;
    auto& places = lines[key.text()];
    for (std::size_t i = 0; i < places.size(); ++i) {
      for (std::size_t j = i + 1; j < places.size(); ++j) {
        faults_ +=
            fmt::format("\n  line {}: mapping key {} already defined at line {}", places[j], go_quoted(key.text()), places[i]);
      }
    }
    places.clear();
  }

  const Node* wanted_;
  long found_ = 0;
  long line_ = 1;
  int in_flow_ = 0;
  std::string faults_;
};

}  // namespace

std::optional<Error> duplicate_keys(const Node& root) {
  LineCounter counter;
  counter.visit(root);
  if (counter.faults().empty()) return std::nullopt;
  return Error(ErrorKind::input, "yaml: unmarshal errors:" + counter.faults());
}

Error unreadable_block(const Node& root, const Node& text) {
  LineCounter counter(&text);
  counter.visit(root);
  // go-yaml tells where the block begins, unless that is the first line.
  return make_error(ErrorKind::input, "yaml: line {}: found a tab character where an indentation space is expected",
                    std::max(counter.found(), 2L));
}

}  // namespace kfrun::document
