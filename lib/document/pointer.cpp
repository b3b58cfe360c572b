#include "document/pointer.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kfrun::document {

namespace {

template <typename... Args>
Error fault(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorKind::input, format, std::forward<Args>(args)...);
}

// "~1" is '/', "~0" is '~', in one pass.
std::string unescaped(std::string_view part) {
  std::string plain;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool escape = part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1');
    plain += escape ? (part[++i] == '0' ? '~' : '/') : part[i];
  }
  return plain;
}

std::vector<std::string_view> parts_of(std::string_view pointer) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto slash = pointer.find('/');
    parts.push_back(pointer.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    pointer.remove_prefix(slash + 1);
  }
}

// A list index, or what Go's strconv.Atoi says about the text.
struct Index {
  long long value = 0;
  std::string problem;
};

Index index_of(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  long long value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = !digits.empty() && end == digits.data() + digits.size() && !(text.starts_with('+') && digits[0] == '-');
  if (!whole || fault == std::errc::invalid_argument) {
    return {0, fmt::format("strconv.Atoi: parsing \"{}\": invalid syntax", text)};
  }
  if (fault == std::errc::result_out_of_range) {
    return {0, fmt::format("strconv.Atoi: parsing \"{}\": value out of range", text)};
  }
  return {value, {}};
}

// Turns a negative index into one from the start; says so when it is out of the first `size` places.
std::string fit(long long& index, std::size_t size) {
  const auto limit = static_cast<long long>(size);
  if (index >= limit || index < -limit) return fmt::format("Unable to access invalid index: {}: invalid index referenced", index);
  if (index < 0) index += limit;
  return {};
}

// What stands at a key: nullptr for an absent member, a problem only in lists.
struct Found {
  Node* node = nullptr;
  std::string problem;
};

Found get(Node& container, const std::string& key) {
  if (container.is_mapping()) return {container.find(key), {}};
  auto [index, problem] = index_of(key);
  if (problem.empty()) problem = fit(index, container.size());
  if (!problem.empty()) return {nullptr, problem};
  return {&container.items()[static_cast<std::size_t>(index)], {}};
}

// The mapping or list that holds the last part of a path. Like json-patch, what stands before the first '/' is not looked at.
struct Location {
  Node* container = nullptr;
  std::string key;
};

Location locate(Node& root, std::string_view path) {
  const auto parts = parts_of(path);
  if (parts.size() < 2) return {};
  Node* node = &root;
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    node = get(*node, unescaped(parts[i])).node;
    if (!node || node->is_scalar()) return {};
  }
  return {node, unescaped(parts.back())};
}

std::string add_to(Node& container, const std::string& key, Node value) {
  if (container.is_mapping()) {
    container.set(key, std::move(value));
    return {};
  }
  auto& items = container.items();
  if (key == "-") {
    items.push_back(std::move(value));
    return {};
  }
  auto [index, problem] = index_of(key);
  if (!problem.empty()) return fmt::format("value was not a proper array index: '{}': {}", key, problem);
  if (const auto outside = fit(index, items.size() + 1); !outside.empty()) return outside;
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
  return {};
}

std::string remove_from(Node& container, const std::string& key) {
  if (container.is_mapping()) {
    return container.remove(key) ? std::string() : fmt::format("Unable to remove nonexistent key: {}: missing value", key);
  }
  auto [index, problem] = index_of(key);
  if (problem.empty()) problem = fit(index, container.size());
  if (problem.empty()) container.items().erase(container.items().begin() + static_cast<std::ptrdiff_t>(index));
  return problem;
}

// json-patch compares the JSON texts of scalars: 1 is not 1.0.
bool same_json(const Node& a, const Node& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_sequence()) {
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), same_json);
  }
  if (a.is_mapping()) {
    return a.size() == b.size() && std::all_of(a.members().begin(), a.members().end(), [&](const Member& member) {
             const Node* other = b.find(member.key.text());
             return other && same_json(member.value, *other);
           });
  }
  if (a.is_number() && b.is_number()) return a.text() == b.text();
  return a == b;
}

std::string_view json_type(const Node& node) {
  if (node.is_mapping()) return "object";
  if (node.is_sequence()) return "array";
  return node.is_boolean() ? "bool" : node.is_number() ? "number" : "string";
}

// One operation of a patch.
class Operation {
 public:
  explicit Operation(const Node& node) : node_(node) {
    if (!node.is_mapping() && !node.is_null()) {
      throw fault("json: cannot unmarshal {} into Go value of type jsonpatch.Operation", json_type(node));
    }
  }

  std::string_view kind() const {
    const Node* op = node_.find("op");
    return op && op->is_string() ? std::string_view(op->text()) : "unknown";
  }
  // nullptr when the operation has no value; json-patch then works with null.
  const Node* value() const { return node_.find("value"); }
  Node value_or_null() const { return value() ? *value() : Node::null(); }

  // `purpose` begins the message: "replace operation failed to decode path". add, remove and copy do not say more.
  const std::string& path(std::string_view purpose, bool tells_why = true) const {
    return text("path", "operation missing path field", purpose, tells_why);
  }
  const std::string& from(std::string_view purpose) const { return text("from", "operation, missing from field", purpose, true); }

 private:
  const std::string& text(const char* name, std::string_view missing, std::string_view purpose, bool tells_why) const {
    const Node* value = node_.find(name);
    if (value && value->is_string()) return value->text();
    if (!tells_why) throw fault("{}: missing value", purpose);
    if (!value || value->is_null()) throw fault("{}: {}: missing value", purpose, missing);
    throw fault("{}: json: cannot unmarshal {} into Go value of type string", purpose, json_type(*value));
  }

  const Node& node_;
};

void add(Node& target, const Operation& operation) {
  const auto& path = operation.path("add operation failed to decode path", false);
  const auto [container, key] = locate(target, path);
  if (!container) throw fault("add operation does not apply: doc is missing path: \"{}\": missing value", path);
  const auto problem = add_to(*container, key, operation.value_or_null());
  if (!problem.empty()) throw fault("error in add for path: '{}': {}", path, problem);
}

void remove(Node& target, const Operation& operation) {
  const auto& path = operation.path("remove operation failed to decode path", false);
  const auto [container, key] = locate(target, path);
  if (!container) throw fault("remove operation does not apply: doc is missing path: \"{}\": missing value", path);
  const auto problem = remove_from(*container, key);
  if (!problem.empty()) throw fault("error in remove for path: '{}': {}", path, problem);
}

// A mapping takes the new value whether or not it had one.
void replace(Node& target, const Operation& operation) {
  const auto& path = operation.path("replace operation failed to decode path");
  if (path.empty()) {
    const Node* value = operation.value();
    if (!value || value->is_scalar()) throw fault("replace operation value must be object or array: %!w(<nil>)");
    target = Node(*value);
    return;
  }
  const auto [container, key] = locate(target, path);
  if (!container) throw fault("replace operation does not apply: doc is missing path: {}: missing value", path);
  const auto found = get(*container, key);
  if (!found.problem.empty()) throw fault("replace operation does not apply: doc is missing key: {}: missing value", path);
  if (container->is_mapping()) {
    container->set(key, operation.value_or_null());
  } else {
    *found.node = operation.value_or_null();
  }
}

void move(Node& target, const Operation& operation) {
  const auto& from = operation.from("move operation failed to decode from");
  const auto [source, source_key] = locate(target, from);
  if (!source) throw fault("move operation does not apply: doc is missing from path: {}: missing value", from);
  const auto found = get(*source, source_key);
  if (!found.problem.empty()) throw fault("error in move for path: '{}': {}", source_key, found.problem);
  Node value = found.node ? std::move(*found.node) : Node::null();
  const auto lost = remove_from(*source, source_key);
  if (!lost.empty()) throw fault("error in move for path: '{}': {}", source_key, lost);
  const auto& path = operation.path("move operation failed to decode path");
  const auto [container, key] = locate(target, path);
  if (!container) throw fault("move operation does not apply: doc is missing destination path: {}: missing value", path);
  const auto problem = add_to(*container, key, std::move(value));
  if (!problem.empty()) throw fault("error in move for path: '{}': {}", path, problem);
}

void copy(Node& target, const Operation& operation) {
  const auto& from = operation.from("copy operation failed to decode from");
  const auto [source, source_key] = locate(target, from);
  if (!source) throw fault("copy operation does not apply: doc is missing from path: {}: missing value", from);
  const auto found = get(*source, source_key);
  if (!found.problem.empty()) throw fault("error in copy for from: '{}': {}", from, found.problem);
  Node value = found.node ? *found.node : Node::null();
  const auto& path = operation.path("copy operation failed to decode path", false);
  const auto [container, key] = locate(target, path);
  if (!container) throw fault("copy operation does not apply: doc is missing destination path: {}: missing value", path);
  const auto problem = add_to(*container, key, std::move(value));
  if (!problem.empty()) throw fault("error while adding value during copy: {}", problem);
}

void test(Node& target, const Operation& operation) {
  const auto& path = operation.path("test operation failed to decode path");
  const Node* found = &target;
  if (!path.empty()) {
    const auto [container, key] = locate(target, path);
    if (!container) throw fault("test operation does not apply: is missing path: {}: missing value", path);
    const auto [node, problem] = get(*container, key);
    if (!problem.empty()) throw fault("error in test for path: '{}': {}", path, problem);
    found = node;
  }
  const Node null = Node::null();
  const Node& wanted = operation.value() ? *operation.value() : null;
  if (!same_json(found ? *found : null, wanted)) throw fault("testing value {} failed: test failed", path);
}

void apply(Node& target, const Operation& operation) {
  const auto kind = operation.kind();
  if (kind == "add") return add(target, operation);
  if (kind == "remove") return remove(target, operation);
  if (kind == "replace") return replace(target, operation);
  if (kind == "move") return move(target, operation);
  if (kind == "test") return test(target, operation);
  if (kind == "copy") return copy(target, operation);
  throw fault("Unexpected kind: {}", kind);
}

}  // namespace

std::vector<std::string> parse_pointer(std::string_view pointer) {
  if (pointer.empty()) return {};
  if (pointer[0] != '/') throw fault("a JSON pointer begins with '/', but this is '{}'", pointer);
  std::vector<std::string> keys;
  for (const auto part : parts_of(pointer.substr(1))) keys.push_back(unescaped(part));
  return keys;
}

const Node* find_pointer(const Node& root, std::string_view pointer) {
  // get() only reads.
  Node* node = const_cast<Node*>(&root);
  for (const auto& key : parse_pointer(pointer)) {
    if (!node || node->is_scalar()) return nullptr;
    node = get(*node, key).node;
  }
  return node;
}

void apply_json_patch(Node& target, const Node& operations) {
  if (!operations.is_sequence() && !operations.is_null()) {
    throw fault("json: cannot unmarshal {} into Go value of type jsonpatch.Patch", json_type(operations));
  }
  if (target.is_scalar()) {
    throw fault("json: cannot unmarshal {} into Go value of type jsonpatch.partialDoc", json_type(target));
  }
  if (operations.is_null()) return;
  for (const auto& operation : operations.items()) apply(target, Operation(operation));
}

void apply_merge_patch(Node& target, const Node& patch) {
  if (!patch.is_mapping()) {
    target = patch;
    return;
  }
  if (!target.is_mapping()) target = Node::mapping(Mapping{});
  for (const auto& [key, value] : patch.members()) {
    if (value.is_null()) {
      target.remove(key.text());
    } else if (Node* old = target.find(key.text())) {
      apply_merge_patch(*old, value);
    } else {
      apply_merge_patch(target.set(key.text(), Node::null()), value);
    }
  }
}

}  // namespace kfrun::document
