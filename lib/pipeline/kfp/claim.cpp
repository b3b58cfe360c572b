#include "pipeline/kfp/claim.h"

#include <algorithm>

namespace kfrun::pipeline {

using document::Node;

namespace {

Input* input_of(Task& task, std::string_view name) {
  const auto found = std::find_if(task.inputs.begin(), task.inputs.end(), [&](const Input& one) { return one.name == name; });
  return found == task.inputs.end() ? nullptr : &*found;
}

Node text(std::string_view value) { return Node::string(std::string(value)); }

}  // namespace

ClaimKind claim_kind(const std::string& image) {
  if (image == "argostub/createpvc") return ClaimKind::create;
  return image == "argostub/deletepvc" ? ClaimKind::remove : ClaimKind::none;
}

void make_claim(ClaimKind kind, Task& task) {
  task.kind = TaskKind::resource;
  task.protocol = Protocol::native;
  task.container = {};
  task.cache = false;
  task.removes = kind == ClaimKind::remove;
  task.manifest = Node::mapping({{"apiVersion", text("v1")}, {"kind", text("PersistentVolumeClaim")}});
  Node& metadata = task.manifest.child_mapping("metadata");
  if (task.removes) {
    metadata.set("name", text("${{ inputs.pvc_name }}"));
    return;
  }
  // A default of "" stands for a class that is not said, here the cluster's own.
  if (Input* storage = input_of(task, "storage_class_name")) storage->default_value.reset();
  const bool is_named = input_of(task, "pvc_name") != nullptr, has_suffix = input_of(task, "pvc_name_suffix") != nullptr;
  const std::string_view made = "concat(run.id, \"-\", task.name, \"-\", task.index, {})";
  const std::string generated = fmt::format(fmt::runtime(made), has_suffix ? "default(inputs.pvc_name_suffix, \"\")" : "\"\"");
  metadata.set("name", text("${{ " + (is_named ? "default(inputs.pvc_name, " + generated + ")" : generated) + " }}"));
  Node& spec = task.manifest.child_mapping("spec");
  const auto take = [&](Node& into, std::string_view key, std::string_view input) {
    if (input_of(task, input)) into.set(key, text(fmt::format("${{{{ inputs.{} }}}}", input)));
  };
  take(metadata, "annotations", "annotations");
  take(spec, "accessModes", "access_modes");
  take(spec.child_mapping("resources").child_mapping("requests"), "storage", "size");
  take(spec, "storageClassName", "storage_class_name");
  take(spec, "volumeName", "volume_name");
  take(spec, "dataSource", "data_source");
}

}  // namespace kfrun::pipeline
