// `script:`: a file beside the specification, or the text itself.
#pragma once

#include <optional>
#include <vector>

#include "base/files.h"
#include "pipeline/cursor.h"
#include "pipeline/expression_types.h"

namespace kfrun::pipeline {

struct Script {
  std::optional<Expression> text;
  std::vector<Expression> command;  // what runs it unless the task says: its #! line, python3 for .py, else sh -e
};

// One word that is a file's name is that file, whose text is taken as it is; anything else is the text, with ${{ }}. A word
// that looks like a file's name and is none is reported.
Script read_script(const Cursor& at, const FileSystem& files, const NameMeaning& names);

}  // namespace kfrun::pipeline
