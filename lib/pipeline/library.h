// The files of one compilation, and the pipelines and components that stand in them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "pipeline/cursor.h"

namespace kfrun::pipeline {

enum class EntryKind { pipeline, component, kfp_component };

// One document that can be used or run.
struct Entry {
  EntryKind kind;
  std::string name;  // "" where the document gives none
  Cursor document;
};

class Library {
 public:
  Library(const FileSystem& files, Diagnostics& diagnostics) : files_(files), diagnostics_(diagnostics) {}

  // What stands in a file, in its order; documents that are nothing of these are reported. Faults of syntax are reported, too.
  // Throws Error(not_found) when there is no such file.
  const std::vector<Entry>& entries(const std::string& file);
  // What `uses: [file][#name]` means, the file relative to the one it stands in; reports what is not there.
  const Entry* find(const Cursor& uses);
  const FileSystem& files() const { return files_; }
  // Names of the files read, in that order.
  const std::vector<std::string>& names() const { return names_; }

 private:
  struct Loaded {
    std::unique_ptr<SourceFile> source;
    std::vector<Entry> entries;
  };
  void load(const std::string& file, Loaded& loaded);
  const Entry* pick(const Cursor& uses, const std::vector<Entry>& entries, const std::string& file, const std::string& name);

  const FileSystem& files_;
  Diagnostics& diagnostics_;
  std::map<std::string, Loaded> loaded_;
  std::vector<std::string> names_;
};

}  // namespace kfrun::pipeline
