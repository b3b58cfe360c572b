// kubeconfig files as text: named entries, merged as kubectl merges them. What an entry means is config.cpp's business.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::kube {

// What stands behind a name in `clusters`, `users` or `contexts`, and the file it stands in.
struct KubeconfigEntry {
  document::Node value;  // a mapping
  std::string file;
};
using KubeconfigEntries = std::map<std::string, KubeconfigEntry>;

struct Kubeconfig {
  std::string current_context;
  KubeconfigEntries clusters;
  KubeconfigEntries users;
  KubeconfigEntries contexts;
};

// Reads one file. Throws Error(input) with place when it is no kubeconfig.
Kubeconfig parse_kubeconfig(std::string_view text, const std::string& file);

// Adds what `later` has and `first` has not: of entries of one name the first wins as a whole, so does current-context.
void merge_kubeconfig(Kubeconfig& first, Kubeconfig later);

// The fields of an entry, by type. A wrong type is an Error(input) with place; it never shows the value. An absent field,
// null included, gives "" or the like. `list` names the entry in messages: "users[admin]".
class EntryFields {
 public:
  EntryFields(const document::Node& mapping, std::string file, std::string path);

  std::string text(std::string_view key) const;
  bool flag(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  // nullptr when absent. Throws when it is not a mapping / a list.
  const document::Node* mapping(std::string_view key) const;
  const document::Node* list(std::string_view key) const;
  // The bytes of a base64 field.
  std::string bytes(std::string_view key) const;
  // A path, relative to the file's folder unless absolute; "" when absent.
  std::string path(std::string_view key) const;

  bool has(std::string_view key) const;
  Place place(std::string_view key) const;
  const std::string& file() const { return file_; }

 private:
  const document::Node* field(std::string_view key) const;

  const document::Node& mapping_;
  std::string file_;
  std::string path_;
};

}  // namespace kfrun::kube
