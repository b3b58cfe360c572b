#include "run/local_kfp_outputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace kfrun::run {

namespace {

constexpr std::size_t kMaxParameter = 16 << 20;

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

class Collector {
 public:
  Collector(const Work& work, const KfpOutputPlaces& places, ArtifactStore& store) : work_(work), places_(places), store_(store) {
    if (exists(places.results)) given_ = read_executor_output(read(places.results, "the executor output"));
  }

  Values collect() {
    Values values;
    for (const auto& output : work_.task->outputs) {
      values[output.name] = output.type.is_artifact() ? artifacts(output) : parameter(output);
    }
    return values;
  }

 private:
  static std::string read(const std::string& path, const std::string& what) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && static_cast<std::size_t>(status.st_size) > kMaxParameter) {
      throw input_error({}, "{} has {} bytes, more than a value may have", what, status.st_size)
          .hint("declare it as an artifact");
    }
    return disk().read(path);
  }

  Value parameter(const pipeline::Output& output) const {
    if (const auto found = given_.parameters.find(output.name); found != given_.parameters.end()) return found->second;
    const std::string path = places_.path(output);
    if (exists(path)) return parse_kfp_output(output, read(path, "output " + output.name));
    throw input_error({}, "output {} was not written: there is nothing at {}, nor in the executor output", output.name, path);
  }

  Value artifacts(const pipeline::Output& output) {
    const auto found = given_.artifacts.find(output.name);
    const bool is_list = output.type.kind == pipeline::TypeKind::artifact_list;
    if (!is_list) {
      const bool is_given = found != given_.artifacts.end() && !found->second.empty();
      return artifact(output, is_given ? found->second.front() : ExecutorOutput::Artifact{});
    }
    Value list = Value::sequence();
    if (found == given_.artifacts.end()) return list;
    for (const auto& one : found->second) list.push_back(artifact(output, one));
    return list;
  }

  Value artifact(const pipeline::Output& output, const ExecutorOutput::Artifact& given) {
    const std::string told = places_.path(output);
    pipeline::Artifact made{given.uri, output.type.artifact_type, "", given.metadata, output.name};
    std::string path = given.custom_path;
    if (path.empty()) path = given.uri.empty() ? told : places_.path_of(given.uri);
    if (path.empty()) return pipeline::make_artifact(made);  // elsewhere
    if (!exists(path)) {
      // Metrics and the like have metadata alone.
      made.uri = unwritten_uri(output);
    } else if (path.starts_with(places_.scratch + "/") && ::access(path.c_str(), F_OK) == 0) {
      const auto kept = store_.keep(path);
      made.uri = kept.uri;
      made.digest = kept.digest;
      if (::symlink(path_of_uri(kept.uri).c_str(), path.c_str()) != 0) return pipeline::make_artifact(made);
    } else {
      made.uri = path;
    }
    return pipeline::make_artifact(made);
  }

  const Work& work_;
  const KfpOutputPlaces& places_;
  ArtifactStore& store_;
  ExecutorOutput given_;
};

}  // namespace

Values collect_kfp_outputs(const Work& work, const KfpOutputPlaces& places, ArtifactStore& store) {
  return Collector(work, places, store).collect();
}

}  // namespace kfrun::run
