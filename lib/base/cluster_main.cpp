// The main of tests that need a real cluster: exit code 77, which ctest counts as skipped, where none is named.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const char* kubeconfig = std::getenv("KFRUN_TEST_KUBECONFIG");
  if (kubeconfig == nullptr || *kubeconfig == '\0') {
    std::puts("skipped: KFRUN_TEST_KUBECONFIG names no cluster (scripts/cluster/up starts one and prints the path)");
    return 77;
  }
  return Catch::Session().run(argc, argv) == 0 ? 0 : 1;
}
