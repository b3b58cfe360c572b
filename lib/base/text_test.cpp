#include "base/text.h"

#include "base/test.h"

namespace kfrun {

TEST_CASE("names of files are near when both their parts are") {
  CHECK(nearest_file("trian.yaml", {"train.py", "train.yaml"}) == "train.yaml");
  CHECK(nearest_file("train.yml", {"load.yaml", "train.yaml"}) == "train.yaml");
  CHECK_FALSE(nearest_file("c.yaml", {"d.yaml", "cc.yaml"}));
  CHECK_FALSE(nearest_file("load.yaml", {"load.json", "train.yaml"}));
  CHECK(nearest_file("Makefil", {"Makefile"}) == "Makefile");
}

}  // namespace kfrun
