// Manifests that a build will need are read and parsed by other threads while it goes on.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/files.h"
#include "kustomize/compat.h"
#include "kustomize/resource.h"

namespace kfrun::kustomize {

// To be used from one thread; the threads it starts end with it.
class ReadAhead {
 public:
  // `threads` besides the caller's; with none, everything is read when it is taken.
  ReadAhead(const FileSystem& files, unsigned threads, const Compat& compat)
      : files_(files), threads_(threads), compat_(compat) {}
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // A file will be taken once more. `file` is where it is, `path` how it is written and told in errors.
  void expect(const std::string& file, const std::string& path);
  // Its resources; waits for them, or reads them at once. Throws what reading and read_resource_file() throw.
  std::vector<Resource> take(const std::string& file, const std::string& path);

 private:
  struct Job {
    std::string file;
    std::string path;
    std::size_t uses = 0;
    bool is_claimed = false;
    bool is_done = false;
    std::vector<Resource> resources;
    std::exception_ptr fault;
  };

  static std::string key_of(const std::string& file, const std::string& path) { return file + '\n' + path; }
  void start_workers();
  void work();
  // Reads a claimed job; with the lock not held.
  void run(Job& job) const;

  const FileSystem& files_;
  const unsigned threads_;
  const Compat& compat_;
  std::unordered_map<std::string, std::unique_ptr<Job>> jobs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> waiting_;
  bool is_over_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace kfrun::kustomize
