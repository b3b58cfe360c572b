#include "kustomize/repo_spec.h"

#include <array>

#include "base/error.h"
#include "base/test.h"

using namespace kfrun;
using namespace kfrun::kustomize;

// The tables are the cases of kustomize's own tests (api/internal/git/repospec_test.go).

TEST_CASE("URLs of repositories are read as kustomize reads them") {
  struct Case {
    const char* url;
    const char* host;
    const char* repo_path;
    const char* root_path;
    const char* ref;
  };
  static constexpr std::array kCases = {
      Case{"https://git-codecommit.us-east-2.amazonaws.com/someorg/somerepo/somedir",
           "https://git-codecommit.us-east-2.amazonaws.com/", "someorg/somerepo", "somedir", ""},
      Case{"https://git-codecommit.us-east-2.amazonaws.com/someorg/somerepo/somedir?ref=testbranch",
           "https://git-codecommit.us-east-2.amazonaws.com/", "someorg/somerepo", "somedir", "testbranch"},
      Case{"https://fabrikops2.visualstudio.com/someorg/somerepo?ref=master", "https://fabrikops2.visualstudio.com/",
           "someorg/somerepo", "", "master"},
      Case{"http://github.com/someorg/somerepo/somedir", "https://github.com/", "someorg/somerepo", "somedir", ""},
      Case{"git@github.com:someorg/somerepo/somedir", "git@github.com:", "someorg/somerepo", "somedir", ""},
      Case{"http://github.com/someorg/somerepo.git/somedir", "https://github.com/", "someorg/somerepo.git", "somedir", ""},
      Case{"git@github.com:someorg/somerepo.git/somedir", "git@github.com:", "someorg/somerepo.git", "somedir", ""},
      Case{"git@gitlab2.sqtools.ru:infra/kubernetes/thanos-base.git?ref=v0.1.0",
           "git@gitlab2.sqtools.ru:", "infra/kubernetes/thanos-base.git", "", "v0.1.0"},
      Case{"git@bitbucket.org:company/project.git//path?ref=branch", "git@bitbucket.org:", "company/project.git", "path",
           "branch"},
      Case{"git@bitbucket.org/company/project.git//path?ref=branch", "git@bitbucket.org/", "company/project.git", "path",
           "branch"},
      Case{"ssh://git@bitbucket.org/company/project.git//path?ref=branch", "ssh://git@bitbucket.org/", "company/project.git",
           "path", "branch"},
      Case{"https://itfs.mycompany.com/collection/project/_git/somerepos", "https://itfs.mycompany.com/",
           "collection/project/_git/somerepos", "", ""},
      Case{"https://itfs.mycompany.com/collection/project/_git/somerepos?version=v1.0.0", "https://itfs.mycompany.com/",
           "collection/project/_git/somerepos", "", "v1.0.0"},
      Case{"https://itfs.mycompany.com/collection/project/_git/somerepos/somedir?version=v1.0.0", "https://itfs.mycompany.com/",
           "collection/project/_git/somerepos", "somedir", "v1.0.0"},
      Case{"git::https://itfs.mycompany.com/collection/project/_git/somerepos", "https://itfs.mycompany.com/",
           "collection/project/_git/somerepos", "", ""},
      Case{"https://bitbucket.example.com/scm/project/repository.git", "https://bitbucket.example.com/",
           "scm/project/repository.git", "", ""},
      Case{"ssh://git-codecommit.us-east-2.amazonaws.com/someorg/somerepo/somepath",
           "ssh://git-codecommit.us-east-2.amazonaws.com/", "someorg/somerepo", "somepath", ""},
      Case{"git@github.com/someorg/somerepo/somepath", "git@github.com:", "someorg/somerepo", "somepath", ""},
      Case{"https://github.com/kubernetes-sigs/kustomize//examples/multibases/dev/?ref=v1.0.6", "https://github.com/",
           "kubernetes-sigs/kustomize", "examples/multibases/dev/", "v1.0.6"},
      Case{"file://a/b/c/someRepo.git/somepath?ref=someBranch", "file://", "a/b/c/someRepo.git", "somepath", "someBranch"},
      Case{"file://a/b/c/someRepo//somepath?ref=someBranch", "file://", "a/b/c/someRepo", "somepath", "someBranch"},
      Case{"file://a/b/c/someRepo?ref=someBranch", "file://", "a/b/c/someRepo", "", "someBranch"},
      Case{"file:///a/b/c/someRepo?ref=someBranch", "file://", "/a/b/c/someRepo", "", "someBranch"},
      Case{"ssh://git@github.com/kubernetes-sigs/kustomize//examples/multibases/dev?ref=v1.0.6",
           "git@github.com:", "kubernetes-sigs/kustomize", "examples/multibases/dev", "v1.0.6"},
      Case{"file:///a/b/c/someRepo", "file://", "/a/b/c/someRepo", "", ""},
      Case{"file:///", "file://", "/", "", ""},
      Case{"https://example.org/path/to/repo//examples/multibases/dev", "https://example.org/", "path/to/repo",
           "examples/multibases/dev", ""},
      Case{"https://example.org/path/to/repo.git/examples/multibases/dev", "https://example.org/", "path/to/repo.git",
           "examples/multibases/dev", ""},
      Case{"ssh://alice@example.com/path/to/repo//examples/multibases/dev", "ssh://alice@example.com/", "path/to/repo",
           "examples/multibases/dev", ""},
      Case{"https://authority/org/repo?ref=group/version", "https://authority/", "org/repo", "", "group/version"},
      Case{"https://authority/org/repo/?ref=includes_git/for_some_reason", "https://authority/", "org/repo", "",
           "includes_git/for_some_reason"},
      Case{"https://authority/org/repo/?ref=includes.git/for_some_reason", "https://authority/", "org/repo", "",
           "includes.git/for_some_reason"},
      Case{"https://authority/org/repo/%-invalid-uri-so-not-parsable-by-net/url.Parse", "https://authority/", "org/repo",
           "%-invalid-uri-so-not-parsable-by-net/url.Parse", ""},
      Case{"ssh://myusername@bitbucket.org/ourteamname/ourrepositoryname.git//path?ref=branch", "ssh://myusername@bitbucket.org/",
           "ourteamname/ourrepositoryname.git", "path", "branch"},
      Case{"file://git@home/path/to/repository.git//path?ref=branch", "file://", "git@home/path/to/repository.git", "path",
           "branch"},
      Case{"http://git@home.com/path/to/repository.git//path?ref=branch", "http://git@home.com/", "path/to/repository.git",
           "path", "branch"},
      Case{"https://git@home.com/path/to/repository.git//path?ref=branch", "https://git@home.com/", "path/to/repository.git",
           "path", "branch"},
      Case{"ssh://git@ssh.github.com:443/YOUR-USERNAME/YOUR-REPOSITORY.git", "ssh://git@ssh.github.com:443/",
           "YOUR-USERNAME/YOUR-REPOSITORY.git", "", ""},
      Case{"git@gitlab.com/user:name/YOUR-REPOSITORY.git/path", "git@gitlab.com/", "user:name/YOUR-REPOSITORY.git", "path", ""},
      Case{"git@gitlab.com:gitlab-tests/sample-project.git", "git@gitlab.com:", "gitlab-tests/sample-project.git", "", ""},
      Case{"git@gitlab.com:gitlab-tests/sample-project", "git@gitlab.com:", "gitlab-tests/sample-project", "", ""},
      Case{"https://username@dev.azure.com/org/project/_git/repo//path/to/kustomization/root", "https://username@dev.azure.com/",
           "org/project/_git/repo", "path/to/kustomization/root", ""},
      Case{"https://org.visualstudio.com/project/_git/repo/path/to/kustomization/root", "https://org.visualstudio.com/",
           "project/_git/repo", "path/to/kustomization/root", ""},
      Case{"ssh://org-12345@github.com/kubernetes-sigs/kustomize", "org-12345@github.com:", "kubernetes-sigs/kustomize", "", ""},
      Case{"org-12345@github.com/kubernetes-sigs/kustomize", "org-12345@github.com:", "kubernetes-sigs/kustomize", "", ""},
      Case{"git@gist.github.com:bc7947cb727d7f9217e7862d961a1ffd.git",
           "git@gist.github.com:", "bc7947cb727d7f9217e7862d961a1ffd.git", "", ""},
      Case{"https://gist.github.com/bc7947cb727d7f9217e7862d961a1ffd.git", "https://gist.github.com/",
           "bc7947cb727d7f9217e7862d961a1ffd.git", "", ""}};
  for (const auto& expected : kCases) {
    CAPTURE(expected.url);
    const RepoSpec spec = parse_repo_spec(expected.url);
    CHECK(spec.raw == expected.url);
    CHECK(spec.host == expected.host);
    CHECK(spec.repo_path == expected.repo_path);
    CHECK(spec.root_path == expected.root_path);
    CHECK(spec.ref == expected.ref);
  }
}

TEST_CASE("every host goes with every path and ref") {
  static constexpr std::array<std::array<const char*, 2>, 16> kHosts = {
      {{"gitHub.com/", "https://github.com/"},
       {"github.com:", "https://github.com/"},
       {"http://github.com/", "https://github.com/"},
       {"https://github.com/", "https://github.com/"},
       {"hTTps://github.com/", "https://github.com/"},
       {"https://git-codecommit.us-east-2.amazonaws.com/", "https://git-codecommit.us-east-2.amazonaws.com/"},
       {"https://fabrikops2.visualstudio.com/", "https://fabrikops2.visualstudio.com/"},
       {"ssh://git.example.com:7999/", "ssh://git.example.com:7999/"},
       {"git::https://gitlab.com/", "https://gitlab.com/"},
       {"git::http://git.example.com/", "http://git.example.com/"},
       {"git::https://git.example.com/", "https://git.example.com/"},
       {"git@github.com:", "git@github.com:"},
       {"git@github.com/", "git@github.com:"},
       {"git::git@github.com:", "git@github.com:"},
       {"org-12345@github.com:", "org-12345@github.com:"},
       {"org-12345@github.com/", "org-12345@github.com:"}}};
  for (const auto& [written, host] : kHosts) {
    for (const std::string repo : {"someOrg/someRepo", "kubernetes/website"}) {
      for (const std::string path : {"README.md", "foo/krusty.txt", ""}) {
        for (const std::string ref : {"group/version", "someBranch", "master", "v0.1.0", ""}) {
          const std::string url = written + repo + (path.empty() ? "" : "/" + path) + (ref.empty() ? "" : "?ref=" + ref);
          CAPTURE(url);
          const RepoSpec spec = parse_repo_spec(url);
          CHECK(spec.host == host);
          CHECK(spec.repo_path == repo);
          CHECK(spec.root_path == path);
          CHECK(spec.ref == ref);
        }
      }
    }
  }
}

TEST_CASE("what is no URL of a repository is a path") {
  static constexpr std::array<std::array<const char*, 2>, 14> kCases = {
      {{"/tmp", "uri looks like abs path"},
       {"../../tmp", "failed to parse scheme"},
       {"src/github.com/org/repo/path", "failed to parse scheme"},
       {"iauhsdiuashduas", "failed to parse scheme"},
       {"htxxxtp://github.com/", "failed to parse scheme"},
       {"ssh://git.example.com", "failed to parse repo path segment"},
       {"git::___", "failed to parse scheme"},
       {"https://host?ref=group/version/minor_version", "failed to parse repo path segment"},
       {"https://github.com/org/repo.git//path/../../exits/repo", "url path exits repo"},
       {"github.com!org/repo.git//path", "failed to parse scheme"},
       {"gh:org/repo", "failed to parse scheme"},
       {"https://github.com/thisisa404.yaml", "failed to parse repo path segment"},
       {"git@scp://github.com/org/repo.git//path", "failed to parse repo path segment"},
       {"git@ssh://github.com/org/repo.git//path", "failed to parse repo path segment"}}};
  for (const auto& [url, words] : kCases) {
    CAPTURE(url);
    CHECK_THROWS_WITH(parse_repo_spec(url), ContainsSubstring(words));
    CHECK(!find_repo_spec(url));
  }
}

TEST_CASE("the query of a repository's URL tells ref, submodules and timeout") {
  using std::chrono::seconds;
  const RepoSpec usual;
  struct Case {
    std::string query;
    std::string ref;
    bool submodules;
    Duration timeout;
  };
  const std::vector<Case> cases = {{"", "", usual.submodules, usual.timeout},
                                   {"ref=v1.0.0", "v1.0.0", usual.submodules, usual.timeout},
                                   {"ref=kustomize/v4.5.7", "kustomize/v4.5.7", usual.submodules, usual.timeout},
                                   {"version=master", "master", usual.submodules, usual.timeout},
                                   {"version=master&ref=v1.0.0", "v1.0.0", usual.submodules, usual.timeout},
                                   {"version=master&submodules=", "master", usual.submodules, usual.timeout},
                                   {"version=master&submodules=maybe", "master", usual.submodules, usual.timeout},
                                   {"version=master&submodules=true", "master", true, usual.timeout},
                                   {"version=master&submodules=false", "master", false, usual.timeout},
                                   {"version=master&timeout=", "master", usual.submodules, usual.timeout},
                                   {"version=master&timeout=jiffy", "master", usual.submodules, usual.timeout},
                                   {"version=master&timeout=0", "master", usual.submodules, usual.timeout},
                                   {"version=master&timeout=0s", "master", usual.submodules, usual.timeout},
                                   {"version=master&timeout=61", "master", usual.submodules, seconds(61)},
                                   {"version=master&timeout=1m1s", "master", usual.submodules, seconds(61)},
                                   {"version=master&submodules=false&timeout=1m1s", "master", false, seconds(61)},
                                   {"ref=a%2Fb+c&ref=d", "a/b c", true, usual.timeout},
                                   {"ref=a;b", "", true, usual.timeout},
                                   {"ref=x&timeout=5&broken=%zz", "", true, usual.timeout},
                                   {"timeout=-5s&submodules=F", "", false, usual.timeout},
                                   {"timeout=99999999999", "", true, seconds(9223372036)}};
  for (const auto& expected : cases) {
    CAPTURE(expected.query);
    const RepoSpec spec = parse_repo_spec("https://example.com/org/repo?" + expected.query);
    CHECK(spec.ref == expected.ref);
    CHECK(spec.submodules == expected.submodules);
    CHECK(spec.timeout == expected.timeout);
  }
}

TEST_CASE("files are read by HTTP from what Go takes for such URLs") {
  for (const char* url : {"http://example.com/a.yaml", "HTTPS://example.com", "https://u:p@example.com:80/x?y=%zz", "http:opaque",
                          "http://[::1]:8080/x", "https://example.com/a b"}) {
    CAPTURE(url);
    CHECK(is_http_url(url));
  }
  for (const char* path : {"a.yaml", "ftp://example.com/a", "https://example.com/%-x", "http://exa mple.com/", "http://a:b/c",
                           "https:/%zz", "httpsx://a/b", "https://a/b#%z", "https://a/\nb"}) {
    CAPTURE(path);
    CHECK(!is_http_url(path));
  }
}
