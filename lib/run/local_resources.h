// What attempts of one machine share: its cores and its memory, by what tasks request.
#pragma once

#include <string>

#include "pipeline/dag.h"

namespace kfrun::run {

// Kubernetes' quantity of CPU, "500m" or "1.5", in cores; 0 for what is none.
double parse_cores(const std::string& quantity);
// Its quantity of memory, "512Mi", "2G" or "1e9", in bytes; 0 for what is none.
double parse_bytes(const std::string& quantity);
// For people: "512Mi", "1.5Gi".
std::string bytes_to_text(double bytes);

struct Resources {
  double cores = 0;
  double memory = 0;  // bytes
};

// Requests, or where there is none, the limit, as Kubernetes has it; 0 where the task states neither.
Resources requested(const pipeline::ContainerTemplate& container);
Resources limits_of(const pipeline::ContainerTemplate& container);
// All that this process may use: cores of its affinity, memory of the machine or of its cgroup.
Resources resources_of_machine();

}  // namespace kfrun::run
