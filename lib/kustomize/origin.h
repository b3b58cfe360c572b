// Where a resource or a transformer came from, as the annotations of `buildMetadata` tell it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::kustomize {

struct Origin {
  std::string path;  // of the file, from the folder the build started in or from the root of the repository
  std::string repo;
  std::string ref;
  // The file and the object that configured the generator or transformer.
  std::string configured_in;
  struct Configurer {
    std::string api_version;
    std::string kind;
    std::string name;
    std::string namespace_;
    bool operator==(const Configurer&) const = default;
  } configured_by;

  // This origin with `relative` joined to its path; that of a repository when `relative` is the URL of one.
  Origin below(std::string_view relative) const;
  bool operator==(const Origin&) const = default;
};

inline constexpr std::string_view kOriginAnnotation = "config.kubernetes.io/origin";
inline constexpr std::string_view kTransformationsAnnotation = "alpha.config.kubernetes.io/transformations";

// The annotations' texts: YAML with a final newline.
std::string origin_text(const Origin& origin);
std::string transformations_text(const std::vector<Origin>& origins);
// What such texts say.
Origin read_origin(const std::string& text);
std::vector<Origin> read_transformations(const std::string& text);

// The origin of what a plugin configuration generates or transforms: the file it stands in and its id.
Origin configured_by(const Origin& configuration_origin, const document::Node& configuration);

}  // namespace kfrun::kustomize
