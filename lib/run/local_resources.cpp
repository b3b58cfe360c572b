#include "run/local_resources.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "pipeline/declarations.h"

namespace kfrun::run {

namespace {

struct Suffix {
  std::string_view text;
  double factor;
};
constexpr std::array<Suffix, 6> kSuffixes{
    {{"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}}};

double quantity_of(const std::map<std::string, std::string>& quantities, const std::string& name) {
  const auto found = quantities.find(name);
  if (found == quantities.end()) return 0;
  return name == "cpu" ? parse_cores(found->second) : parse_bytes(found->second);
}

double cores_of_machine() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

// 0 where there is none.
double limit_in(const std::string& file) {
  try {
    return parse_bytes(std::string(trim(disk().read(file))));
  } catch (const Error&) {
    return 0;
  }
}

double memory_of_machine() {
  double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  for (const auto* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (const double limit = limit_in(file); limit > 0) memory = std::min(memory, limit);
  }
  return memory;
}

}  // namespace

double parse_cores(const std::string& quantity) {
  const double cores = pipeline::quantity_value(quantity).value_or(0);
  return cores < 1e5 ? cores : 0;  // "2Gi" is none
}

double parse_bytes(const std::string& quantity) { return pipeline::quantity_value(quantity).value_or(0); }

std::string bytes_to_text(double bytes) {
  for (auto suffix = kSuffixes.rbegin(); suffix != kSuffixes.rend(); ++suffix) {
    if (bytes >= suffix->factor) return fmt::format("{:.4g}{}", bytes / suffix->factor, suffix->text);
  }
  return fmt::format("{:.0f}", bytes);
}

Resources limits_of(const pipeline::ContainerTemplate& container) {
  return {quantity_of(container.limits, "cpu"), quantity_of(container.limits, "memory")};
}

Resources requested(const pipeline::ContainerTemplate& container) {
  const Resources limits = limits_of(container);
  const double cores = quantity_of(container.requests, "cpu");
  const double memory = quantity_of(container.requests, "memory");
  return {cores > 0 ? cores : limits.cores, memory > 0 ? memory : limits.memory};
}

Resources resources_of_machine() { return {cores_of_machine(), memory_of_machine()}; }

}  // namespace kfrun::run
