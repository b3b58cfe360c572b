// A value of a specification under read. It knows where it stands and reports faults there, so that reading goes on and
// everything that is wrong is found at once. Readers give nothing for what they reported.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "pipeline/expression.h"
#include "pipeline/source_file.h"

namespace kfrun::pipeline {

class Cursor;

// One key of a mapping and its value.
struct Field;

class Cursor {
 public:
  // All three must outlive the cursor.
  Cursor(const document::Node& node, const SourceFile& file, Diagnostics& diagnostics, std::string path = {})
      : node_(&node), file_(&file), diagnostics_(&diagnostics), path_(std::move(path)) {}

  const document::Node& node() const { return *node_; }
  const SourceFile& file() const { return *file_; }
  Diagnostics& diagnostics() const { return *diagnostics_; }
  const std::string& path() const { return path_; }
  Place place() const { return node_->place(file_->name(), path_); }

  // Report at this value.
  void error(std::string message, std::vector<std::string> hints = {}) const;
  void warning(std::string message, std::vector<std::string> hints = {}) const;
  // "expected <what>, found a list".
  void expected(std::string_view what, std::vector<std::string> hints = {}) const;

  // The member of that name; nothing when there is none or this is no mapping. An explicit null counts as absent.
  std::optional<Cursor> find(std::string_view key) const;
  // The members of a mapping or the items of a list; anything else is reported. A null has none.
  std::vector<Field> fields(std::string_view what = "a mapping") const;
  std::vector<Cursor> items(std::string_view what = "a list") const;
  // Reports the keys that are not among `known`, each with the nearest one; whether there were none.
  bool check_keys(std::span<const std::string_view> known) const;

  // The text of a string, or of a scalar of any kind as it is written.
  std::optional<std::string> string() const;
  std::optional<std::string> scalar(std::string_view what) const;
  std::optional<bool> flag() const;
  // An integer that is at least `least`.
  std::optional<int> count(int least) const;
  // "90s", "1h30m"; more than zero where `positive`.
  std::optional<Duration> duration(bool positive) const;

  // A constant, or an expression where strings hold ${{ }}; lists and mappings item by item.
  std::optional<Expression> value() const;
  // A text, e.g. one word of a command line: scalars as they are written, with ${{ }}.
  std::optional<Expression> text() const;
  // A condition: an expression with or without ${{ }} around it, true or false.
  std::optional<Expression> condition() const;

 private:
  std::optional<Expression> parsed_template() const;

  const document::Node* node_;
  const SourceFile* file_;
  Diagnostics* diagnostics_;
  std::string path_;
};

struct Field {
  std::string name;
  Cursor key;  // for faults of the name
  Cursor value;
};

// "did you mean 'x'?" for the candidate nearest to `word`, or the list of all when they are few; nothing when there are none.
std::vector<std::string> suggestions(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kfrun::pipeline
