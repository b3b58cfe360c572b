// Words for people: errors, tables, colours, and the progress of a run. stdout is the product, stderr everything else.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/flags.h"
#include "document/node.h"
#include "run/driver.h"

namespace kfrun::cli {

// "error: place: message", hints on lines of their own, on stderr.
void print_error(const Error& error);
// "Error: " and kustomize's words, so that scripts that match them go on working; places and hints have lines of their own.
void print_kustomize_error(const Error& error);
void print_diagnostics(const Diagnostics& diagnostics);
void print_warning(std::string_view text);
void print_note(std::string_view text);

// Writes to stdout. A reader that went away (a closed pipe) ends the output silently.
void print(std::string_view text);
// Prints a document as -o json or -o yaml.
void print(const document::Node& node, OutputFormat format);
// Whether everything printed reached its reader.
bool flush_stdout();

// An instance with its turn of a loop: "train#3[rate=0.1,depth=3]".
std::string name_of(const std::string& instance, const std::string& turn);

// Columns aligned by their widest cell, two blanks between; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

// Whether to colour a stream: NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then CLICOLOR=0, then a terminal that is not dumb.
bool use_colour(std::FILE* stream);
// The state's word in its colour.
std::string coloured(run::State state, bool colour);

// Follows a run on stderr: a line that is rewritten on terminals, a line per change elsewhere, JSON, or nothing.
class ProgressScreen {
 public:
  virtual ~ProgressScreen() = default;
  virtual void show(const run::Progress& progress) = 0;
  // Time passes: called now and then, at least once a second.
  virtual void tick(TimePoint) {}
  virtual void finish() {}
};
std::unique_ptr<ProgressScreen> make_progress_screen(ProgressMode mode, TimePoint start);

}  // namespace kfrun::cli
