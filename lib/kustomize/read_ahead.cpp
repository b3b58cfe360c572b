#include "kustomize/read_ahead.h"

#include <system_error>

#include "kustomize/resource_reader.h"

namespace kfrun::kustomize {

namespace {

// Fewer files than this are not worth a thread.
constexpr std::size_t kWorthwhile = 6;

}  // namespace

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ReadAhead::expect(const std::string& file, const std::string& path) {
  if (threads_ == 0) return;
  auto& job = jobs_[key_of(file, path)];
  if (!job) {
    job = std::make_unique<Job>();
    job->file = file;
    job->path = path;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(job.get());
    }
    if (workers_.empty() && jobs_.size() >= kWorthwhile) start_workers();
    changed_.notify_one();
  }
  ++job->uses;
}

void ReadAhead::start_workers() {
  try {
    for (unsigned i = 0; i < threads_; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // As many as the system allows, or none: what is not read ahead is read when it is taken.
  }
}

std::vector<Resource> ReadAhead::take(const std::string& file, const std::string& path) {
  const auto found = jobs_.find(key_of(file, path));
  if (found == jobs_.end() || found->second->uses == 0) return read_resource_file(files_.read(file), path, file, compat_);
  Job& job = *found->second;
  std::unique_lock lock(mutex_);
  if (!job.is_claimed) {
    job.is_claimed = true;
    lock.unlock();
    run(job);
    lock.lock();
    job.is_done = true;
  }
  changed_.wait(lock, [&] { return job.is_done; });
  if (job.fault) std::rethrow_exception(job.fault);
  return --job.uses > 0 ? job.resources : std::move(job.resources);
}

void ReadAhead::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_over_ || !waiting_.empty(); });
    if (is_over_) return;
    Job& job = *waiting_.front();
    waiting_.pop_front();
    if (job.is_claimed) continue;
    job.is_claimed = true;
    lock.unlock();
    run(job);
    lock.lock();
    job.is_done = true;
    changed_.notify_all();
  }
}

void ReadAhead::run(Job& job) const {
  try {
    job.resources = read_resource_file(files_.read(job.file), job.path, job.file, compat_);
  } catch (...) {
    job.fault = std::current_exception();
  }
}

}  // namespace kfrun::kustomize
