// What the command line said, as plain data: app.cpp fills it in, each verb reads its own.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "cli/completion.h"
#include "kube/config.h"
#include "kustomize/edit/edit.h"

namespace kfrun::cli {

// The cluster flags, as kubectl names them.
struct ClusterFlags {
  kube::ConfigOverrides config;
  bool local = false;  // --local: this machine instead of a cluster

  // Whether a cluster was named, or a namespace of it: then runs of this machine are not meant.
  bool names_cluster() const {
    return !local &&
           !(config.kubeconfig + config.context + config.cluster + config.user + config.name_space + config.server).empty();
  }
};

enum class ProgressMode { automatic, tty, plain, json, quiet };
enum class OutputFormat { table, wide, json, yaml, name };

struct BuildFlags {
  std::string directory = ".";
  std::string output;  // -o: a file, or a folder that gets a file per resource
  std::string load_restrictor = "LoadRestrictionsRootOnly";
  std::string reorder;  // "", "none", "legacy"
  std::string compat;   // a release of kustomize
  std::string explain;  // a field whose making is shown instead of the manifests
  bool enable_helm = false;
  std::string helm_command = "helm";
  std::vector<std::string> helm_api_versions;
  std::string helm_kube_version;
  bool helm_debug = false;
  bool enable_alpha_plugins = false;
  bool enable_exec = false;
  bool enable_managed_by_label = false;
  bool enable_star = false;
  bool network = false;
  std::string network_name = "bridge";
  std::vector<std::string> mounts;
  std::vector<std::string> environment;
  bool as_current_user = false;
};

// `edit OPERATION [SUBJECT] [WORD...]`; each subject looks at its own flags.
struct EditFlags {
  std::string operation;  // set, add, remove, fix
  std::string subject;    // image, resource, ...
  std::vector<std::string> words;
  kustomize::PatchRequest patch;
  kustomize::MapRequest map;
  kustomize::LabelOptions labels;
  bool no_verify = false;
  bool vars = false;
  bool ignore_missing = false;
};

struct CreateFlags {
  std::string resources;  // separated by commas, as the pairs are
  std::string name_space;
  std::string name_prefix;
  std::string name_suffix;
  std::string labels;
  std::string annotations;
  bool autodetect = false;
  bool recursive = false;
};

struct SubmitFlags {
  ClusterFlags cluster;
  std::string file;
  std::vector<std::string> parameters;  // -p name=value
  std::string parameter_file;           // -P
  std::string name;                     // instead of the pipeline's name
  std::string id;                       // "": a new one
  std::string kfp_runtime;              // a wheel or folder of the KFP SDK
  ProgressMode progress = ProgressMode::automatic;
  OutputFormat output = OutputFormat::table;
  bool dry_run = false;
  bool no_cache = false;
  int parallel = 0;
  std::string runner;            // "": KFRUN_RUNNER, else process
  std::string runner_arguments;  // separated by blanks; "": KFRUN_RUNNER_ARGS
  std::optional<Duration> timeout;
  std::optional<Duration> unschedulable_timeout;
};

struct CompileFlags {
  std::string file;
  std::string format = "text";  // text, dot, mermaid, json
  bool cluster = false;         // also check what a cluster asks for
};

struct LintFlags {
  std::vector<std::string> files;
  OutputFormat output = OutputFormat::table;
  bool cluster = false;  // also check what a cluster asks for
};

struct RunsFlags {
  ClusterFlags cluster;
  OutputFormat output = OutputFormat::table;
};

struct GetFlags {
  ClusterFlags cluster;
  std::string run;
  OutputFormat output = OutputFormat::table;
};

struct LogsFlags {
  ClusterFlags cluster;
  std::string run;
  std::string task;  // "": all
  bool follow = false;
  int tail = -1;  // lines; -1: all
};

struct WaitFlags {
  ClusterFlags cluster;
  std::string run;
  std::optional<Duration> timeout;
  bool follow = false;  // show its progress
};

struct ResumeFlags {
  ClusterFlags cluster;
  std::string run;
  bool retry = false;  // the verb is `retry`
  ProgressMode progress = ProgressMode::automatic;
  OutputFormat output = OutputFormat::table;
  std::optional<Duration> timeout;
  std::optional<Duration> unschedulable_timeout;
};

struct SuspendFlags {
  ClusterFlags cluster;
  std::string run;
  std::string message = "by the user";
};

struct GcFlags {
  ClusterFlags cluster;
  bool dry_run = false;
  std::optional<Duration> older_than;  // also runs that ended longer ago
};

struct StopFlags {
  ClusterFlags cluster;
  std::string run;
  std::string message = "stopped by the user";
  bool wait = false;
};

struct DeleteFlags {
  ClusterFlags cluster;
  std::vector<std::string> runs;
  bool force = false;
};

struct VersionFlags {
  OutputFormat output = OutputFormat::table;
};

struct CompletionFlags {
  std::string shell;             // bash, zsh, fish
  std::vector<VerbWords> verbs;  // the whole command line
};

// Parsing itself decided the outcome: help was printed, or the words were wrong.
struct Finished {
  int exit_code = 0;
};

using Flags =
    std::variant<Finished, BuildFlags, EditFlags, CreateFlags, SubmitFlags, CompileFlags, LintFlags, RunsFlags, GetFlags,
                 LogsFlags, WaitFlags, ResumeFlags, SuspendFlags, GcFlags, StopFlags, DeleteFlags, CompletionFlags, VersionFlags>;

}  // namespace kfrun::cli
