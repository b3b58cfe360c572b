#include "run/process_identity.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace kfrun::run {

namespace {

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "unknown";
}

// Numbers of processes mean something only within one boot and one pid namespace.
std::string world() {
  std::array<char, 64> name_space{};
  const auto size = ::readlink("/proc/self/ns/pid", name_space.data(), name_space.size());
  std::string boot;
  try {
    boot = disk().read("/proc/sys/kernel/random/boot_id");
  } catch (const Error&) {
    return {};
  }
  if (size <= 0) return {};
  return sha256_hex(boot + std::string(name_space.data(), static_cast<std::size_t>(size))).substr(0, 12);
}

// In clock ticks since the boot, "" when there is no such process.
std::string beginning_of(std::string_view process) {
  constexpr std::size_t kStartTime = 19;  // the 22nd field, of those behind the program's name in parentheses
  try {
    const std::string stat = disk().read(fmt::format("/proc/{}/stat", process));
    const auto fields = split(std::string_view(stat).substr(stat.rfind(')') + 2), ' ');
    return fields.size() > kStartTime && fields[0] != "Z" ? std::string(fields[kStartTime]) : std::string();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string process_identity() {
  const auto process = std::to_string(::getpid());
  return fmt::format("{}_{}_{}_{}", host_name(), process, beginning_of(process), world());
}

bool is_known_dead(std::string_view identity) {
  const auto parts = split(identity, '_');
  const std::string here = world();
  if (parts.size() < 4 || here.empty() || parts.back() != here) return false;
  const auto process = parts[parts.size() - 3];
  return beginning_of(process) != parts[parts.size() - 2];
}

}  // namespace kfrun::run
