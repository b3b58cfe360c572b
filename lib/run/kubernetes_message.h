// What the launcher of a finished pod tells (lib/launcher/message.h), from text to outputs. Pure.
#pragma once

#include <string>
#include <string_view>

#include "document/node.h"
#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

struct PodMessage {
  enum class Kind {
    absent,   // no message of the launcher
    corrupt,  // cut off or garbled
    failure,  // the launcher's own: `reason` and `text`
    logged,   // the outputs are the last line of the log, of `size` bytes: read_log_message()
    outputs,  // in `body`
  };
  Kind kind = Kind::absent;
  std::string reason;
  std::string text;
  document::Node body;
  long long size = 0;
};

// Of a container's termination message.
PodMessage read_termination_message(std::string_view text);
// Of the end of a log; absent when its last line is not the launcher's.
PodMessage read_log_message(std::string_view log);

// The outputs that the task declares, typed; defaults for those that were left unwritten. Throws Error(input) naming the output
// that is not as declared.
Values outputs_of_message(const pipeline::Task& task, const PodMessage& message);

// Takes the launcher's line out of a log that comes in pieces.
class LogFilter {
 public:
  // What of the bytes so far is known to be the command's own.
  std::string add(std::string_view bytes);
  // The rest, at the end of the log.
  std::string finish();

 private:
  std::string held_;         // the beginning of a line that may be the launcher's
  bool in_message_ = false;  // inside of its line
  bool at_start_ = true;     // of a line
};

}  // namespace kfrun::run
