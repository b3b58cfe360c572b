// One file of a specification under read: its text, its documents, and where in the text each byte of a scalar stands.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "document/node.h"
#include "pipeline/expression_places.h"

namespace kfrun::pipeline {

class SourceFile {
 public:
  // Reads kfrun's own YAML. Throws Error(input) with the place of a fault in the syntax.
  SourceFile(std::string name, std::string text);
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  const std::string& name() const { return name_; }
  const std::vector<document::Node>& documents() const { return documents_; }

  // The places of the bytes of a scalar's value, whatever its quotes, escapes and folding; the scalar's own place for those
  // that cannot be found. The result must not outlive the file.
  PlaceOf places_in(const document::Node& scalar, const std::string& path) const;

 private:
  std::size_t offset_of(int line, int column) const;
  std::string_view line_text(int line) const;
  Place place_at(std::size_t offset, const std::string& path) const;

  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  std::vector<document::Node> documents_;
};

// For each byte of a scalar's value the offset in `text` of what it was written as; `start` is where the scalar begins (at
// its tag, anchor, quote or first character). Shorter than the value from where the text cannot be followed.
std::vector<std::size_t> offsets_in_scalar(std::string_view text, std::size_t start, std::string_view value);

}  // namespace kfrun::pipeline
