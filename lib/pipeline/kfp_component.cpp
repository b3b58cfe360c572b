#include "pipeline/kfp_component.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "pipeline/declarations.h"

namespace kfrun::pipeline {
namespace {

using document::Node;

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {"string", "string"},  {"str", "string"},    {"text", "string"},     {"integer", "integer"},    {"int", "integer"},
    {"float", "number"},   {"double", "number"}, {"boolean", "boolean"}, {"bool", "boolean"},       {"list", "list"},
    {"jsonarray", "list"}, {"dict", "mapping"},  {"struct", "mapping"},  {"jsonobject", "mapping"},
};

// Types of outputs that are short texts, taken by {inputValue} further on.
constexpr std::string_view kTexts[] = {"uri", "url", "gcspath", "gcsuri"};

std::string escaped(const std::string& text) { return replace_all(text, "${{", "$${{"); }

Node at(const Cursor& cursor, Node node) {
  node.set_position(cursor.node().line(), cursor.node().column());
  return node;
}

// The text of a type: "String", or the only key of {GCSPath: {...}}.
std::string type_word(const Cursor& declared) {
  const auto type = declared.find("type");
  if (!type) return "";
  if (type->node().is_mapping() && type->node().size() == 1) return type->node().members().front().key.text();
  return type->node().text();
}

// What is no type of Kubeflow Pipelines' own ("CSV", "GCSPath") is an artifact that fits any other.
std::string artifact_word(const std::string& word) { return parse_type(word) ? word : "artifact"; }

class Translator {
 public:
  Translator(const Cursor& document, const IsGiven& is_given) : document_(document), is_given_(is_given) {}

  Node run() {
    static constexpr std::string_view kKeys[] = {"name", "description", "metadata", "inputs", "outputs", "implementation"};
    document_.check_keys(kKeys);
    Node made = at(document_, Node::mapping(document::Mapping{}));
    const auto implementation = document_.find("implementation");
    const auto container = implementation ? implementation->find("container") : std::nullopt;
    if (!container) {
      (implementation ? *implementation : document_).error("only components with 'implementation.container' can be used");
      return made;
    }
    static constexpr std::string_view kContainerKeys[] = {"image", "command", "args", "env", "fileOutputs"};
    container->check_keys(kContainerKeys);
    collect_uses(container->node());
    made.set("inputs", read_inputs());
    made.set("outputs", read_outputs());
    if (const auto paths = container->find("fileOutputs")) read_file_outputs(*paths, *made.find("outputs"));
    if (const auto image = container->find("image")) made.set("image", image->node());
    if (const auto env = container->find("env")) made.set("env", env->node());
    for (const auto* key : {"command", "args"}) {
      if (const auto words = container->find(key)) made.set(key, at(*words, Node::sequence(read_words(*words))));
    }
    return made;
  }

 private:
  void collect_uses(const Node& node) {
    if (node.is_sequence()) {
      for (const auto& item : node.items()) collect_uses(item);
    } else if (node.is_mapping()) {
      for (const auto& [key, value] : node.members()) {
        if (key.text() == "inputValue") as_value_.insert(kfp_name(value.text()));
        if (key.text() == "inputPath" || key.text() == "inputUri") as_path_.insert(kfp_name(value.text()));
        collect_uses(value);
      }
    }
  }

  Node read_inputs() {
    Node made = Node::mapping(document::Mapping{});
    const auto list = document_.find("inputs");
    static constexpr std::string_view kKeys[] = {"name", "type", "description", "default", "optional", "annotations"};
    for (const auto& item : list ? list->items() : std::vector<Cursor>{}) {
      item.check_keys(kKeys);
      const auto name = name_of(item, inputs_);
      if (name.empty()) continue;
      const std::string word = input_type(item, name);
      Node declared = at(item, Node::mapping({{"type", Node::string(word)}}));
      const auto value = item.find("default");
      if (value) set_default(declared, *value, *parse_type(word));
      const auto optional = item.find("optional");
      if (!value && optional && optional->flag().value_or(false)) declared.set("optional", Node::boolean(true));
      if (value) has_default_.insert(name);
      made.members().push_back({at(item, Node::string(name)), std::move(declared)});
    }
    return made;
  }

  std::string input_type(const Cursor& item, const std::string& name) {
    const std::string word = type_word(item);
    const std::string lower = to_lower(word);
    const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) { return pair.first == lower; });
    const bool is_parameter = known != std::end(kTypes);
    if (is_parameter && as_path_.count(name) > 0) {
      item.error(fmt::format("input '{}' of type {} is taken as a file ({{inputPath}}), which only artifacts are", name, word),
                 {"take it as {inputValue}, or give it the type of an artifact"});
    }
    if (is_parameter) return std::string(known->second);
    const bool as_value = as_value_.count(name) > 0;
    if (as_value && as_path_.count(name) == 0) return "string";
    if (as_value) item.error(fmt::format("input '{}' is taken both as {{inputValue}} and as a file", name));
    return artifact_word(word);
  }

  // Defaults are texts. An empty one stands for nothing where no text is expected; the text of an artifact is not handed on; what
  // is called a list may be written as a mapping.
  static void set_default(Node& declared, const Cursor& value, const Type& type) {
    const bool is_text = value.node().is_scalar();
    auto fitting = is_text ? converted(value.node().text(), type) : fitted(value.node(), type);
    const bool is_json = type.kind == TypeKind::list || type.kind == TypeKind::mapping;
    if (type.is_artifact() || (is_text && value.node().text().empty() && !fitting)) {
      declared.set("optional", Node::boolean(true));
    } else if (fitting) {
      declared.set("default", at(value, std::move(*fitting)));
    } else if (is_text && is_json) {
      declared.set("type", Node::string("any"));
      declared.set("default", at(value, Node::string(value.node().text())));
    } else {
      value.expected(fmt::format("a default of type {}", to_string(type)));
      declared.set("optional", Node::boolean(true));  // so that it is not missed
    }
  }

  Node read_outputs() {
    Node made = Node::mapping(document::Mapping{});
    const auto list = document_.find("outputs");
    static constexpr std::string_view kKeys[] = {"name", "type", "description", "annotations"};
    for (const auto& item : list ? list->items() : std::vector<Cursor>{}) {
      item.check_keys(kKeys);
      const auto name = name_of(item, outputs_);
      if (name.empty()) continue;
      const std::string lower = to_lower(type_word(item));
      const auto* known =
          std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) { return pair.first == lower; });
      const bool is_text = std::find(std::begin(kTexts), std::end(kTexts), lower) != std::end(kTexts);
      const std::string word = known != std::end(kTypes) ? std::string(known->second)
                               : is_text                 ? "string"
                                                         : artifact_word(type_word(item));
      made.members().push_back({at(item, Node::string(name)), at(item, Node::string(word))});
    }
    return made;
  }

  // Outputs at paths that the program insists on.
  void read_file_outputs(const Cursor& paths, Node& outputs) {
    for (const auto& field : paths.fields("a mapping of outputs to paths")) {
      Node* output = outputs.find(kfp_name(field.name));
      const auto path = field.value.string();
      if (!output) {
        field.key.error(fmt::format("the component has no output '{}'", field.name),
                        suggestions(kfp_name(field.name), std::vector<std::string>(outputs_.begin(), outputs_.end())));
      } else if (path) {
        *output = at(field.value, Node::mapping({{"type", *output}, {"path", at(field.value, Node::string(*path))}}));
      }
    }
  }

  std::string name_of(const Cursor& item, std::set<std::string>& known) {
    const auto name = item.find("name");
    if (!name) {
      item.error("'name' is missing");
      return "";
    }
    std::string made = kfp_name(name->node().text());
    if (made.empty() || !known.insert(made).second) {
      name->error(fmt::format("'{}' is no name of its own", name->node().text()));
      return "";
    }
    return made;
  }

  // ---- command and args

  std::vector<Node> read_words(const Cursor& list) {
    std::vector<Node> words;
    for (const auto& item : list.items("a list of words")) {
      for (auto& word : read_word(item)) words.push_back(std::move(word));
    }
    return words;
  }

  // One item of a command: a placeholder of none, one or several words.
  std::vector<Node> read_word(const Cursor& item) {
    if (!item.node().is_mapping()) {
      const auto text = item.scalar("a word or a placeholder");
      return text ? std::vector{at(item, Node::string(escaped(*text)))} : std::vector<Node>{};
    }
    if (item.node().size() != 1) {
      item.error("a placeholder has one key");
      return {};
    }
    const Field field = item.fields().front();
    if (field.name == "if") return read_if(field.value);
    if (field.name == "concat") return read_concat(field.value);
    if (field.name == "executorInput") {
      item.error("{executorInput} is for components of compiled pipelines (IR)");
      return {};
    }
    return read_reference(field);
  }

  std::vector<Node> read_reference(const Field& field) {
    struct Placeholder {
      std::string_view key, format;
      bool is_input;
    };
    static constexpr Placeholder kPlaceholders[] = {{"inputValue", "${{ inputs.NAME }}", true},
                                                    {"inputPath", "${{ inputs.NAME }}", true},
                                                    {"inputUri", "${{ inputs.NAME.uri }}", true},
                                                    {"outputPath", "${{ outputs.NAME }}", false},
                                                    {"outputUri", "${{ outputs.NAME.uri }}", false}};
    for (const auto& [key, format, is_input] : kPlaceholders) {
      if (field.name != key) continue;
      const std::string name = kfp_name(field.value.node().text());
      const auto& known = is_input ? inputs_ : outputs_;
      if (known.count(name) > 0) return {at(field.value, Node::string(replace_all(std::string(format), "NAME", name)))};
      field.value.error(fmt::format("the component has no {} '{}'", is_input ? "input" : "output", field.value.node().text()),
                        suggestions(name, std::vector<std::string>(known.begin(), known.end())));
      return {};
    }
    field.key.error(fmt::format("unknown placeholder '{}'", field.name),
                    suggestions(field.name, {"inputValue", "inputPath", "inputUri", "outputPath", "outputUri", "concat", "if"}));
    return {};
  }

  std::vector<Node> read_concat(const Cursor& list) {
    std::string text;
    for (const auto& item : list.items("a list of texts and placeholders")) {
      for (const auto& word : read_word(item)) text += word.text();
    }
    return {at(list, Node::string(std::move(text)))};
  }

  std::vector<Node> read_if(const Cursor& choice) {
    static constexpr std::string_view kKeys[] = {"cond", "then", "else"};
    choice.check_keys(kKeys);
    const auto condition = choice.find("cond");
    if (!condition) {
      choice.error("'cond' is missing");
      return {};
    }
    const auto holds = read_condition(*condition);
    if (!holds) return {};
    const auto words = choice.find(*holds ? "then" : "else");
    if (!words) return {};
    return words->node().is_sequence() ? read_words(*words) : read_word(*words);
  }

  // Which arguments there are is decided before the run.
  std::optional<bool> read_condition(const Cursor& condition) {
    if (condition.node().is_scalar()) {
      const std::string word = to_lower(condition.node().text());
      if (word == "true" || word == "false") return word == "true";
    }
    const auto present = condition.find("isPresent");
    if (!present) {
      condition.error("a condition of {if} is {isPresent: INPUT}, true or false: other ones are known in the run only");
      return std::nullopt;
    }
    const std::string name = kfp_name(present->node().text());
    if (inputs_.count(name) == 0) {
      present->error(fmt::format("the component has no input '{}'", present->node().text()),
                     suggestions(name, std::vector<std::string>(inputs_.begin(), inputs_.end())));
      return std::nullopt;
    }
    if (has_default_.count(name) > 0) return true;
    const auto given = is_given_(name);
    if (!given) condition.error(fmt::format("whether input '{}' is given is known in the run only", name));
    return given;
  }

  const Cursor& document_;
  const IsGiven& is_given_;
  std::set<std::string> as_value_, as_path_, inputs_, outputs_, has_default_;
};

}  // namespace

std::string kfp_name(std::string_view name) {
  std::string made;
  for (const char c : to_lower(name)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (good) made += c;
    if (!good && !made.empty() && made.back() != '_') made += '_';
  }
  while (!made.empty() && made.back() == '_') made.pop_back();
  return !made.empty() && made[0] >= '0' && made[0] <= '9' ? "_" + made : made;
}

Node component_of_kfp(const Cursor& document, const IsGiven& is_given) { return Translator(document, is_given).run(); }

}  // namespace kfrun::pipeline
