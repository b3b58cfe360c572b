// Helm charts: the helm program renders them, and what it prints are resources. Only run when the user allows it (--enable-helm).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/kustomize.h"
#include "kustomize/loader.h"
#include "kustomize/resource.h"

namespace kfrun::kustomize {

// The configuration of kustomize's HelmChartInflationGenerator for one entry of `helmCharts`: its fields and those of
// `helmGlobals` that are set. `default_namespace` is the namespace of a chart that names none.
document::Node helm_configuration(const document::Node& globals, const document::Node& chart,
                                  const std::string& default_namespace);

// Checks a configuration (also one that `generators` names) and returns what renders the chart. The options' API versions and
// Kubernetes version hold for charts that name none. A chart that is not in its home is pulled into it. Throws Error in
// kustomize's words: "must specify --enable-helm", "chart name cannot be empty", "no repo specified for pull, no chart found at
// ''", and what helm prints when it fails. `loader` and `options` must outlive the result.
std::function<std::vector<Resource>()> configure_helm(const document::Node& configuration, const Loader& loader,
                                                      const BuildOptions& options);

}  // namespace kfrun::kustomize
