#include "launcher/outputs.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "launcher/exit_code.h"
#include "launcher/files.h"

namespace kfrun::launcher {

namespace {

// Refuses what is no UTF-8: a message is JSON.
using Json = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                               rapidjson::kWriteValidateEncodingFlag>;

bool put(Json& json, const std::string& text) { return json.String(text.c_str(), static_cast<rapidjson::SizeType>(text.size())); }

Failure missing(const PlannedOutput& output) {
  return {kOutputMissing, "OutputMissing",
          "output " + output.name + ": the command ended well but wrote nothing to " + output.path};
}

Failure not_kept(const PlannedOutput& output, int fault) {
  return {kStoreFailed, "StoreFailed", "output " + output.name + ": cannot be kept: " + words_of(fault)};
}

// Reading a named pipe would wait for ever.
Failure no_file(const PlannedOutput& output) {
  return {kOutputMissing, "OutputUnusable", "output " + output.name + " is neither a file nor a folder"};
}

// A copy in the staging folder of what is elsewhere: where the task insists on a path of its own, or left a link.
int stage(const Plan& plan, const PlannedOutput& output, std::string& path) {
  const bool is_link = kind_of(path, false) == PathKind::link;
  if (!is_link && path.compare(0, plan.staging.size() + 1, plan.staging + "/") == 0) return 0;
  std::string real;
  if (const int fault = resolve(path, real)) return fault;
  const std::string folder = plan.staging + "/copies/" + output.name;
  if (const int fault = make_directories(folder)) return fault;
  path = folder + "/" + last_part_of(path);
  return copy_tree(real, path);
}

// Moves what is at `path` to store/<digest>/<its name>. Two attempts may keep the same bytes at once: the first one wins.
int keep(const Plan& plan, const std::string& path, const std::string& digest) {
  const std::string folder = plan.store + "/" + digest;
  const std::string kept = folder + "/" + last_part_of(path);
  if (const int fault = make_directories(folder)) return fault;
  if (kind_of(kept) != PathKind::absent) return 0;
  if (::rename(path.c_str(), kept.c_str()) == 0) return 0;
  return errno == ENOTEMPTY || errno == EEXIST ? 0 : errno;
}

Problem write_kept(const Plan& plan, const PlannedOutput& output, const std::string& path, Json& json) {
  const auto kind = kind_of(path, false);
  if (kind != PathKind::file && kind != PathKind::folder) {
    return no_file(output);
  }
  std::string digest;
  int fault = make_read_only(path);
  if (fault == 0) fault = content_digest(path, digest);
  if (fault == 0) fault = keep(plan, path, digest);
  if (fault != 0) return not_kept(output, fault);
  json.StartObject();
  json.Key("path");
  put(json, digest + "/" + last_part_of(path));
  json.Key("digest");
  put(json, digest);
  json.EndObject();
  return std::nullopt;
}

Problem write_artifact(const Plan& plan, const PlannedOutput& output, Json& json) {
  std::string path = output.path;
  if (kind_of(path) == PathKind::absent) return missing(output);
  if (kind_of(path) == PathKind::other) return no_file(output);
  if (const int fault = stage(plan, output, path)) return not_kept(output, fault);
  put(json, output.name);
  if (!output.is_list) return write_kept(plan, output, path, json);
  std::vector<std::string> names;
  if (const int fault = list(path, names)) return not_kept(output, fault);
  json.StartArray();
  for (const auto& name : names) {
    if (auto problem = write_kept(plan, output, path + "/" + name, json)) return problem;
  }
  json.EndArray();
  return std::nullopt;
}

Problem write_parameter(const Plan& plan, const PlannedOutput& output, std::size_t& room, Json& json) {
  if (kind_of(output.path) == PathKind::other) return no_file(output);
  std::string text;
  const int fault = read_file(output.path, room, text);
  if (fault == ENOENT) return missing(output);
  if (fault == EFBIG) {
    return Failure{kOutputsTooLarge, "OutputsTooLarge",
                   "output " + output.name + ": parameters of a task may have " + std::to_string(plan.parameters_limit / 1024) +
                       " KiB together; declare it as an artifact"};
  }
  if (fault != 0)
    return Failure{kOutputMissing, "OutputUnusable", "output " + output.name + " cannot be read: " + words_of(fault)};
  room -= text.size();
  put(json, output.name);
  if (!put(json, text)) {
    return Failure{kOutputMissing, "OutputUnusable",
                   "output " + output.name + ": what was written is no UTF-8 text; declare it as an artifact"};
  }
  return std::nullopt;
}

const rapidjson::Value* member_of(const rapidjson::Value* value, const char* key) {
  if (!value || !value->IsObject()) return nullptr;
  const auto found = value->FindMember(key);
  return found == value->MemberEnd() ? nullptr : &found->value;
}

// The path that the executor output names for an artifact, in either spelling; "" when it names none.
std::string custom_path_of(const rapidjson::Value& results, const std::string& output) {
  const auto* all = member_of(member_of(member_of(&results, "artifacts"), output.c_str()), "artifacts");
  if (!all || !all->IsArray() || all->Empty()) return {};
  for (const char* key : {"custom_path", "customPath"}) {
    const auto* path = member_of(&(*all)[0], key);
    if (path && path->IsString() && path->GetStringLength() > 0) return {path->GetString(), path->GetStringLength()};
  }
  return {};
}

// The outputs where the command wrote them. An executor output that is no JSON is the driver's to refuse.
std::vector<PlannedOutput> written_outputs(const Plan& plan) {
  auto outputs = plan.outputs;
  for (const auto& results : plan.outputs) {
    std::string text;
    if (!results.is_results || read_file(results.path, plan.parameters_limit, text) != 0) continue;
    rapidjson::Document json;
    json.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
    if (json.HasParseError()) continue;
    for (auto& output : outputs) {
      if (!output.is_artifact || output.is_list) continue;
      if (auto path = custom_path_of(json, output.name); !path.empty()) output.path = std::move(path);
    }
  }
  return outputs;
}

}  // namespace

void prepare_outputs(const Plan& plan) {
  for (const auto& output : plan.outputs) make_directories(parent_of(output.path));
}

Problem collect_outputs(const Plan& plan, std::string& json) {
  rapidjson::StringBuffer buffer;
  Json writer(buffer);
  std::size_t room = plan.parameters_limit;
  const auto outputs = written_outputs(plan);
  writer.StartObject();
  for (const bool artifacts : {false, true}) {
    writer.Key(artifacts ? "artifacts" : "parameters");
    writer.StartObject();
    for (const auto& output : outputs) {
      if (output.is_artifact != artifacts) continue;
      if (output.is_optional && kind_of(output.path) == PathKind::absent) continue;
      auto problem = artifacts ? write_artifact(plan, output, writer) : write_parameter(plan, output, room, writer);
      if (problem) return problem;
    }
    writer.EndObject();
  }
  writer.EndObject();
  json.assign(buffer.GetString(), buffer.GetSize());
  return std::nullopt;
}

std::string failure_json(const Failure& failure) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("failure");
  writer.String(failure.reason.c_str());
  writer.Key("message");
  writer.String(failure.message.c_str());
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace kfrun::launcher
