// The exit codes of the README's table.
#pragma once

#include "base/error.h"

namespace kfrun::cli {

enum ExitCode : int {
  kDone = 0,
  kWorkFailed = 1,  // the run, build or apply failed; for `diff`: there are differences
  kUsage = 2,       // bad usage or bad input
  kDenied = 4,
  kUnreachable = 5,
  kInternal = 70,
  kTimedOut = 124,
  kInterrupted = 130,
};

inline int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::input:
    case ErrorKind::not_found:
    case ErrorKind::unsupported:
      return kUsage;
    case ErrorKind::conflict:
    case ErrorKind::failed:
      return kWorkFailed;
    case ErrorKind::denied:
      return kDenied;
    case ErrorKind::unreachable:
      return kUnreachable;
    case ErrorKind::timed_out:
      return kTimedOut;
    case ErrorKind::internal:
      return kInternal;
  }
  return kInternal;
}

}  // namespace kfrun::cli
