#include "kustomize/shared_values.h"

#include "base/test.h"
#include "document/merge.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/schema.h"
#include "kustomize/transform_metadata.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

TEST_CASE("a patch of one place of a shared label changes all of them; a copy is on its own") {
  // kustomize 5.8.2: the same overlay.
  Node object =
      document::read_yaml("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1}\n", "r").at(0);
  LabelSet labels{{{"app", "foo"}}, true, false, false, {}};
  transform_labels(object, labels.pairs, label_fields(labels, default_transformer_config()));
  Node copy = object;
  clear_shared(copy);
  Node patch = document::read_yaml("apiVersion: apps/v1\nkind: Deployment\nmetadata: {labels: {app: bar}}\n", "p").at(0);
  for (Node* node : {&object, &copy}) {
    document::merge_strategic(*node, patch, OpenApiSchema());
    sync_shared(*node);
  }
  CHECK(object.find_path({"spec", "selector", "matchLabels", "app"})->text() == "bar");
  CHECK(object.find_path({"spec", "template", "metadata", "labels", "app"})->text() == "bar");
  CHECK(copy.find_path({"metadata", "labels", "app"})->text() == "bar");
  CHECK(copy.find_path({"spec", "selector", "matchLabels", "app"})->text() == "foo");
}
