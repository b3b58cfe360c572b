#include "launcher/plan.h"

#include <rapidjson/document.h>

#include "launcher/exit_code.h"

namespace kfrun::launcher {

namespace {

using rapidjson::Value;

std::string text_of(const Value& object, const char* key, std::string fallback = {}) {
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd() || !member->value.IsString()) return fallback;
  return {member->value.GetString(), member->value.GetStringLength()};
}

bool flag_of(const Value& object, const char* key) {
  const auto member = object.FindMember(key);
  return member != object.MemberEnd() && member->value.IsTrue();
}

std::size_t size_of(const Value& object, const char* key, std::size_t fallback) {
  const auto member = object.FindMember(key);
  return member != object.MemberEnd() && member->value.IsUint64() ? static_cast<std::size_t>(member->value.GetUint64())
                                                                  : fallback;
}

template <typename Use>
void for_each(const Value& object, const char* key, Use use) {
  const auto member = object.FindMember(key);
  if (member == object.MemberEnd() || !member->value.IsArray()) return;
  for (const auto& item : member->value.GetArray()) use(item);
}

}  // namespace

Problem read_plan(std::string_view json, Plan& plan) {
  rapidjson::Document root;
  root.Parse(json.data(), json.size());
  if (root.HasParseError() || !root.IsObject()) return Failure{kBadPlan, "BadPlan", "the launcher's plan is no JSON object"};

  const auto text = [](const Value& item) {
    return item.IsString() ? std::string(item.GetString(), item.GetStringLength()) : std::string();
  };
  for_each(root, "directories", [&](const Value& item) { plan.directories.push_back(text(item)); });
  for_each(root, "inputs", [&](const Value& item) { plan.inputs.push_back(text(item)); });
  for_each(root, "files", [&](const Value& item) {
    if (item.IsObject()) plan.files.push_back({text_of(item, "path"), text_of(item, "text")});
  });
  for_each(root, "outputs", [&](const Value& item) {
    if (!item.IsObject()) return;
    plan.outputs.push_back({text_of(item, "name"), text_of(item, "path"), flag_of(item, "artifact"), flag_of(item, "list"),
                            flag_of(item, "optional"), flag_of(item, "results")});
  });
  plan.store = text_of(root, "store");
  plan.staging = text_of(root, "staging");
  plan.message_file = text_of(root, "messageFile", plan.message_file);
  plan.message_limit = size_of(root, "messageLimit", plan.message_limit);
  plan.parameters_limit = size_of(root, "parametersLimit", plan.parameters_limit);
  return std::nullopt;
}

}  // namespace kfrun::launcher
