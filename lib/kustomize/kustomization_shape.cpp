#include "kustomize/kustomization_shape.h"

namespace kfrun::kustomize {

namespace {

using Kind = JsonShape::Kind;

constexpr JsonShape kText{Kind::text, "string", {}, nullptr, {}};
constexpr JsonShape kBoolean{Kind::boolean, "bool", {}, nullptr, {}};
constexpr JsonShape kInt{Kind::integer, "int", {}, nullptr, {}};
constexpr JsonShape kInt64{Kind::integer, "int64", {}, nullptr, {}};
constexpr JsonShape kAny{Kind::any, "interface {}", {}, nullptr, {}};
constexpr JsonShape kTexts{Kind::list, "[]string", {}, &kText, {}};
constexpr JsonShape kTextMap{Kind::map, "map[string]string", {}, &kText, {}};
constexpr JsonShape kAnyMap{Kind::map, "map[string]interface {}", {}, &kAny, {}};
constexpr JsonShape kPatchText{Kind::text, "types.PatchStrategicMerge", {}, nullptr, {}};
constexpr JsonShape kPatchTexts{Kind::list, "[]types.PatchStrategicMerge", {}, &kPatchText, {}};

constexpr JsonField kObjectMetaFields[] = {
    {"name", &kText}, {"namespace", &kText}, {"labels", &kTextMap}, {"annotations", &kTextMap}};
constexpr JsonShape kObjectMeta{Kind::object, "types.ObjectMeta", "ObjectMeta", nullptr, kObjectMetaFields};

constexpr JsonField kFieldSpecFields[] = {
    {"group", &kText, "Gvk."}, {"version", &kText, "Gvk."}, {"kind", &kText, "Gvk."}, {"path", &kText}, {"create", &kBoolean}};
constexpr JsonShape kFieldSpec{Kind::object, "types.FieldSpec", "FieldSpec", nullptr, kFieldSpecFields};
constexpr JsonShape kFieldSpecs{Kind::list, "[]types.FieldSpec", {}, &kFieldSpec, {}};

constexpr JsonField kLabelFields[] = {{"pairs", &kTextMap},
                                      {"includeSelectors", &kBoolean},
                                      {"includeTemplates", &kBoolean},
                                      {"includeVolumeClaimTemplates", &kBoolean},
                                      {"fields", &kFieldSpecs}};
constexpr JsonShape kLabel{Kind::object, "types.Label", "Label", nullptr, kLabelFields};
constexpr JsonShape kLabels{Kind::list, "[]types.Label", {}, &kLabel, {}};

constexpr JsonField kSelectorFields[] = {{"group", &kText, "ResId.Gvk."}, {"version", &kText, "ResId.Gvk."},
                                         {"kind", &kText, "ResId.Gvk."},  {"name", &kText, "ResId."},
                                         {"namespace", &kText, "ResId."}, {"annotationSelector", &kText},
                                         {"labelSelector", &kText}};
constexpr JsonShape kSelector{Kind::object, "types.Selector", "Selector", nullptr, kSelectorFields};
constexpr JsonShape kSelectors{Kind::list, "[]*types.Selector", {}, &kSelector, {}};

constexpr JsonField kPatchArgsFields[] = {{"allowNameChange", &kBoolean}, {"allowKindChange", &kBoolean}};
constexpr JsonShape kPatchArgs{Kind::object, "types.PatchArgs", "PatchArgs", nullptr, kPatchArgsFields};
constexpr JsonField kPatchFields[] = {{"path", &kText}, {"patch", &kText}, {"target", &kSelector}, {"options", &kPatchArgs}};
constexpr JsonShape kPatch{Kind::object, "types.Patch", "Patch", nullptr, kPatchFields};
constexpr JsonShape kPatches{Kind::list, "[]types.Patch", {}, &kPatch, {}};

constexpr JsonField kImageFields[] = {
    {"name", &kText}, {"newName", &kText}, {"tagSuffix", &kText}, {"newTag", &kText}, {"digest", &kText}};
constexpr JsonShape kImage{Kind::object, "types.Image", "Image", nullptr, kImageFields};
constexpr JsonShape kImages{Kind::list, "[]types.Image", {}, &kImage, {}};

constexpr JsonField kFieldOptionsFields[] = {
    {"delimiter", &kText}, {"index", &kInt}, {"encoding", &kText}, {"create", &kBoolean}};
constexpr JsonShape kFieldOptions{Kind::object, "types.FieldOptions", "FieldOptions", nullptr, kFieldOptionsFields};
constexpr JsonField kSourceFields[] = {{"group", &kText, "ResId.Gvk."}, {"version", &kText, "ResId.Gvk."},
                                       {"kind", &kText, "ResId.Gvk."},  {"name", &kText, "ResId."},
                                       {"namespace", &kText, "ResId."}, {"fieldPath", &kText},
                                       {"options", &kFieldOptions}};
constexpr JsonShape kSource{Kind::object, "types.SourceSelector", "SourceSelector", nullptr, kSourceFields};
constexpr JsonField kTargetFields[] = {
    {"select", &kSelector}, {"reject", &kSelectors}, {"fieldPaths", &kTexts}, {"options", &kFieldOptions}};
constexpr JsonShape kTarget{Kind::object, "types.TargetSelector", "TargetSelector", nullptr, kTargetFields};
constexpr JsonShape kTargets{Kind::list, "[]*types.TargetSelector", {}, &kTarget, {}};
constexpr JsonField kReplacementFields[] = {{"source", &kSource, "Replacement."},
                                            {"targets", &kTargets, "Replacement."},
                                            {"sourceValue", &kText, "Replacement."},
                                            {"path", &kText}};
constexpr JsonShape kReplacement{Kind::object, "types.ReplacementField", "ReplacementField", nullptr, kReplacementFields};
constexpr JsonShape kReplacements{Kind::list, "[]types.ReplacementField", {}, &kReplacement, {}};

constexpr JsonField kReplicaFields[] = {{"name", &kText}, {"count", &kInt64}};
constexpr JsonShape kReplica{Kind::object, "types.Replica", "Replica", nullptr, kReplicaFields};
constexpr JsonShape kReplicas{Kind::list, "[]types.Replica", {}, &kReplica, {}};

constexpr JsonField kVarTargetFields[] = {{"apiVersion", &kText},   {"group", &kText, "Gvk."}, {"version", &kText, "Gvk."},
                                          {"kind", &kText, "Gvk."}, {"name", &kText},          {"namespace", &kText}};
constexpr JsonShape kVarTarget{Kind::object, "types.Target", "Target", nullptr, kVarTargetFields};
constexpr JsonField kFieldSelectorFields[] = {{"fieldPath", &kText}};
constexpr JsonShape kFieldSelector{Kind::object, "types.FieldSelector", "FieldSelector", nullptr, kFieldSelectorFields};
constexpr JsonField kVarFields[] = {{"name", &kText}, {"objref", &kVarTarget}, {"fieldref", &kFieldSelector}};
constexpr JsonShape kVar{Kind::object, "types.Var", "Var", nullptr, kVarFields};
constexpr JsonShape kVars{Kind::list, "[]types.Var", {}, &kVar, {}};

constexpr JsonField kLegacySortFields[] = {{"orderFirst", &kTexts}, {"orderLast", &kTexts}};
constexpr JsonShape kLegacySort{Kind::object, "types.LegacySortOptions", "LegacySortOptions", nullptr, kLegacySortFields};
constexpr JsonShape kSortOrder{Kind::text, "types.SortOrder", {}, nullptr, {}};
constexpr JsonField kSortFields[] = {{"order", &kSortOrder}, {"legacySortOptions", &kLegacySort}};
constexpr JsonShape kSort{Kind::object, "types.SortOptions", "SortOptions", nullptr, kSortFields};

constexpr JsonField kGeneratorOptionsFields[] = {
    {"labels", &kTextMap}, {"annotations", &kTextMap}, {"disableNameSuffixHash", &kBoolean}, {"immutable", &kBoolean}};
constexpr JsonShape kGeneratorOptions{Kind::object, "types.GeneratorOptions", "GeneratorOptions", nullptr,
                                      kGeneratorOptionsFields};

constexpr JsonField kConfigMapFields[] = {{"namespace", &kText, "GeneratorArgs."},
                                          {"name", &kText, "GeneratorArgs."},
                                          {"behavior", &kText, "GeneratorArgs."},
                                          {"literals", &kTexts, "GeneratorArgs.KvPairSources."},
                                          {"files", &kTexts, "GeneratorArgs.KvPairSources."},
                                          {"envs", &kTexts, "GeneratorArgs.KvPairSources."},
                                          {"env", &kText, "GeneratorArgs.KvPairSources."},
                                          {"options", &kGeneratorOptions, "GeneratorArgs."}};
constexpr JsonShape kConfigMap{Kind::object, "types.ConfigMapArgs", "ConfigMapArgs", nullptr, kConfigMapFields};
constexpr JsonShape kConfigMaps{Kind::list, "[]types.ConfigMapArgs", {}, &kConfigMap, {}};
constexpr JsonField kSecretFields[] = {{"namespace", &kText, "GeneratorArgs."},
                                       {"name", &kText, "GeneratorArgs."},
                                       {"behavior", &kText, "GeneratorArgs."},
                                       {"literals", &kTexts, "GeneratorArgs.KvPairSources."},
                                       {"files", &kTexts, "GeneratorArgs.KvPairSources."},
                                       {"envs", &kTexts, "GeneratorArgs.KvPairSources."},
                                       {"env", &kText, "GeneratorArgs.KvPairSources."},
                                       {"options", &kGeneratorOptions, "GeneratorArgs."},
                                       {"type", &kText}};
constexpr JsonShape kSecret{Kind::object, "types.SecretArgs", "SecretArgs", nullptr, kSecretFields};
constexpr JsonShape kSecrets{Kind::list, "[]types.SecretArgs", {}, &kSecret, {}};

constexpr JsonField kHelmGlobalsFields[] = {{"chartHome", &kText}, {"configHome", &kText}};
constexpr JsonShape kHelmGlobals{Kind::object, "types.HelmGlobals", "HelmGlobals", nullptr, kHelmGlobalsFields};
constexpr JsonField kHelmChartFields[] = {
    {"name", &kText},           {"version", &kText},        {"repo", &kText},
    {"releaseName", &kText},    {"namespace", &kText},      {"additionalValuesFiles", &kTexts},
    {"valuesFile", &kText},     {"valuesInline", &kAnyMap}, {"valuesMerge", &kText},
    {"includeCRDs", &kBoolean}, {"skipHooks", &kBoolean},   {"apiVersions", &kTexts},
    {"kubeVersion", &kText},    {"nameTemplate", &kText},   {"skipTests", &kBoolean},
    {"debug", &kBoolean},       {"devel", &kBoolean}};
constexpr JsonShape kHelmChart{Kind::object, "types.HelmChart", "HelmChart", nullptr, kHelmChartFields};
constexpr JsonShape kHelmCharts{Kind::list, "[]types.HelmChart", {}, &kHelmChart, {}};
constexpr JsonField kHelmChartArgsFields[] = {{"chartName", &kText},   {"chartVersion", &kText},  {"chartRepoUrl", &kText},
                                              {"chartHome", &kText},   {"chartRepoName", &kText}, {"helmBin", &kText},
                                              {"helmHome", &kText},    {"values", &kText},        {"valuesLocal", &kAnyMap},
                                              {"valuesMerge", &kText}, {"releaseName", &kText},   {"releaseNamespace", &kText},
                                              {"extraArgs", &kTexts}};
constexpr JsonShape kHelmChartArgs{Kind::object, "types.HelmChartArgs", "HelmChartArgs", nullptr, kHelmChartArgsFields};
constexpr JsonShape kHelmChartArgsList{Kind::list, "[]types.HelmChartArgs", {}, &kHelmChartArgs, {}};

constexpr JsonField kKustomizationFields[] = {{"kind", &kText, "TypeMeta."},
                                              {"apiVersion", &kText, "TypeMeta."},
                                              {"metadata", &kObjectMeta},
                                              {"openapi", &kTextMap},
                                              {"namePrefix", &kText},
                                              {"nameSuffix", &kText},
                                              {"namespace", &kText},
                                              {"commonLabels", &kTextMap},
                                              {"labels", &kLabels},
                                              {"commonAnnotations", &kTextMap},
                                              {"patchesStrategicMerge", &kPatchTexts},
                                              {"patchesJson6902", &kPatches},
                                              {"patches", &kPatches},
                                              {"images", &kImages},
                                              {"imageTags", &kImages},
                                              {"replacements", &kReplacements},
                                              {"replicas", &kReplicas},
                                              {"vars", &kVars},
                                              {"sortOptions", &kSort},
                                              {"resources", &kTexts},
                                              {"components", &kTexts},
                                              {"crds", &kTexts},
                                              {"bases", &kTexts},
                                              {"configMapGenerator", &kConfigMaps},
                                              {"secretGenerator", &kSecrets},
                                              {"helmGlobals", &kHelmGlobals},
                                              {"helmCharts", &kHelmCharts},
                                              {"helmChartInflationGenerator", &kHelmChartArgsList},
                                              {"generatorOptions", &kGeneratorOptions},
                                              {"configurations", &kTexts},
                                              {"generators", &kTexts},
                                              {"transformers", &kTexts},
                                              {"validators", &kTexts},
                                              {"buildMetadata", &kTexts}};
constexpr JsonShape kKustomization{Kind::object, "types.Kustomization", "Kustomization", nullptr, kKustomizationFields};

}  // namespace

const JsonShape& kustomization_shape() { return kKustomization; }

}  // namespace kfrun::kustomize
