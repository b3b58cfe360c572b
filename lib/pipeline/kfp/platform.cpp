#include "pipeline/kfp/platform.h"

#include "base/text.h"
#include "document/number.h"
#include "pipeline/kfp/container.h"
#include "pipeline/kfp/expressions.h"

namespace kfrun::pipeline {

using document::Node;

namespace {

Expression constant(Value value) { return Expression::constant(std::move(value)); }

// The override's form: strings are templates, all else is as it is.
Node node_of(const Expression& expression) {
  if (expression.op == Operator::mapping) {
    Node made = Node::mapping(document::Mapping{});
    for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2)
      made.set(expression.operands[i].literal.text(), node_of(expression.operands[i + 1]));
    return made;
  }
  if (!expression.is_constant()) return Node::string(to_template(expression));
  const Value& value = expression.literal;
  if (value.is_sequence()) {
    Node made = Node::sequence();
    for (const auto& item : value.items()) made.push_back(node_of(constant(item)));
    return made;
  }
  if (value.is_mapping()) {
    Node made = Node::mapping(document::Mapping{});
    for (const auto& member : value.members()) made.set(member.key.text(), node_of(constant(member.value)));
    return made;
  }
  return value.is_string() ? Node::string(to_template(expression)) : value;
}

// An int64, which the protocol writes as a string.
std::optional<Value> whole(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  const auto number = found ? document::number_value(found->text()) : std::nullopt;
  if (!number) return std::nullopt;
  return Value::integer(static_cast<long long>(*number));
}

const document::Sequence& items(const Node& node, std::string_view key) {
  static const document::Sequence kNone;
  const Node* found = node.find(key);
  return found && found->is_sequence() ? found->items() : kNone;
}

class PlatformReader {
 public:
  PlatformReader(const Node& config, const PlatformParameter& parameter, Task& task)
      : config_(config), parameter_(parameter), task_(task) {}

  void read() {
    environment("secretAsEnv", "secretName", "secretKey", "secretKeyRef");
    environment("configMapAsEnv", "configMapName", "configMapKey", "configMapKeyRef");
    for (const auto& item : items(config_, "fieldPathAsEnv")) {
      add(main("env"),
          mapping({{"name", text(item.text_of("name"))},
                   {"valueFrom", mapping({{"fieldRef", mapping({{"fieldPath", text(item.text_of("fieldPath"))}})}})}}));
    }
    object_volumes("secretAsVolume", "secretName", "secret", "secretName");
    object_volumes("configMapAsVolume", "configMapName", "configMap", "name");
    claims();
    empty_dirs();
    ephemeral_volumes();
    scheduling();
    metadata();
    pulling();
    security();
    for (const auto& item : items(config_, "initContainers")) init_container(item);
    if (const auto seconds = whole(config_, "activeDeadlineSeconds"); seconds && *seconds->as_integer() > 0)
      task_.timeout = std::chrono::seconds(*seconds->as_integer());
  }

 private:
  Node& spec() { return task_.pod.child_mapping("spec"); }
  Node& main() { return main_container(task_); }
  static Node& list(Node& parent, std::string_view key) {
    Node* found = parent.find(key);
    return found ? *found : parent.set(key, Node::sequence());
  }
  Node& main(std::string_view key) { return list(main(), key); }

  // An item whose name is null when the run comes to it is left out of its list.
  void add(Node& to, Expression item, const Expression& name = text("")) {
    if (name.is_constant()) {
      if (!name.literal.is_null()) to.push_back(node_of(item));
      return;
    }
    Expression present;
    present.op = Operator::not_equal;
    present.operands = {name, constant(Value::null())};
    Expression choice;
    choice.op = Operator::conditional;
    choice.operands = {std::move(present), std::move(item), constant(Value::null())};
    to.push_back(Node::string(to_template(choice)));
  }

  Expression named(const Node& item, const std::string& key) const {
    if (const Node* given = item.find(key + "Parameter")) return parameter_(*given);
    const Node* plain = item.find(key);
    return plain ? text(plain->text()) : constant(Value::null());
  }

  void environment(std::string_view field, const std::string& name_key, const std::string& key, const std::string& source) {
    for (const auto& item : items(config_, field)) {
      const Expression name = named(item, name_key);
      for (const auto& pair : items(item, "keyToEnv")) {
        std::vector<std::pair<std::string, Expression>> reference{{"name", name}, {"key", text(pair.text_of(key))}};
        if (item.find("optional")) reference.emplace_back("optional", constant(Value::boolean(ir_flag(item, "optional"))));
        add(main("env"),
            mapping({{"name", text(pair.text_of("envVar"))}, {"valueFrom", mapping({{source, mapping(std::move(reference))}})}}),
            name);
      }
    }
  }

  void mount(const Expression& volume, const Node& item) {
    std::vector<std::pair<std::string, Expression>> made{{"name", volume}, {"mountPath", text(item.text_of("mountPath"))}};
    if (const std::string sub_path = item.text_of("subPath"); !sub_path.empty()) made.emplace_back("subPath", text(sub_path));
    add(main("volumeMounts"), mapping(std::move(made)), volume);
  }

  void volume(const Expression& name, const std::string& kind, Expression source) {
    add(list(spec(), "volumes"), mapping({{"name", name}, {kind, std::move(source)}}), name);
  }

  void object_volumes(std::string_view field, const std::string& name_key, const std::string& kind,
                      const std::string& reference) {
    for (const auto& item : items(config_, field)) {
      const Expression name = named(item, name_key);
      volume(name, kind, mapping({{reference, name}, {"optional", constant(Value::boolean(ir_flag(item, "optional")))}}));
      mount(name, item);
    }
  }

  void claims() {
    for (const auto& item : items(config_, "pvcMount")) {
      const Node* given = item.find("pvcNameParameter");
      const Expression name = given                   ? parameter_(*given)
                              : item.find("constant") ? text(item.text_of("constant"))
                                                      : parameter_(item);
      volume(name, "persistentVolumeClaim", mapping({{"claimName", name}}));
      mount(name, item);
    }
  }

  void empty_dirs() {
    for (const auto& item : items(config_, "emptyDirMounts")) {
      std::vector<std::pair<std::string, Expression>> source;
      for (const auto* key : {"medium", "sizeLimit"}) {
        if (const std::string value = item.text_of(key); !value.empty()) source.emplace_back(key, text(value));
      }
      volume(text(item.text_of("volumeName")), "emptyDir", mapping(std::move(source)));
      mount(text(item.text_of("volumeName")), item);
    }
  }

  void ephemeral_volumes() {
    for (const auto& item : items(config_, "genericEphemeralVolume")) {
      Value claim = Value::mapping(document::Mapping{});
      Value modes = Value::sequence();
      for (const auto& mode : items(item, "accessModes")) modes.push_back(Value::string(mode.text()));
      claim.set("accessModes", std::move(modes));
      claim.set("resources", Value::mapping({{"requests", Value::mapping({{"storage", Value::string(item.text_of("size"))}})}}));
      if (const std::string storage = item.text_of("storageClassName"); !storage.empty() && !ir_flag(item, "defaultStorageClass"))
        claim.set("storageClassName", Value::string(storage));
      Value made = Value::mapping(document::Mapping{});
      if (const Node* own = item.find("metadata")) made.set("metadata", ir_value(*own));
      made.set("spec", std::move(claim));
      const Expression name = text(item.text_of("volumeName"));
      volume(name, "ephemeral", mapping({{"volumeClaimTemplate", constant(std::move(made))}}));
      mount(name, item);
    }
  }

  void scheduling() {
    const Node& selector = child(config_, "nodeSelector");
    if (const Node* given = selector.find("nodeSelectorJson")) {
      spec().set("nodeSelector", node_of(parameter_(*given)));
    } else if (const Node& labels = child(selector, "labels"); labels.size() > 0) {
      spec().set("nodeSelector", node_of(constant(ir_value(labels))));
    }
    for (const auto& item : items(config_, "tolerations")) toleration(item);
    for (const auto& item : items(config_, "nodeAffinity")) node_affinity(item);
  }

  void toleration(const Node& item) {
    Node& all = list(spec(), "tolerations");
    if (const Node* given = item.find("tolerationJson")) {
      const Expression value = parameter_(*given);
      if (!value.is_constant()) return all.push_back(node_of(value));  // a list is spliced, a null left out
      const auto& literal = value.literal;
      for (const auto& one : literal.is_sequence() ? literal.items() : document::Sequence{literal}) {
        if (!one.is_null()) all.push_back(node_of(constant(one)));
      }
      return;
    }
    Node made = Node::mapping(document::Mapping{});
    for (const auto* key : {"key", "operator", "value", "effect"}) {
      if (const std::string value = item.text_of(key); !value.empty()) made.set(key, node_of(text(value)));
    }
    if (const auto seconds = whole(item, "tolerationSeconds")) made.set("tolerationSeconds", *seconds);
    all.push_back(std::move(made));
  }

  void node_affinity(const Node& item) {
    constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
    constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
    const auto affinity = [&]() -> Node& { return spec().child_mapping("affinity").child_mapping("nodeAffinity"); };
    if (const Node* given = item.find("nodeAffinityJson")) {
      const Expression value = parameter_(*given);
      if (!value.is_constant()) {
        spec().child_mapping("affinity").set("nodeAffinity", node_of(value));
        return;
      }
      if (const Node* preferred = value.literal.find(kPreferred); preferred && preferred->is_sequence()) {
        for (const auto& one : preferred->items()) list(affinity(), kPreferred).push_back(node_of(constant(one)));
      }
      if (const Node* terms = value.literal.find_path({kRequired, "nodeSelectorTerms"}); terms && terms->is_sequence()) {
        for (const auto& one : terms->items()) {
          list(affinity().child_mapping(kRequired), "nodeSelectorTerms").push_back(node_of(constant(one)));
        }
      }
      return;
    }
    Value term = Value::mapping(document::Mapping{});
    for (const auto* key : {"matchExpressions", "matchFields"}) {
      if (const Node* found = item.find(key)) term.set(key, ir_value(*found));
    }
    if (const auto weight = whole(item, "weight")) {
      list(affinity(), kPreferred)
          .push_back(Node::mapping({{"weight", *weight}, {"preference", node_of(constant(std::move(term)))}}));
    } else {
      list(affinity().child_mapping(kRequired), "nodeSelectorTerms").push_back(node_of(constant(std::move(term))));
    }
  }

  void metadata() {
    for (const auto* key : {"labels", "annotations"}) {
      for (const auto& member : child(child(config_, "podMetadata"), key).members()) {
        task_.pod.child_mapping("metadata").child_mapping(key).set(member.key.text(), node_of(text(member.value.text())));
      }
    }
  }

  void pulling() {
    if (const std::string policy = config_.text_of("imagePullPolicy"); !policy.empty())
      main().set("imagePullPolicy", Node::string(policy));
    for (const auto& item : items(config_, "imagePullSecret")) {
      const Expression name = named(item, "secretName");
      add(list(spec(), "imagePullSecrets"), mapping({{"name", name}}), name);
    }
  }

  void security() {
    const Node& given = child(config_, "securityContext");
    for (const auto* key : {"runAsUser", "runAsGroup"}) {
      if (const auto number = whole(given, key)) main().child_mapping("securityContext").set(key, *number);
    }
    if (const Node* flag = given.find("runAsNonRoot"))
      main().child_mapping("securityContext").set("runAsNonRoot", Node::boolean(flag->as_boolean().value_or(false)));
  }

  void init_container(const Node& item) {
    Node made = Node::mapping(document::Mapping{});
    for (const auto* key : {"name", "image", "restartPolicy"}) {
      if (const std::string value = item.text_of(key); !value.empty()) made.set(key, node_of(text(value)));
    }
    for (const auto* key : {"command", "args", "env"}) {
      if (const Node* found = item.find(key)) made.set(key, node_of(constant(ir_value(*found))));
    }
    for (const auto& mounted : items(item, "volumeMounts")) {
      list(made, "volumeMounts")
          .push_back(node_of(mapping({{"name", text(mounted.text_of("volumeName", mounted.text_of("name")))},
                                      {"mountPath", text(mounted.text_of("mountPath"))}})));
    }
    list(spec(), "initContainers").push_back(std::move(made));
  }

  const Node& config_;
  const PlatformParameter& parameter_;
  Task& task_;
};

}  // namespace

void read_platform(const Node& executor, const PlatformParameter& parameter, Task& task) {
  PlatformReader(executor, parameter, task).read();
}

}  // namespace kfrun::pipeline
