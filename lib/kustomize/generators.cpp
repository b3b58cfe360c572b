#include "kustomize/generators.h"

#include <cstdlib>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "kustomize/data_map.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

using Pair = std::pair<std::string, std::string>;

std::string without_quotes(const std::string& text, bool all) {
  if (all) {
    const auto first = text.find_first_not_of("\"'");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of("\"'") - first + 1);
  }
  if (text.size() < 2 || text.front() != text.back()) return text;
  return text.front() == '"' || text.front() == '\'' ? text.substr(1, text.size() - 2) : text;
}

Pair parse_literal(const std::string& source, const Compat& compat) {
  const auto equals = source.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw make_error(ErrorKind::input, "invalid literal source {}, expected key=value", source);
  }
  return {source.substr(0, equals), without_quotes(source.substr(equals + 1), compat.trims_all_quotes)};
}

// "key=path" or a path whose last part is the key.
Pair parse_file_source(const std::string& source) {
  const auto equals = source.find('=');
  if (equals == std::string::npos) {
    std::string_view path = source;
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    return {file_name_of(path), source};
  }
  if (source.find('=', equals + 1) != std::string::npos) {
    throw make_error(ErrorKind::input, "source \"{}\" key name or file path contains '='", source);
  }
  if (equals == 0) {
    throw make_error(ErrorKind::input, "missing key name for file path \"{}\" in source \"{}\"", source.substr(1), source);
  }
  if (equals + 1 == source.size()) {
    throw make_error(ErrorKind::input, "missing file path for key name \"{}\" in source \"{}\"", source.substr(0, equals),
                     source);
  }
  return {source.substr(0, equals), source.substr(equals + 1)};
}

// Blanks as Go's unicode.IsSpace has them, at the start.
std::string_view without_leading_blanks(std::string_view line) {
  while (!line.empty()) {
    if (std::string_view("\t\n\v\f\r ").find(line.front()) != std::string_view::npos) {
      line.remove_prefix(1);
    } else if (line.starts_with("\xC2\x85") || line.starts_with("\xC2\xA0")) {
      line.remove_prefix(2);
    } else {
      break;
    }
  }
  return line;
}

void read_env_lines(std::string_view text, const Compat& compat, std::vector<Pair>& pairs) {
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_valid_utf8(line)) throw make_error(ErrorKind::input, "line {} has invalid utf8 bytes : {}", line, line);
    if (first && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    first = false;
    line = without_leading_blanks(line);
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    const auto key = line.substr(0, equals);
    if (key.empty()) continue;
    if (equals != std::string_view::npos) {
      pairs.emplace_back(key, line.substr(equals + 1));
    } else {
      const char* known = compat.env_files_read_environment ? std::getenv(std::string(key).c_str()) : nullptr;
      pairs.emplace_back(key, known ? known : "");
    }
  }
}

// Go's %v of a list of texts.
std::string shown(const std::vector<std::string>& sources) { return "[" + join(sources, " ") + "]"; }

std::vector<Pair> load_pairs(const GeneratorArguments& arguments, const Loader& loader, const Compat& compat) {
  std::vector<Pair> pairs;
  within("env source files: " + shown(arguments.envs), [&] {
    for (const auto& path : arguments.envs) read_env_lines(loader.read(path), compat, pairs);
  });
  within("literal sources " + shown(arguments.literals), [&] {
    for (const auto& source : arguments.literals) pairs.push_back(parse_literal(source, compat));
  });
  within("file sources: " + shown(arguments.files), [&] {
    for (const auto& source : arguments.files) {
      auto [key, path] = parse_file_source(source);
      pairs.emplace_back(std::move(key), loader.read(path));
    }
  });
  return pairs;
}

std::map<std::string, std::string> load_entries(const GeneratorArguments& arguments, const Loader& loader, const Compat& compat) {
  std::map<std::string, std::string> entries;
  for (auto& [key, value] : within("loading KV pairs", [&] { return load_pairs(arguments, loader, compat); })) {
    if (!entries.emplace(key, std::move(value)).second) {
      throw make_error(ErrorKind::input, "configmap {} illegally repeats the key `{}`", arguments.name, key);
    }
  }
  return entries;
}

void apply_options(Node& object, const GeneratorOptions& options) {
  Node& metadata = object.child_mapping("metadata");
  for (const auto& [key, value] : options.labels) metadata.child_mapping("labels").set(key, Node::string(value));
  for (const auto& [key, value] : options.annotations) metadata.child_mapping("annotations").set(key, Node::string(value));
  if (options.immutable) object.set("immutable", Node::boolean(true));
}

}  // namespace

std::optional<GeneratorOptions> merged_options(std::optional<GeneratorOptions> own,
                                               const std::optional<GeneratorOptions>& global) {
  if (!global) return own;
  GeneratorOptions options = own.value_or(GeneratorOptions{});
  options.labels.insert(global->labels.begin(), global->labels.end());
  options.annotations.insert(global->annotations.begin(), global->annotations.end());
  options.disable_name_suffix_hash |= global->disable_name_suffix_hash;
  options.immutable |= global->immutable;
  return options;
}

Resource generate(GeneratedKind kind, const GeneratorArguments& arguments, const Loader& loader, const Compat& compat) {
  if (arguments.name.empty()) throw make_error(ErrorKind::input, "a configmap must have a name");
  const bool is_secret = kind == GeneratedKind::secret;
  Node object = Node::mapping({{"apiVersion", Node::string("v1")}, {"kind", Node::string(is_secret ? "Secret" : "ConfigMap")}});
  Node& metadata = object.child_mapping("metadata");
  metadata.set("name", Node::string(arguments.name));
  if (!arguments.namespace_.empty()) metadata.set("namespace", Node::string(arguments.namespace_));
  if (is_secret) {
    object.set("type", Node::string(arguments.type.empty() ? "Opaque" : arguments.type));
    set_secret_data(object, load_entries(arguments, loader, compat), compat.wraps_base64);
  } else {
    set_config_map_data(object, load_entries(arguments, loader, compat), compat.wraps_base64);
  }
  if (arguments.options) apply_options(object, *arguments.options);
  Resource resource(std::move(object));
  resource.needs_hash = !arguments.options || !arguments.options->disable_name_suffix_hash;
  resource.behavior = parse_generator_behavior(arguments.behavior);
  return resource;
}

}  // namespace kfrun::kustomize
