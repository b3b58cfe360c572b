// Outputs of earlier attempts by content: the same image, command, inputs and declared outputs give the same key.
#pragma once

#include <optional>
#include <string>

#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

// SHA-256 in hex over a canonical JSON of all that decides a task's outputs; artifacts count by digest (by URI when unknown).
// For local runs `source_digests` of files the command names are part of it, so that an edited script runs again.
std::string cache_key(const pipeline::Task& task, const Values& inputs);

class Cache {
 public:
  virtual ~Cache() = default;
  // The outputs kept under `key`; nothing when there are none or an artifact among them is gone.
  virtual std::optional<Values> find(const std::string& key) = 0;
  virtual void keep(const std::string& key, const Values& outputs) = 0;
};

// Keeps nothing.
class NoCache : public Cache {
 public:
  std::optional<Values> find(const std::string&) override { return std::nullopt; }
  void keep(const std::string&, const Values&) override {}
};

}  // namespace kfrun::run
