// How the launcher itself ends, as opposed to the command it runs. The command's own exit code is passed on unchanged, so one of
// these alone proves nothing: a failure of the launcher also carries a message (message.h) that says so.
#pragma once

namespace kfrun::launcher {

inline constexpr int kBadPlan = 64;          // the plan cannot be read or carried out: a bug, or a hand-made pod
inline constexpr int kCannotStart = 65;      // the command is not there or cannot be executed
inline constexpr int kInputMissing = 66;     // an artifact that the task reads is not in the store
inline constexpr int kOutputMissing = 67;    // the command ended well without having written an output, or it is no UTF-8 text
inline constexpr int kStoreFailed = 68;      // an output could not be kept: no space, no right
inline constexpr int kOutputsTooLarge = 69;  // parameters are longer than a record can hold

}  // namespace kfrun::launcher
