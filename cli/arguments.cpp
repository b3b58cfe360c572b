#include "cli/arguments.h"

#include <iostream>
#include <iterator>

#include "base/files.h"
#include "document/reader.h"

namespace kfrun::cli {

namespace {

std::string read_text(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  return disk().read(file);
}

}  // namespace

run::Values read_arguments(const std::vector<std::string>& pairs, const std::string& file) {
  run::Values values;
  if (!file.empty()) {
    const auto node = document::read_own_yaml(read_text(file), file);
    if (!node.is_mapping())
      throw input_error(node.place(file), "parameters must be a mapping of names to values, found {}", node.type_name());
    for (const auto& [key, value] : node.members()) values[key.text()] = value;
  }
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) throw usage_error("-p takes NAME=VALUE, found '{}'", pair);
    std::string text = pair.substr(equals + 1);
    if (text.starts_with('@')) text = read_text(text.substr(1));
    values[pair.substr(0, equals)] = document::Node::string(std::move(text));
  }
  return values;
}

}  // namespace kfrun::cli
