// What OpenAPI knows about a resource: how the lists in it are merged, and whether a custom kind lives in a namespace. The
// builtin part is Kubernetes v1.21.2, as static tables; nothing is built at start. A kustomization's `openapi.path` document is
// read into dynamic tables.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document/merge.h"
#include "document/node.h"

namespace kfrun::kustomize {

class OpenApiSchema : public document::MergeSchema {
 public:
  // kustomize reads the builtin definitions when they are first asked for, unless a custom document has been named before: a
  // kustomization with `openapi.path` at the root of the build merges the lists of a Deployment only if its document says how.
  // `included`: the builtin ones were read first, so that later ones win; `over_added`: they were only wanted, are read last, and
  // win themselves.
  enum class Builtin { included, left_out, over_added };
  explicit OpenApiSchema(Builtin builtin = Builtin::included) : builtin_(builtin) {}

  // Adds the definitions (those with x-kubernetes-group-version-kind become resources) and the paths (which say what lives in a
  // namespace) of an OpenAPI v2 document. A later definition wins over an earlier one of the same name or kind.
  void add(const document::Node& openapi);

  // Whether a kind of an added document lives in a namespace; nothing when its paths do not say.
  std::optional<bool> is_namespaced(std::string_view api_version, std::string_view kind) const;

  Position resource(std::string_view api_version, std::string_view kind) const override;
  Position field(Position parent, std::string_view name) const override;
  Position elements(Position list) const override;
  bool merges(Position position) const override;
  bool replaces(Position position) const override;
  std::vector<std::string> merge_keys(Position position) const override;

 private:
  // A schema of an added document: a property, an item, a definition.
  struct Schema {
    bool is_list = false;
    std::string reference;  // the name of a definition
    std::map<std::string, Position, std::less<>> properties;
    Position additional = kUnknownSchema;
    Position items = kUnknownSchema;
    std::string strategy;
    std::vector<std::string> keys;
  };
  using Kind = std::pair<std::string, std::string>;  // apiVersion and kind

  Position add_schema(const document::Node& node);
  void add_resources(const document::Node& definition, Position position);
  void add_scopes(const document::Node& paths);
  const Schema* added(Position position) const;
  Position resolved(Position position) const;

  std::optional<Position> definition(const std::string& name) const;
  std::optional<Position> builtin_resource(std::string_view api_version, std::string_view kind) const;

  Builtin builtin_;
  std::vector<Schema> schemas_;
  std::map<std::string, Position, std::less<>> definitions_;
  std::map<Kind, Position> resources_;
  std::map<Kind, bool> namespaced_;
};

}  // namespace kfrun::kustomize
