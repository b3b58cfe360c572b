#include "pipeline/container_reader.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/declarations.h"
#include "pipeline/script_reader.h"

namespace kfrun::pipeline {
namespace {

using document::Node;

// The last layer that has the key.
const Layer* layer_of(std::span<const Layer> layers, std::string_view key) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (layer->fields.find(key)) return &*layer;
  }
  return nullptr;
}

std::vector<Expression> read_words(const Layer& layer, std::string_view key) {
  const Cursor list = *layer.fields.find(key);
  std::vector<Expression> words;
  if (list.node().is_string()) {
    list.error("expected a list of words, found a string",
               {fmt::format("write [sh, -c, {}]; a longer text is a 'script'",
                            list.node().text().size() < 40 ? list.node().text() : "...")});
    return words;
  }
  for (const auto& item : list.items("a list of words")) {
    if (auto word = read_text(item, layer.texts)) words.push_back(std::move(*word));
  }
  return words;
}

bool is_environment_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

void read_environment(const Layer& layer, ContainerTemplate& container) {
  const auto env = layer.fields.find("env");
  if (!env) return;
  for (const auto& field : env->fields("a mapping of names to texts")) {
    if (!is_environment_name(field.name)) {
      field.key.error(fmt::format("'{}' cannot be the name of an environment variable", field.name),
                      {"letters, digits, '_', '-' and '.' are allowed, no digit first"});
      continue;
    }
    if (!field.value.node().is_scalar() || field.value.node().is_null()) {
      field.value.expected("a text", {"secrets and fields of the pod are set through 'pod'"});
      continue;
    }
    auto text = read_text(field.value, layer.texts);
    if (!text) continue;
    auto& environment = container.environment;
    const auto known =
        std::find_if(environment.begin(), environment.end(), [&](const auto& pair) { return pair.first == field.name; });
    if (known != environment.end()) {
      known->second = std::move(*text);
    } else {
      environment.emplace_back(field.name, std::move(*text));
    }
  }
}

void read_quantities(const Cursor& at, std::map<std::string, std::string>& quantities) {
  for (const auto& field : at.fields("a mapping of resources to quantities")) {
    const auto text = field.value.scalar("a quantity such as 500m or 2Gi");
    if (!text) continue;
    if (quantity_value(*text)) {
      quantities[field.name] = *text;
    } else if (text->find("${{") != std::string::npos) {
      field.value.error("quantities are constants: ${{ }} cannot stand here", {"'pod' takes templates in spec.containers"});
    } else {
      field.value.error(fmt::format("'{}' is no quantity", *text), {"e.g. 2, 500m, 1.5, 512Mi, 4Gi"});
    }
  }
}

void read_resources(const Layer& layer, ContainerTemplate& container) {
  const auto resources = layer.fields.find("resources");
  if (!resources) return;
  static constexpr std::string_view kKeys[] = {"requests", "limits"};
  resources->fields();
  resources->check_keys(kKeys);
  if (const auto at = resources->find("requests")) read_quantities(*at, container.requests);
  if (const auto at = resources->find("limits")) read_quantities(*at, container.limits);
  for (const auto& [name, request] : container.requests) {
    const auto limit = container.limits.find(name);
    if (limit != container.limits.end() && *quantity_value(request) > *quantity_value(limit->second))
      resources->error(fmt::format("the request of {} of {} is more than its limit of {}", request, name, limit->second));
  }
}

// Members of mappings are merged, all else is replaced.
void merge(Node& into, const Node& over) {
  if (!into.is_mapping() || !over.is_mapping()) {
    into = over;
    return;
  }
  for (const auto& [key, value] : over.members()) {
    if (Node* known = into.find(key.text())) {
      merge(*known, value);
    } else {
      into.members().push_back({key, value});
    }
  }
}

void read_pod(const Layer& layer, Task& task) {
  const auto pod = layer.fields.find("pod");
  if (!pod) return;
  static constexpr std::string_view kKeys[] = {"metadata", "spec"};
  if (!pod->node().is_mapping()) return pod->expected("a mapping with the metadata and spec to put over the pod");
  pod->check_keys(kKeys);
  merge(task.pod, read_templates(*pod, layer.texts));
}

// wait, retry, or {retry-after: DURATION}.
std::optional<Duration> read_node_loss(const Cursor& at) {
  static constexpr std::string_view kKeys[] = {"retry-after"};
  if (at.node().is_mapping()) {
    at.check_keys(kKeys);
    const auto after = at.find("retry-after");
    if (!after) at.error("'retry-after' is missing: how long may the node be out of touch?");
    return after ? after->duration(true) : std::nullopt;
  }
  const auto word = at.node().is_string() ? at.string() : std::nullopt;
  if (word == "retry") return kNodeLossWait;
  if (word != "wait") at.expected("wait, retry or {retry-after: 30s}");
  return std::nullopt;
}

std::optional<Expression> read_retry_condition(const Cursor& at, const Layer& layer) {
  const auto condition = at.condition();
  if (!condition) return std::nullopt;
  const NameMeaning names = [&](const Expression& name, bool guarded) -> Typed {
    if (name.text == "retry.exit_code" || name.text == "retry.attempt") return {name, {TypeKind::integer, ""}};
    if (name.text == "retry.message") return {name, {TypeKind::string, ""}};
    if (!name.text.starts_with("retry")) return layer.bindings(name, guarded);
    at.diagnostics().push_back({Severity::error,
                                name.place,
                                fmt::format("unknown name '{}'", name.text),
                                {"there are retry.exit_code, retry.attempt and retry.message"}});
    return {name, {TypeKind::any, ""}};
  };
  Typed typed = resolve_names(*condition, names, at.diagnostics());
  if (!fits(typed.type, {TypeKind::boolean, ""}))
    at.error(fmt::format("a condition is true or false, this is of type {}", to_string(typed.type)));
  return std::move(typed.expression);
}

RetryPolicy read_retry(const Cursor& at, const Layer& layer) {
  RetryPolicy retry;
  if (!at.node().is_mapping()) {
    retry.limit = at.count(0).value_or(0);
    return retry;
  }
  static constexpr std::string_view kKeys[] = {"limit", "backoff", "factor", "max-backoff", "when"};
  at.check_keys(kKeys);
  retry.limit = 1;
  if (const auto limit = at.find("limit")) retry.limit = limit->count(0).value_or(0);
  if (const auto backoff = at.find("backoff")) retry.backoff = backoff->duration(false).value_or(Duration::zero());
  if (const auto most = at.find("max-backoff")) retry.max_backoff = most->duration(true);
  if (const auto when = at.find("when")) retry.condition = read_retry_condition(*when, layer);
  if (const auto factor = at.find("factor")) {
    retry.factor = factor->node().as_number().value_or(0);
    if (!(retry.factor >= 1 && retry.factor <= 1000)) factor->expected("a number from 1 to 1000");
  }
  return retry;
}

void read_cache(const Cursor& at, Task& task) {
  task.cache_key.clear();
  if (const auto flag = at.node().as_boolean()) {
    task.cache = *flag;
  } else if (at.node().is_string() && !at.node().text().empty()) {
    task.cache = true;
    task.cache_key = at.node().text();
    if (task.cache_key.find("${{") != std::string::npos) at.error("a cache key is a constant: ${{ }} cannot stand here");
  } else {
    at.expected("true, false or a key (a text)");
  }
}

}  // namespace

std::optional<Expression> read_text(const Cursor& at, const NameMeaning& names) {
  auto text = at.text();
  if (!text) return std::nullopt;
  return resolve_names(*text, names, at.diagnostics()).expression;
}

Node read_templates(const Cursor& at, const NameMeaning& names) {
  if (at.node().is_mapping()) {
    Node made = Node::mapping(document::Mapping{});
    for (const auto& field : at.fields()) made.set(field.name, read_templates(field.value, names));
    return made;
  }
  if (at.node().is_sequence()) {
    Node made = Node::sequence();
    for (const auto& item : at.items()) made.push_back(read_templates(item, names));
    return made;
  }
  if (!at.node().is_string() || at.node().text().find("${{") == std::string::npos) return at.node();
  const auto text = read_text(at, names);
  return Node::string(text ? to_template(*text) : "");
}

void read_container(std::span<const Layer> layers, const FileSystem& files, Task& task) {
  ContainerTemplate& container = task.container;
  if (const Layer* layer = layer_of(layers, "image")) {
    if (auto image = read_text(*layer->fields.find("image"), layer->texts)) container.image = std::move(*image);
  } else {
    container.image = Expression::constant(Value::string(""));
  }
  if (const Layer* layer = layer_of(layers, "command")) container.command = read_words(*layer, "command");
  if (const Layer* layer = layer_of(layers, "args")) container.args = read_words(*layer, "args");
  if (const Layer* layer = layer_of(layers, "workdir"))
    container.working_directory = layer->fields.find("workdir")->string().value_or("");
  if (const Layer* layer = layer_of(layers, "script")) {
    auto script = read_script(*layer->fields.find("script"), files, layer->texts);
    if (container.command.empty()) container.command = std::move(script.command);
    container.script = std::move(script.text);
  }
  for (const auto& layer : layers) {
    read_environment(layer, container);
    read_resources(layer, container);
    read_pod(layer, task);
  }
}

void read_policies(std::span<const Layer> layers, Task& task) {
  if (const Layer* layer = layer_of(layers, "retry")) task.retry = read_retry(*layer->fields.find("retry"), *layer);
  if (const Layer* layer = layer_of(layers, "timeout")) task.timeout = layer->fields.find("timeout")->duration(true);
  if (const Layer* layer = layer_of(layers, "cache")) read_cache(*layer->fields.find("cache"), task);
  if (const Layer* layer = layer_of(layers, "once")) task.once = layer->fields.find("once")->flag().value_or(false);
  if (const Layer* layer = layer_of(layers, "onNodeLoss")) {
    const Cursor at = *layer->fields.find("onNodeLoss");
    task.node_loss_wait = read_node_loss(at);
    if (task.once && task.node_loss_wait && layer == layer_of(layers, "once")) {
      at.error("a task that is to run once cannot run again while the node that it ran on is lost", {"onNodeLoss: wait"});
    }
    if (task.once) task.node_loss_wait.reset();
  }
}

}  // namespace kfrun::pipeline
