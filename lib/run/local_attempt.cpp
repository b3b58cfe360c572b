#include "run/local_attempt.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/files.h"
#include "base/text.h"
#include "run/local_files.h"
#include "run/local_kfp_outputs.h"
#include "run/local_orphans.h"
#include "run/long_arguments.h"
#include "run/output_value.h"
#include "run/task_scope.h"

namespace kfrun::run {

namespace {

constexpr std::size_t kMaxParameter = 16 << 20;  // of an output that is read as a value

// Written whole and closed before the command runs: no other process of ours can hold it open for writing.
void write_script(const std::string& path, std::string_view text) {
  write_file(path, text);
  ::chmod(path.c_str(), 0755);
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

// Whether something was made or removed in a folder since mark_untouched(). One call to the system, where looking into the
// folder takes five.
bool is_untouched(const std::string& folder) {
  struct stat status {};
  return ::stat(folder.c_str(), &status) == 0 && status.st_mtim.tv_sec == 0;
}

void mark_untouched(const std::string& folder) {
  const timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
  ::utimensat(AT_FDCWD, folder.c_str(), times, 0);
}

// Whether a file at a fixed path was written by the attempt, and is not one that was there before.
bool is_newer(const std::string& path, TimePoint began) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const auto changed = std::chrono::seconds(status.st_ctim.tv_sec) + std::chrono::nanoseconds(status.st_ctim.tv_nsec);
  // The kernel stamps files with the time of its last tick, up to 10 ms ago.
  return changed + std::chrono::milliseconds(20) >= began.time_since_epoch();
}

// Reading a named pipe would wait for ever.
void refuse_what_is_no_file(const pipeline::Output& output, const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return;
  throw input_error({}, "output {} is neither a file nor a folder: {}", output.name, path);
}

std::vector<std::string> words_of(const pipeline::ContainerTemplate& container, const std::string& script,
                                  const pipeline::Scope& scope) {
  auto words = evaluate_texts(container.command, scope);
  if (!script.empty()) words.push_back(script);
  if (words.empty()) {
    throw make_error(ErrorKind::input, "the task names no command")
        .hint("on this machine images are not used, so that their own entrypoint cannot be run: write a command");
  }
  const auto args = evaluate_texts(container.args, scope);
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

// A user that the task's pod asks for: numbers, or "" when it leaves that to the runner.
std::string user_of(const pipeline::Task& task) {
  const auto number = [](const document::Node* context, std::string_view key) {
    const auto* found = context ? context->find(key) : nullptr;
    const auto id = found ? found->as_integer() : std::nullopt;
    return id ? std::to_string(*id) : std::string();
  };
  const auto* pod = task.pod.find_path({"spec", "securityContext"});
  const auto* containers = task.pod.find_path({"spec", "containers"});
  const auto* own = containers && containers->is_sequence() && containers->size() > 0
                        ? containers->items().front().find("securityContext")
                        : nullptr;
  std::string user = number(own, "runAsUser"), group = number(own, "runAsGroup");
  if (user.empty()) user = number(pod, "runAsUser");
  if (group.empty()) group = number(pod, "runAsGroup");
  return user.empty() || group.empty() ? user : user + ":" + group;
}

}  // namespace

LocalAttempts::LocalAttempts(const RunContext& run, LocalLayout layout, std::string kfp_runtime, bool in_containers)
    : run_(run),
      layout_(std::move(layout)),
      in_containers_(in_containers),
      store_(layout_.store()),
      kfp_(std::move(kfp_runtime)) {}

void LocalAttempts::make_folder(const std::string& path) {
  if (!folders_.insert(path).second) return;
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) make_directories(path);
}

std::string LocalAttempts::take_scratch() {
  if (!free_scratch_.empty()) {
    std::string path = std::move(free_scratch_.back());
    free_scratch_.pop_back();
    return path;
  }
  const std::string all = layout_.scratch(run_.id);
  if (scratch_count_ == 0) {
    // Of a kfrun that was killed:
    if (disk().is_directory(all)) kill_orphans(run_.id, all);
    remove_tree(all);
    make_directories(all);
  }
  const std::string path = fmt::format("{}/{}", all, ++scratch_count_);
  if (::mkdir(path.c_str(), 0777) != 0) throw make_error(ErrorKind::failed, "create {}: {}", path, std::strerror(errno));
  mark_untouched(path);
  return path;
}

// A folder that belongs to this attempt alone, so that another kfrun finds there what its container writes.
std::string LocalAttempts::own_scratch(const std::string& container, bool adopted) {
  const std::string all = layout_.scratch(run_.id);
  if (scratch_count_++ == 0) {
    kill_engine_clients(all);
    make_directories(all);
  }
  const std::string path = all + "/" + container;
  if (!adopted) remove_tree(path);
  make_directories(path);
  return path;
}

LocalAttempt LocalAttempts::prepare(const Work& work, bool adopted) {
  LocalAttempt attempt;
  const bool is_kfp = work.task->protocol == pipeline::Protocol::kfp;
  attempt.log = layout_.log(run_.id, work.id);
  attempt.requests = requested(work.task->container);
  if (in_containers_) {
    attempt.container.emplace();
    attempt.container->name = layout_.container(run_.id, work.id);
    attempt.container->user = user_of(*work.task);
  }
  attempt.scratch = in_containers_ ? own_scratch(attempt.container->name, adopted) : take_scratch();
  std::set<std::string> inputs;
  const auto input = [&](const pipeline::Artifact& artifact) {
    return is_kfp ? kfp_path(artifact.uri) : *inputs.insert(input_path(artifact)).first;
  };
  const TaskPaths paths{
      input,
      [&](const pipeline::Output& output) { return output_path(output, attempt.scratch); },
      [&](const pipeline::Output& output) { return "file://" + output_path(output, attempt.scratch); },
      results_path(attempt.scratch),
  };
  if (is_kfp) {
    make_directories(directory_of(paths.results));
    make_folder(layout_.workspace(run_.id));
  }
  for (const auto& output : work.task->outputs) {
    const std::string folder = directory_of(found_path(output, attempt.scratch));
    make_directories(folder);
    if (in_containers_ && !attempt.container->user.empty()) ::chmod(folder.c_str(), 0777);
  }
  const auto scope = task_scope(work, run_, paths);
  std::string script;
  if (work.task->container.script) {
    script = attempt.scratch + "/script";
    if (!adopted || !exists(script)) {
      write_script(script, pipeline::to_text(pipeline::evaluate(*work.task->container.script, scope)));
    }
  }
  make_folder(directory_of(attempt.log));
  if (in_containers_) {
    set_container(work, script, scope, attempt);
    auto& readable = attempt.container->readable;
    readable.insert(readable.end(), inputs.begin(), inputs.end());
  } else {
    set_process(work, script, scope, attempt);
  }
  return attempt;
}

// The last one of a name counts.
std::vector<std::pair<std::string, std::string>> LocalAttempts::environment_of(const Work& work, const pipeline::Scope& scope,
                                                                               const LocalAttempt& attempt) const {
  std::vector<std::pair<std::string, std::string>> environment{{"TMPDIR", attempt.scratch}};
  for (const auto& [name, value] : work.task->container.environment) {
    environment.emplace_back(name, pipeline::to_text(pipeline::evaluate(value, scope)));
  }
  environment.emplace_back("KFRUN_RUN_ID", run_.id);
  environment.emplace_back("KFRUN_TASK", work.id.instance);
  environment.emplace_back("KFRUN_ATTEMPT", std::to_string(work.id.attempt));
  environment.emplace_back("KFRUN_SCRATCH", attempt.scratch);
  return environment;
}

void LocalAttempts::set_process(const Work& work, const std::string& script, const pipeline::Scope& scope,
                                LocalAttempt& attempt) {
  auto& process = attempt.process;
  process.command = words_of(work.task->container, script, scope);
  process.directory = join_path(run_.source_directory, work.task->container.working_directory);
  for (auto& [name, value] : environment_of(work, scope, attempt)) process.environment[name] = std::move(value);
  process.stdout_file = process.stderr_file = attempt.log;
  if (work.task->protocol == pipeline::Protocol::kfp) kfp_.prepare(process);
  shorten_arguments(process, attempt.scratch + "/arguments");
}

// What a task of Kubeflow Pipelines names in texts may be any artifact of the run.
void LocalAttempts::set_kfp_container(ContainerSpec& spec) {
  spec.writable.push_back(layout_.workspace(run_.id));
  make_directories(layout_.store());
  spec.readable = {layout_.store(), layout_.scratch(run_.id)};
  kfp_.prepare(spec);
}

void LocalAttempts::set_container(const Work& work, const std::string& script, const pipeline::Scope& scope,
                                  LocalAttempt& attempt) {
  const auto& container = work.task->container;
  auto& spec = *attempt.container;
  spec.image = pipeline::to_text(pipeline::evaluate(container.image, scope));
  if (spec.image.empty()) {
    throw make_error(ErrorKind::input, "the task names no image")
        .hint("in containers every task needs one: image:, or defaults: {image: ...}");
  }
  spec.command = evaluate_texts(container.command, scope);
  if (!script.empty()) spec.command.push_back(script);
  spec.args = evaluate_texts(container.args, scope);
  spec.environment = environment_of(work, scope, attempt);
  spec.labels = {{std::string(kContainerState), layout_.root},
                 {std::string(kContainerRun), run_.id},
                 {"kfrun.task", work.id.instance},
                 {"kfrun.attempt", std::to_string(work.id.attempt)}};
  spec.working_directory = container.working_directory;
  spec.writable = {attempt.scratch};
  const Resources limits = limits_of(container);
  spec.cores = std::min(limits.cores, resources_of_machine().cores);  // docker refuses more
  spec.memory = static_cast<long long>(limits.memory);
  for (const auto& output : work.task->outputs) {
    if (!output.path.empty()) attempt.copies.emplace_back(output.path, found_path(output, attempt.scratch));
  }
  if (!spec.user.empty()) ::chmod(attempt.scratch.c_str(), 0777);
  if (work.task->protocol == pipeline::Protocol::kfp) set_kfp_container(spec);
}

// Relative ones are of the folder of the pipeline file.
std::string LocalAttempts::input_path(const pipeline::Artifact& artifact) const {
  std::string path = path_of_uri(artifact.uri);
  if (path.empty() && artifact.uri.find("://") != std::string::npos) {
    throw make_error(ErrorKind::unsupported, "{} cannot be read on this machine", artifact.uri)
        .hint("fetch it with a task of its own that writes it as an artifact");
  }
  if (path.empty()) path = join_path(run_.source_directory, artifact.uri);
  if (!exists(path)) throw make_error(ErrorKind::not_found, "there is no artifact at {}", path);
  return path;
}

// Outputs that differ in their file names have folders of their own.
std::string LocalAttempts::output_path(const pipeline::Output& output, const std::string& scratch) const {
  if (!output.path.empty()) return in_containers_ ? output.path : join_path(run_.source_directory, output.path);
  if (output.file_name.empty() || output.file_name == output.name) return scratch + "/outputs/" + output.name;
  return scratch + "/outputs/" + output.name + ".d/" + output.file_name;
}

// As the backend mounts what is kept elsewhere; paths need not exist.
std::string LocalAttempts::kfp_path(const std::string& uri) const {
  constexpr std::string_view kMounts[] = {"gs", "s3", "minio"};
  const std::string path = path_of_uri(uri);
  if (!path.empty()) return path;
  const auto scheme = uri.find("://");
  if (scheme == std::string::npos) return join_path(run_.source_directory, uri);
  const std::string name = uri.substr(0, scheme), rest = uri.substr(scheme + 3);
  if (name == "oci") return "/oci/" + replace_all(rest, "/", "_") + "/models";
  if (std::find(std::begin(kMounts), std::end(kMounts), name) == std::end(kMounts)) return uri;
  return fmt::format("/{}/{}", name == "gs" ? "gcs" : name, rest);
}

std::string LocalAttempts::results_path(const std::string& scratch) { return scratch + "/results/executor_output.json"; }

Values LocalAttempts::collect_kfp(const Work& work, const LocalAttempt& attempt) {
  const KfpOutputPlaces places{
      attempt.scratch,
      results_path(attempt.scratch),
      [&](const pipeline::Output& output) { return output_path(output, attempt.scratch); },
      [&](const std::string& uri) { return is_foreign(uri) ? "" : kfp_path(uri); },
  };
  for (const auto& output : work.task->outputs) {
    const std::string path = output_path(output, attempt.scratch);
    if (in_containers_ && exists(path)) check_is_inside(output, path, attempt.scratch);
  }
  auto outputs = collect_kfp_outputs(work, places, store_);
  for (const auto& [name, value] : outputs) {
    const auto artifact = pipeline::as_artifact(value);
    if (artifact && !artifact->digest.empty()) link_artifact(work, name, path_of_uri(artifact->uri));
  }
  return outputs;
}

std::string LocalAttempts::found_path(const pipeline::Output& output, const std::string& scratch) const {
  if (!in_containers_ || output.path.empty()) return output_path(output, scratch);
  return fmt::format("{}/fixed/{}/{}", scratch, output.name, file_name_of(output.path));
}

Values LocalAttempts::collect(const Work& work, const LocalAttempt& attempt, TimePoint began) {
  if (work.task->protocol == pipeline::Protocol::kfp) return collect_kfp(work, attempt);
  Values outputs;
  for (const auto& output : work.task->outputs) {
    std::string path = found_path(output, attempt.scratch);
    const bool is_own = in_containers_ || output.path.empty();  // nobody else can have written there
    if (!(is_own ? exists(path) : is_newer(path, began))) {
      if (output.default_value) {
        outputs[output.name] = *output.default_value;
        continue;
      }
      throw input_error({}, "output {} was not written: there is nothing at {}", output.name,
                        output_path(output, attempt.scratch));
    }
    if (in_containers_) check_is_inside(output, path, attempt.scratch);
    refuse_what_is_no_file(output, path);
    if (output.type.is_artifact() && !is_own) path = keep_copy(path, attempt.scratch);
    if (output.type.kind == pipeline::TypeKind::artifact) {
      outputs[output.name] = collect_artifact(work, output, path);
    } else if (output.type.kind == pipeline::TypeKind::artifact_list) {
      outputs[output.name] = collect_artifact_list(work, output, path);
    } else {
      struct stat status {};
      if (::stat(path.c_str(), &status) == 0 && static_cast<std::size_t>(status.st_size) > kMaxParameter) {
        throw input_error({}, "output {} has {} bytes, more than a value may have", output.name, status.st_size)
            .hint("declare it as an artifact");
      }
      outputs[output.name] = parse_output(output, disk().read(path));
    }
  }
  return outputs;
}

// A link that a container leaves would be followed on this machine, where it leads elsewhere.
void LocalAttempts::check_is_inside(const pipeline::Output& output, const std::string& path, const std::string& scratch) const {
  const auto target = disk().resolve(path);
  for (const auto& folder : {scratch, layout_.store()}) {
    const auto resolved = disk().resolve(folder);
    if (target && resolved && target->starts_with(*resolved + "/")) return;
  }
  throw input_error({}, "output {} is a link to a place that is not among the task's outputs", output.name);
}

// What stands at a path that the task insists on may be the user's own: it stays, and a copy is kept.
std::string LocalAttempts::keep_copy(const std::string& path, const std::string& scratch) const {
  const std::string folder = scratch + "/outputs/copies";
  make_directories(folder);
  const std::string copy = folder + "/" + file_name_of(path);
  remove_tree(copy);
  copy_tree(path, copy);
  return copy;
}

Value LocalAttempts::collect_artifact(const Work& work, const pipeline::Output& output, const std::string& path) {
  const auto kept = store_.keep(path);
  link_artifact(work, output.name, path_of_uri(kept.uri));
  return pipeline::make_artifact({kept.uri, output.type.artifact_type, kept.digest, {}});
}

// The entries of the folder that was written, by name.
Value LocalAttempts::collect_artifact_list(const Work& work, const pipeline::Output& output, const std::string& path) {
  Value list = Value::sequence();
  for (const auto& name : disk().list(path)) {
    const auto kept = store_.keep(path + "/" + name);
    link_artifact(work, output.name + "." + std::to_string(list.size()), path_of_uri(kept.uri));
    list.push_back(pipeline::make_artifact({kept.uri, output.type.artifact_type, kept.digest, {}}));
  }
  return list;
}

// For people who look for what a run made. A link that cannot be made is no failure of the task.
void LocalAttempts::link_artifact(const Work& work, const std::string& name, const std::string& target) {
  const std::string folder = layout_.artifacts(run_.id, work.id.instance);
  make_folder(folder);
  const std::string link = folder + "/" + name;
  ::unlink(link.c_str());
  if (::symlink(target.c_str(), link.c_str()) != 0) return;
}

void LocalAttempts::link_artifacts(const Work& work, const Values& outputs) {
  const auto link = [&](const std::string& name, const Value& value) {
    const auto artifact = pipeline::as_artifact(value);
    if (const auto path = artifact ? path_of_uri(artifact->uri) : std::string(); !path.empty()) link_artifact(work, name, path);
  };
  for (const auto& [name, value] : outputs) {
    link(name, value);
    if (!value.is_sequence()) continue;
    for (std::size_t i = 0; i < value.size(); ++i) link(name + "." + std::to_string(i), value.items()[i]);
  }
}

void LocalAttempts::release(const LocalAttempt& attempt) {
  if (is_untouched(attempt.scratch)) free_scratch_.push_back(attempt.scratch);
}

void LocalAttempts::remove_scratch() { remove_tree(layout_.scratch(run_.id)); }

}  // namespace kfrun::run
