#include "run/process_identity.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

namespace kfrun::run {

TEST_CASE("a process that has ended is known to be dead, others are not") {
  CHECK_FALSE(is_known_dead(process_identity()));
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto identity = process_identity();
    (void)!::write(pipe[1], identity.data(), identity.size());
    ::_exit(0);
  }
  char text[256];
  const auto size = ::read(pipe[0], text, sizeof text);
  REQUIRE(size > 0);
  const std::string identity(text, static_cast<std::size_t>(size));
  CHECK(::waitpid(child, nullptr, 0) == child);
  CHECK(is_known_dead(identity));
  CHECK_FALSE(is_known_dead(identity.substr(0, identity.size() - 1) + "x"));  // of another machine, perhaps
  CHECK_FALSE(is_known_dead(""));
  CHECK_FALSE(is_known_dead("somebody"));
}

}  // namespace kfrun::run
