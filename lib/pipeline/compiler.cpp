#include "pipeline/compiler.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "pipeline/dag_reader.h"
#include "pipeline/declarations.h"
#include "pipeline/kfp_component.h"

namespace kfrun::pipeline {
namespace {

using document::Node;

std::string title(const Entry& entry) { return entry.name.empty() ? entry.document.file().name() : entry.name; }

void check_head(const Cursor& document) {
  std::vector<std::string_view> keys{"apiVersion", "kind", "name", "description"};
  keys.insert(keys.end(), std::begin(kDagKeys), std::end(kDagKeys));
  document.check_keys(keys);
  if (const auto text = document.find("description")) text->scalar("a text");
  const auto name = document.find("name");
  if (!name) return document.error("'name' is missing: a pipeline needs one");
  if (const auto text = name->string()) check_object_name(*name, *text, "a pipeline");
}

// The pipeline whose only task is that component: its inputs are the parameters, its outputs the outputs.
Node pipeline_of_component(const Node& component, const std::string& task_name, const std::string& uses) {
  Node with = Node::mapping(document::Mapping{}), outputs = Node::mapping(document::Mapping{});
  const auto refer = [](Node& into, const Node* fields, const std::string& prefix) {
    if (!fields || !fields->is_mapping()) return;
    for (const auto& [key, value] : fields->members()) into.set(key.text(), Node::string("${{ " + prefix + key.text() + " }}"));
  };
  refer(with, component.find("inputs"), "params.");
  refer(outputs, component.find("outputs"), fmt::format("tasks.{}.outputs.", task_name));
  Node task = Node::mapping({{"uses", Node::string(uses)}, {"with", std::move(with)}});
  Node tasks = Node::mapping(document::Mapping{});
  tasks.set(task_name, std::move(task));
  return Node::mapping({{"tasks", std::move(tasks)}, {"outputs", std::move(outputs)}});
}

// "Train a model" -> "train-a-model".
std::string object_name(std::string_view text) {
  std::string name;
  for (const char c : to_lower(text)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (good) name += c;
    if (!good && !name.empty() && name.back() != '-') name += '-';
  }
  if (name.size() > 63) name.resize(63);
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() || (name[0] >= '0' && name[0] <= '9') ? "component" : name;
}

}  // namespace

std::string Compiler::from_root(const std::string& file, const std::string& path) const {
  const std::string whole = clean_path(join_path(directory_of(file), path));
  const std::filesystem::path root(clean_path(directory_of(pipeline_.source)));
  const std::filesystem::path relative = std::filesystem::path(whole).lexically_relative(root);
  return relative.empty() ? whole : relative.string();
}

const Entry* Compiler::root(const std::string& file, const std::string& name) {
  const auto& entries = library_.entries(file);
  std::vector<std::string> names;
  const Entry* first = nullptr;
  for (const auto& entry : entries) {
    if (!name.empty() && entry.name == name) return &entry;
    if (!first || (first->kind != EntryKind::pipeline && entry.kind == EntryKind::pipeline)) first = &entry;
    if (!entry.name.empty()) names.push_back(entry.name);
  }
  if (!name.empty() && !has_errors(diagnostics_)) {
    diagnostics_.push_back(
        {Severity::error, {file, 0, 0, {}}, fmt::format("nothing here has the name '{}'", name), suggestions(name, names)});
  }
  return name.empty() ? first : nullptr;
}

Pipeline Compiler::compile(const std::string& file, const std::string& name) {
  pipeline_.source = file;
  const Entry* entry = root(file, name);
  if (!entry) return std::move(pipeline_);
  pipeline_.name = title(*entry);
  pipeline_.description = entry->document.node().text_of("description");
  if (entry->kind == EntryKind::pipeline) {
    dag_of(*entry, entry->document);
  } else {
    compile_component(*entry);
  }
  const std::size_t needed = pipeline_.dags.size();
  for (const auto& other : library_.entries(file)) {
    if (&other == entry || dags_.count(&other.document.node()) > 0) continue;
    if (other.kind == EntryKind::pipeline) {
      dag_of(other, other.document);
    } else {
      compile_component(other);
    }
  }
  pipeline_.dags.resize(std::min(needed, pipeline_.dags.size()));
  return std::move(pipeline_);
}

void Compiler::compile_component(const Entry& entry) {
  const SourceFile& file = entry.document.file();
  const Node& component = entry.kind == EntryKind::component
                              ? entry.document.node()
                              : keep(component_of_kfp(entry.document, [](const std::string&) { return true; }));
  const std::string name = object_name(title(entry));
  std::string uses = file_name_of(file.name());
  if (!entry.name.empty()) uses += "#" + entry.name;
  const Cursor body(keep(pipeline_of_component(component, name, uses)), file, diagnostics_);
  std::vector<Parameter> parameters;
  if (const auto inputs = Cursor(component, file, diagnostics_).find("inputs")) parameters = read_parameters(*inputs, "an input");
  if (pipeline_.dags.empty()) pipeline_.name = name;
  add_dag(body, name, std::move(parameters), {});
}

int Compiler::dag_of(const Entry& entry, const Cursor& user) {
  const auto same = std::find(open_.begin(), open_.end(), &entry);
  if (same != open_.end()) {
    std::string chain;
    for (auto one = same; one != open_.end(); ++one) chain += title(**one) + " -> ";
    user.error(fmt::format("a pipeline cannot use itself: {}{}", chain, title(entry)));
    return -1;
  }
  const Node* key = &entry.document.node();
  if (const auto known = dags_.find(key); known != dags_.end()) return known->second;
  open_.push_back(&entry);
  check_head(entry.document);
  std::vector<Parameter> parameters;
  if (const auto declared = entry.document.find("params")) parameters = read_parameters(*declared, "a parameter");
  const int index = add_dag(entry.document, title(entry), std::move(parameters), {});
  dags_[key] = index;
  open_.pop_back();
  return index;
}

int Compiler::add_dag(const Cursor& body, const std::string& name, std::vector<Parameter> parameters,
                      const std::vector<Cursor>& defaults) {
  const std::size_t index = pipeline_.dags.size();
  pipeline_.dags.emplace_back();  // its place, before those that it uses
  Dag dag = read_dag(body, std::move(parameters), defaults, *this);
  dag.name = name;
  pipeline_.dags[index] = std::move(dag);
  return static_cast<int>(index);
}

}  // namespace kfrun::pipeline
