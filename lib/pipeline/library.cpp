#include "pipeline/library.h"

#include <algorithm>

#include "base/text.h"

namespace kfrun::pipeline {
namespace {

constexpr std::string_view kApiVersion = "kfrun/v1";

std::optional<Entry> entry_of(const Cursor& document) {
  const auto& node = document.node();
  if (!node.is_mapping()) {
    document.expected("a Pipeline or a Component (a mapping)");
    return std::nullopt;
  }
  const std::string name = node.text_of("name");
  const bool has_version = node.find("apiVersion") || node.find("kind");
  if (!has_version && node.find("implementation")) return Entry{EntryKind::kfp_component, name, document};
  const auto version = document.find("apiVersion");
  if (!version) {
    document.error("this document does not say what it is",
                   {"begin it with 'apiVersion: kfrun/v1' and 'kind: Pipeline' or 'kind: Component'"});
    return std::nullopt;
  }
  if (version->node().text() != kApiVersion) {
    version->expected("kfrun/v1");
    return std::nullopt;
  }
  const auto kind = document.find("kind");
  if (!kind) {
    document.error("'kind' is missing: Pipeline or Component");
    return std::nullopt;
  }
  if (kind->node().text() == "Pipeline") return Entry{EntryKind::pipeline, name, document};
  if (kind->node().text() == "Component") return Entry{EntryKind::component, name, document};
  kind->error(fmt::format("'{}' is no kind of document", kind->node().text()),
              suggestions(kind->node().text(), {"Pipeline", "Component"}));
  return std::nullopt;
}

}  // namespace

const std::vector<Entry>& Library::entries(const std::string& file) {
  const auto [found, is_new] = loaded_.try_emplace(clean_path(file));
  if (is_new) {
    names_.push_back(file);
    load(file, found->second);
  }
  return found->second.entries;
}

void Library::load(const std::string& file, Loaded& loaded) {
  const std::string text = files_.read(file);
  try {
    loaded.source = std::make_unique<SourceFile>(file, text);
  } catch (const Error& fault) {
    diagnostics_.push_back(to_diagnostic(fault));
    return;
  }
  for (const auto& document : loaded.source->documents()) {
    if (document.is_null()) continue;
    const auto faults = diagnostics_.size();
    auto entry = entry_of(Cursor(document, *loaded.source, diagnostics_));
    if (!entry) continue;
    const auto same = std::find_if(loaded.entries.begin(), loaded.entries.end(),
                                   [&](const Entry& other) { return !other.name.empty() && other.name == entry->name; });
    if (same != loaded.entries.end() && diagnostics_.size() == faults) {
      const Cursor name = *entry->document.find("name");
      name.error(
          fmt::format("'{}' stands in this file a second time; first at line {}", entry->name, same->document.node().line()));
    }
    loaded.entries.push_back(std::move(*entry));
  }
  if (loaded.source->documents().empty()) diagnostics_.push_back({Severity::error, {file, 0, 0, {}}, "this file is empty", {}});
}

const Entry* Library::find(const Cursor& uses) {
  const auto text = uses.string();
  if (!text) return nullptr;
  if (text->find("://") != std::string::npos) {
    uses.error("only files can be used, not URLs", {"keep a copy beside the pipeline"});
    return nullptr;
  }
  if (text->find("${{") != std::string::npos) {
    uses.error("what is used must be known before the run: ${{ }} cannot stand here");
    return nullptr;
  }
  const auto hash = text->find('#');
  const std::string path = text->substr(0, hash);
  const std::string name = hash == std::string::npos ? "" : text->substr(hash + 1);
  if (path.empty() && name.empty()) {
    uses.expected("a file, a file#name or a #name of this file");
    return nullptr;
  }
  const std::string& own = uses.file().name();
  const std::string file = path.empty() ? own : clean_path(join_path(directory_of(own), path));
  if (!files_.is_file(file)) {
    std::vector<std::string> hints;
    const std::string folder = directory_of(file);
    if (files_.is_directory(folder)) {
      if (const auto near = nearest_file(file_name_of(file), files_.list(folder)))
        hints.push_back(fmt::format("did you mean '{}'?", *near));
    }
    hints.push_back("files are looked for from the folder of the file that uses them");
    uses.error(fmt::format("there is no file {}", file), std::move(hints));
    return nullptr;
  }
  const auto faults = diagnostics_.size();
  const auto& found = entries(file);
  if (found.empty() && diagnostics_.size() > faults) return nullptr;
  return pick(uses, found, file, name);
}

const Entry* Library::pick(const Cursor& uses, const std::vector<Entry>& entries, const std::string& file,
                           const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : entries) {
    if (!name.empty() && entry.name == name) return &entry;
    if (!entry.name.empty()) names.push_back(entry.name);
  }
  if (!name.empty()) {
    uses.error(fmt::format("{} has nothing of the name '{}'", file, name), suggestions(name, names));
    return nullptr;
  }
  if (entries.size() == 1) return &entries.front();
  if (!entries.empty()) {
    uses.error(fmt::format("{} holds several documents", file),
               {fmt::format("write {}#NAME with one of {}", file, join(names, ", "))});
  } else {
    uses.error(fmt::format("{} holds nothing to use", file));
  }
  return nullptr;
}

}  // namespace kfrun::pipeline
