// Changing one place of a resource as kyaml's setters do: what keeps its style keeps it, and a value without a tag is resolved
// again as go-yaml v3 would read it.
#pragma once

#include <string>
#include <string_view>

#include "document/node.h"

namespace kfrun::kustomize {

// Throws "wrong node kind: expected ScalarNode but got ..." unless `node` is null or of that kind.
void require_kind(const document::Node& node, document::NodeKind kind);

// The tag that go-yaml v3 gives a scalar without one: a plain scalar by its text, else a string.
document::Tag resolved_tag(std::string_view text, document::Style style);
// A plain scalar resolved by its text ("80" is an integer), as values without a tag come out of kyaml.
document::Node untagged_scalar(std::string text);

// Sets a member of a mapping, at its old place or at the end. A new key has no tag: `1` or `true` becomes a number or a boolean,
// which kustomize cannot print afterwards ("json: unsupported type: map[interface {}]interface {}").
document::Node& set_member(document::Node& mapping, std::string_view key, document::Node value);

// Sets text and tag of a scalar (or null), keeping its style.
void set_scalar(document::Node& node, std::string text, document::Tag tag);
// The same without a tag: a plain scalar is resolved anew by its text.
void set_scalar(document::Node& node, std::string text);
// Sets a string member of a mapping, keeping the style of an old value. Returns the member's value; nullptr for a null, which is
// left alone, as kyaml does.
document::Node* set_text_entry(document::Node& mapping, std::string_view key, const std::string& value);

}  // namespace kfrun::kustomize
