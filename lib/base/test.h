// What every test includes: Catch2 under one name (v2 on Debian 12, v3 on Ubuntu 24.04), and where the test data is.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif

#include <string>

#ifdef KFRUN_SOURCE_DIR
// A path below testdata/ of the source tree.
inline std::string testdata(const std::string& path) { return std::string(KFRUN_SOURCE_DIR "/testdata/") + path; }
// A path below the corpus of real inputs. It may be absent: a test that needs it then says that it is skipped.
inline std::string corpus(const std::string& path) { return std::string(KFRUN_CORPUS_DIR "/") + path; }
#endif
