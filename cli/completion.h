// The command line as data, for shells' completion.
#pragma once

#include <string>
#include <vector>

namespace kfrun::cli {

struct FlagWords {
  std::vector<std::string> names;  // "-o", "--output"
  std::string help;
  bool takes_value = false;
  std::vector<std::string> choices;  // words the value is one of; empty: anything
};

struct VerbWords {
  std::string name;
  std::string help;
  std::vector<FlagWords> flags;
  std::string argument;              // "FILE", "DIR", "RUN", "" for none
  std::vector<std::string> choices;  // words the argument is one of
};

// The script that `kfrun completion SHELL` prints: bash, zsh or fish. Ids of runs are asked from kfrun itself.
std::string completion_script(const std::string& shell, const std::vector<VerbWords>& verbs);

}  // namespace kfrun::cli
