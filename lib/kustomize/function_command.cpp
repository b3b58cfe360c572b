#include "kustomize/function_command.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "document/reader.h"
#include "kustomize/identity.h"
#include "kustomize/json_shape.h"
#include "kustomize/node_fields.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

using Kind = JsonShape::Kind;

constexpr JsonShape kText{Kind::text, "string", {}, nullptr, {}};
constexpr JsonShape kBoolean{Kind::boolean, "bool", {}, nullptr, {}};
constexpr JsonShape kTexts{Kind::list, "[]string", {}, &kText, {}};
constexpr JsonField kMountFields[] = {{"type", &kText}, {"src", &kText}, {"dst", &kText}, {"rw", &kBoolean}};
constexpr JsonShape kMount{Kind::object, "runtimeutil.StorageMount", "StorageMount", nullptr, kMountFields};
constexpr JsonShape kMounts{Kind::list, "[]runtimeutil.StorageMount", {}, &kMount, {}};
constexpr JsonField kContainerFields[] = {{"image", &kText}, {"network", &kBoolean}, {"mounts", &kMounts}, {"envs", &kTexts}};
constexpr JsonShape kContainer{Kind::object, "runtimeutil.ContainerSpec", "ContainerSpec", nullptr, kContainerFields};
constexpr JsonField kExecFields[] = {{"path", &kText}, {"args", &kTexts}, {"envs", &kTexts}};
constexpr JsonShape kExec{Kind::object, "runtimeutil.ExecSpec", "ExecSpec", nullptr, kExecFields};
constexpr JsonField kFunctionFields[] = {{"deferFailure", &kBoolean}, {"container", &kContainer}, {"exec", &kExec}};
constexpr JsonShape kFunction{Kind::object, "runtimeutil.FunctionSpec", "FunctionSpec", nullptr, kFunctionFields};

FunctionSpec spec_of(const Node& node) {
  FunctionSpec spec;
  if (const Node* exec = node.find("exec")) {
    spec.executable = exec->text_of("path");
    spec.arguments = texts_in(*exec, "args");
    spec.environment = texts_in(*exec, "envs");
  }
  const Node* container = node.find("container");
  if (container == nullptr) return spec;
  spec.image = container->text_of("image");
  spec.network = is_set(*container, "network");
  spec.container_environment = texts_in(*container, "envs");
  const Node* mounts = container->find("mounts");
  if (mounts == nullptr || !mounts->is_sequence()) return spec;
  for (const Node& mount : mounts->items()) {
    spec.mounts.push_back({mount.text_of("type"), mount.text_of("src"), mount.text_of("dst"), is_set(mount, "rw")});
  }
  return spec;
}

FunctionSpec parse_spec(const std::string& key, const std::string& text) {
  return within(fmt::format("failed to get FunctionSpec: {} unmarshal error", key), [&] {
    auto documents =
        within("error converting YAML to JSON", [&] { return document::read_yaml(text, key, document::Schema::go_yaml_v2); });
    if (documents.empty()) return FunctionSpec();
    return within("error unmarshaling JSON: while decoding JSON",
                  [&] { return spec_of(decode_json_shape(documents.front(), kFunction, key)); });
  });
}

// The value of --mount: "type=bind,src=PATH,dst=PATH,rw=true".
StorageMount parse_mount(const std::string& text) {
  StorageMount mount;
  for (const auto& option : split(text, ',')) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = option.substr(0, equals), value = option.substr(equals + 1);
    if (key == "type") mount.type = value;
    if (key == "src" || key == "source") mount.source = value;
    if (key == "dst" || key == "target") mount.destination = value;
    if (key == "rw") mount.is_writable = value == "true";
  }
  return mount;
}

std::string mount_argument(const StorageMount& mount, const std::string& directory) {
  const std::string source = mount.source.starts_with('/') ? mount.source : clean_path(directory + "/" + mount.source);
  return fmt::format("type={},source={},target={}{}", mount.type, source, mount.destination,
                     mount.is_writable ? "" : ",readonly");
}

// The environment of a container: values by name, and names whose values are this machine's.
struct ContainerEnvironment {
  std::map<std::string, std::string> values = {{"LOG_TO_STDERR", "true"}, {"STRUCTURED_RESULTS", "true"}};
  std::vector<std::string> names;

  void add_name(const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }

  explicit ContainerEnvironment(const std::vector<std::string>& entries) {
    for (const auto& entry : entries) {
      const auto equals = entry.find('=');
      if (equals == std::string::npos) {
        add_name(entry);
      } else {
        values[entry.substr(0, equals)] = entry.substr(equals + 1);
      }
    }
  }
};

std::vector<std::string> environment_arguments(const FunctionSpec& spec, const BuildOptions& options) {
  ContainerEnvironment all(spec.container_environment);
  const ContainerEnvironment given(options.function_environment);  // with the fixed ones, which so cannot be changed by the spec
  for (const auto& [name, value] : given.values) all.values[name] = value;
  for (const auto& name : given.names) all.add_name(name);
  std::vector<std::string> arguments;
  for (const auto& [name, value] : all.values) arguments.insert(arguments.end(), {"-e", name + "=" + value});
  for (const auto& name : all.names) arguments.insert(arguments.end(), {"-e", name});
  return arguments;
}

// docker, or podman, which takes the same arguments, where only that is.
std::string container_program() { return !find_program("docker") && find_program("podman") ? "podman" : "docker"; }

std::vector<std::string> container_command(const FunctionSpec& spec, const std::string& directory, const BuildOptions& options) {
  const std::string user = options.function_as_current_user ? fmt::format("{}:{}", ::getuid(), ::getgid()) : "nobody";
  std::vector<std::string> command = {container_program(),
                                      "run",
                                      "--rm",
                                      "-i",
                                      "-a",
                                      "STDIN",
                                      "-a",
                                      "STDOUT",
                                      "-a",
                                      "STDERR",
                                      "--network",
                                      spec.network ? "host" : "none",
                                      "--user",
                                      user,
                                      "--security-opt=no-new-privileges"};
  auto add_mount = [&](const StorageMount& mount) {
    command.insert(command.end(), {"--mount", mount_argument(mount, directory)});
  };
  for (const auto& mount : spec.mounts) add_mount(mount);
  for (const auto& mount : options.function_mounts) add_mount(parse_mount(mount));
  const auto environment = environment_arguments(spec, options);
  command.insert(command.end(), environment.begin(), environment.end());
  command.push_back(spec.image);
  return command;
}

// Only entries with exactly one '='; those of the command line win.
std::map<std::string, std::string> program_environment(const FunctionSpec& spec, const BuildOptions& options) {
  std::map<std::string, std::string> environment;
  for (const auto* entries : {&spec.environment, &options.function_environment}) {
    for (const auto& entry : *entries) {
      const auto parts = split(entry, '=');
      if (parts.size() == 2) environment[parts[0]] = parts[1];
    }
  }
  return environment;
}

}  // namespace

std::optional<FunctionSpec> read_function_spec(const Node& configuration) {
  const Node* metadata = configuration.find("metadata");
  if (metadata == nullptr) return std::nullopt;
  const Node* annotations = metadata->find("annotations");
  auto annotation = [&](std::string_view key) { return annotations == nullptr ? std::string() : annotations->text_of(key); };
  for (const char* key : {"config.kubernetes.io/function", "config.k8s.io/function"}) {
    if (const std::string text = annotation(key); !text.empty()) return parse_spec(key, text);
  }
  if (const Node* function = metadata->find("configFn"); function != nullptr && !function->is_null()) {
    return within("failed to get FunctionSpec: configFn unmarshal error: error unmarshaling JSON: while decoding JSON",
                  [&] { return spec_of(decode_json_shape(*function, kFunction, "configFn")); });
  }
  const std::string image = annotation("config.kubernetes.io/container");
  if (image.empty()) return std::nullopt;
  FunctionSpec spec;
  spec.image = image;
  return spec;
}

void check_mounts(const FunctionSpec& spec, const Node& configuration) {
  for (const auto& mount : spec.mounts) {
    // Each would begin another option of the mount, such as a second source, and so go around the rules below.
    for (const auto* field : {&mount.type, &mount.source, &mount.destination}) {
      if (field->find_first_of(",\"\r\n") == std::string::npos) continue;
      throw make_error(ErrorKind::denied,
                       "plugin {} with mount field '{}' is not permitted; it holds a comma, a quote or a line break",
                       to_string(ResId::of(configuration)), *field);
    }
    const std::string_view rule = mount.source.starts_with('/')                ? "relative to the current kustomization directory"
                                  : clean_path(mount.source).starts_with("..") ? "under the current kustomization directory"
                                                                               : "";
    if (rule.empty()) continue;
    throw make_error(ErrorKind::denied, "plugin {} with mount path '{}' is not permitted; mount paths must be {}",
                     to_string(ResId::of(configuration)), mount.source, rule);
  }
}

std::optional<ProcessSpec> function_command(const FunctionSpec& spec, const std::string& directory, const BuildOptions& options) {
  if (spec.network && !options.function_network) {
    throw make_error(ErrorKind::denied, "network required but not enabled with --network");
  }
  ProcessSpec process;
  process.directory = directory;
  process.stays_in_group = true;
  process.on_error_output = options.on_function_output;
  if (!spec.image.empty()) {
    process.command = container_command(spec, directory, options);
    return process;
  }
  if (spec.executable.empty() || !options.enable_exec) return std::nullopt;
  process.command = spec.arguments;
  process.command.insert(process.command.begin(), spec.executable);
  process.environment = program_environment(spec, options);
  return process;
}

}  // namespace kfrun::kustomize
