// What a finished pod tells: a line "kfrun1 <bytes> <CRC-32 in 8 hex digits>" and that many bytes of JSON, so that what the
// kubelet cut off is noticed:
//   {"parameters": {name: text}, "artifacts": {name: {"path": "<digest>/<file name>", "digest": ...}}}
//                                                 (a list of such for an output that is a list of artifacts)
//   {"failure": "<reason>", "message": ...}       the launcher's own failure; goes with an exit code of exit_code.h
//   {"logged": <bytes>}                           the outputs, of that length, stand in the log, as its last line
// A pod's termination message has 4096 bytes. Outputs that need more go to the end of the container's log, as one line: the same
// JSON behind "::kfrun-outputs1 <bytes> <CRC-32> ".
#pragma once

#include <string>
#include <string_view>

namespace kfrun::launcher {

// CRC-32 as IEEE 802.3 and zlib have it.
unsigned crc32(std::string_view bytes);

std::string framed_message(std::string_view json);
std::string framed_log_line(std::string_view json);

}  // namespace kfrun::launcher
