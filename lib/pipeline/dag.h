// What every front end compiles to: a checked graph of tasks, printable, with nothing left that could turn out wrong before
// a pod runs. It is plain data, pure and serialisable: no cluster, no clock, no files.
//
// A Pipeline holds its dags side by side and tasks name their body by index, so that recursion and reuse are representable.
// Inside a task's own expressions (command, environment, pod overrides) only these names occur:
//   inputs.X              the value of input X (for an artifact: the path where its bytes are)
//   inputs.X.uri          its URI
//   inputs.X.record       with Protocol::kfp: {artifacts: [{name, type, uri, metadata}]} of an artifact, null where there is none
//   outputs.X             the path to write output X to
//   outputs.X.uri         where it will be kept
//   outputs.X.record      as inputs.X.record
//   task.results          with Protocol::kfp: the path to write the executor output to
//   run.id run.name run.namespace task.name task.path task.attempt task.index   facts about the instance
// In bindings, `when`, `depends`, loops and dag outputs, names are of the enclosing dag:
//   params.X              a parameter of the dag
//   tasks.T.outputs.O     of a task with a loop: the list of O over its instances in order, null where an instance has none
//   tasks.T.matrix.X      of a task with a loop: the list of axis X's value over its instances, in the same order
//   tasks.T.state         the word of its final state; "succeeded" when it was cached, too
//   tasks.T.exit_code     of its last attempt
//   tasks.T.reason        why it is in that state, for people
//   loop.X loop.index     in a looped task's bindings and `when`: axis X of the instance, and its number from 0
//   run.id run.name run.namespace
//   run.created           when it began (RFC 3339, UTC)
//   run.workspace         the folder that all its tasks share
//   task.name task.path   in bindings: of the instance that is bound
//   run.state             in `finals` only: what became of `tasks`: "succeeded", "failed" or "stopped"
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "document/node.h"
#include "pipeline/expression.h"

namespace kfrun::pipeline {

// `any` is a parameter whose type is not known before the run, such as one item of a list.
enum class TypeKind { string, integer, number, boolean, list, mapping, artifact, artifact_list, any };

struct Type {
  TypeKind kind = TypeKind::string;
  std::string artifact_type;  // of artifacts: a KFP schema title such as "system.Model", or ""
  bool operator==(const Type&) const = default;
  bool is_artifact() const { return kind == TypeKind::artifact || kind == TypeKind::artifact_list; }
};

std::string_view to_string(TypeKind kind);
std::optional<TypeKind> parse_type_kind(std::string_view word);

// A parameter of a dag. Without a default it must be given.
struct Parameter {
  std::string name;
  Type type;
  std::optional<Value> default_value;
  std::string description;
  std::vector<Value> allowed;  // `enum`; empty: any
  bool optional = false;       // may be absent (null)
  Place place;
};

// What an input of a task is bound to, in names of the enclosing dag.
struct Input {
  std::string name;
  Type type;
  Expression binding;
  bool optional = false;  // null or a skipped producer is handed on as null instead of omitting the task
  Place place;
  // As Kubeflow Pipelines hands values on: what the run brings must be of the type (a string takes the text of anything), a null
  // stands back behind the default or needs `optional`, and a skipped producer omits the task all the same.
  bool checked = false;
  std::optional<Value> default_value = {};
  std::vector<Value> allowed = {};  // empty: any
};

struct Output {
  std::string name;
  Type type;
  std::string file_name;  // the last part of its path; "" = its name
  std::string path;       // a fixed path inside the container where the task insists on one; "" = the launcher's choice
  std::optional<Value> default_value;  // used when the task succeeded without writing it
  Place place;
};

// When a task becomes ready, given the final states of the tasks it depends on.
enum class Trigger {
  all_succeeded,  // else it is omitted (native, KFP)
  all_finished,   // whatever became of them (finally, exit handlers, always: true)
  expression,     // `depends` expression over tasks.T.state (Argo); false: omitted
};

// How the container of a task hands its outputs over.
enum class Protocol {
  native,  // each in a file of its own
  kfp,     // also in one JSON file, the executor output of Kubeflow Pipelines, which wins; artifacts need not be written
};

enum class TaskKind { container, sub_dag, importer, apply, resource, suspend };
std::string_view to_string(TaskKind kind);

// Runs something in a container image, or as a process locally.
struct ContainerTemplate {
  Expression image;
  std::vector<Expression> command;  // the entrypoint; empty: the image's own
  std::vector<Expression> args;     // in both, a call of spread() gives any number of words
  std::vector<std::pair<std::string, Expression>> environment;
  std::string working_directory;
  std::optional<Expression> script;             // its text is staged as a file whose path is appended to the command
  std::map<std::string, std::string> requests;  // Kubernetes quantities by resource name
  std::map<std::string, std::string> limits;
};

// Fan-out of one task into instances task#0, task#1, ... in row-major order of the axes (the last axis varies fastest).
struct Loop {
  struct Axis {
    std::string name;
    Expression values;  // a list, or an integer N meaning 0..N-1
  };
  std::vector<Axis> axes;
  int max_parallel = 0;   // 0: no limit of its own
  bool fail_fast = true;  // a failed instance keeps further ones from starting
};

struct RetryPolicy {
  int limit = 0;  // retries after the first attempt, of failures that are the user's (infrastructure has a budget of its own)
  Duration backoff = std::chrono::seconds(0);
  double factor = 2;
  std::optional<Duration> max_backoff;
  std::optional<Expression> condition;  // ANDed; sees retry.exit_code, retry.attempt, retry.message
};

struct Task {
  std::string name;
  TaskKind kind = TaskKind::container;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<int> dependencies;  // indices into the same list (Dag::tasks, or Dag::finals for a final task), sorted
  Trigger trigger = Trigger::all_succeeded;
  std::optional<Expression> depends;    // with Trigger::expression
  std::optional<Expression> condition;  // `when`; false: skipped
  std::optional<Loop> loop;
  RetryPolicy retry;
  std::optional<Duration> timeout;  // of one attempt
  bool cache = true;
  std::string cache_key;  // "" = content hash of image, command and inputs
  bool once = false;      // never two attempts that may both have run
  // How long its node may be out of touch before it runs again on another, though the lost attempt may run on; absent: it waits
  // until the cluster knows what became of it.
  std::optional<Duration> node_loss_wait;
  bool ignore_failure = false;  // its failure does not fail the dag (continueOn)

  Protocol protocol = Protocol::native;
  ContainerTemplate container;  // kind container
  int body = -1;                // kind sub_dag: index into Pipeline::dags; its params are bound by `inputs` of the same names
  Expression importer_uri;      // kind importer
  std::optional<Expression> importer_metadata;  // kind importer: a mapping
  std::string overlay;                          // kind apply: the folder to build, relative to the pipeline file
  std::vector<std::pair<std::string, Expression>> overlay_images;  // kind apply: image name -> new image
  document::Node manifest;  // kind resource: what to create; its strings are templates (parse_template) in the task's own names
  bool removes = false;     // kind resource: the object that the manifest names is removed instead
  std::optional<Duration> pause;  // kind suspend: goes on by itself after that time; without it, when it is resumed
  document::Node pod;  // its strings are templates, too; merged (strategically) over the generated pod: metadata and spec
  Place place;
};

// A task's output or an expression that becomes an output of the dag.
struct DagOutput {
  std::string name;
  Type type;
  Expression value;
  Place place;
};

struct Dag {
  std::string name;
  std::vector<Parameter> params;
  std::vector<Task> tasks;   // in topological order
  std::vector<Task> finals;  // run after all of `tasks` ended, whatever their states
  std::vector<DagOutput> outputs;
  int max_parallel = 0;    // running container tasks at a time; 0: the executor's limit
  bool fail_fast = false;  // stop starting tasks after the first failure (the default runs what does not depend on it)
};

struct Pipeline {
  std::string name;
  std::string description;
  std::vector<Dag> dags;          // dags[0] is the root
  std::string source;             // the file it came from, for messages
  document::Node workspace = {};  // the spec of the claim that run.workspace is on, in a cluster; null: none is asked for
};

// The printed form: one line a task with its edges, inputs, loop and conditions; the language of tests and `compile -o text`.
std::string to_text(const Pipeline& pipeline);
std::string to_dot(const Pipeline& pipeline);
std::string to_mermaid(const Pipeline& pipeline);
// Complete and reversible; the plan that the run record keeps.
document::Node to_node(const Pipeline& pipeline);
// Throws Error(input) for what to_node() did not write.
Pipeline pipeline_from_node(const document::Node& node);

}  // namespace kfrun::pipeline
