// Kinds of flags that several verbs have: a word of a few, a list, a duration, and all that name a cluster.
#pragma once

#include <CLI/CLI.hpp>

#include <map>

#include "base/text.h"
#include "cli/flags.h"

namespace kfrun::cli {

using Formats = std::map<std::string, OutputFormat>;
inline const Formats kFormats{{"table", OutputFormat::table},
                              {"wide", OutputFormat::wide},
                              {"json", OutputFormat::json},
                              {"yaml", OutputFormat::yaml},
                              {"name", OutputFormat::name}};
inline const Formats kPlainFormats{{"table", OutputFormat::table}, {"json", OutputFormat::json}, {"yaml", OutputFormat::yaml}};
inline const std::map<std::string, ProgressMode> kProgressModes{{"auto", ProgressMode::automatic},
                                                                {"tty", ProgressMode::tty},
                                                                {"plain", ProgressMode::plain},
                                                                {"json", ProgressMode::json},
                                                                {"quiet", ProgressMode::quiet}};

// A flag whose value is one of a few words; the words are checked and shown in the help.
template <typename T>
CLI::Option* add_choice(CLI::App* verb, const std::string& flag, T& value, const std::map<std::string, T>& choices,
                        const std::string& help) {
  std::vector<std::string> words;
  for (const auto& [word, unused] : choices) words.push_back(word);
  return verb
      ->add_option_function<std::string>(
          flag,
          [&value, &choices, flag, words](const std::string& word) {
            const auto found = choices.find(word);
            if (found == choices.end()) {
              throw CLI::ValidationError(fmt::format("{}: '{}' is none of {}", flag, word, join(words, ", ")));
            }
            value = found->second;
          },
          fmt::format("{} ({})", help, join(words, "|")))
      ->type_name("WORD");
}

// A flag or argument that may be given several times; of any other the last counts, as in kubectl.
inline CLI::Option* add_list(CLI::App* verb, const std::string& flag, std::vector<std::string>& values, const std::string& help) {
  return verb->add_option(flag, values, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(!flag.starts_with('-'));
}

inline CLI::Option* add_duration(CLI::App* verb, const std::string& flag, std::optional<Duration>& value,
                                 const std::string& help) {
  return verb
      ->add_option_function<std::string>(
          flag,
          [&value, flag](const std::string& text) {
            value = parse_duration(text);
            if (!value) throw CLI::ValidationError(fmt::format("{}: '{}' is no duration such as 90s, 5m or 1h30m", flag, text));
          },
          help)
      ->type_name("DURATION");
}

// kubectl's flags, by its names.
inline void add_cluster_flags(CLI::App* verb, ClusterFlags& flags) {
  auto& config = flags.config;
  verb->add_flag("--local", flags.local, "This machine instead of a cluster");
  const std::string group = "Cluster";
  const auto text = [&](const std::string& flag, std::string& value, const std::string& type, const std::string& help) {
    verb->add_option(flag, value, help)->group(group)->type_name(type);
  };
  text("-n,--namespace", config.name_space, "NAME", "Namespace (the context's, else 'default')");
  text("--kubeconfig", config.kubeconfig, "FILE", "Instead of $KUBECONFIG and ~/.kube/config");
  text("--context", config.context, "NAME", "Context of the kubeconfig");
  text("--cluster", config.cluster, "NAME", "Cluster of the kubeconfig");
  text("--user", config.user, "NAME", "User of the kubeconfig");
  text("-s,--server", config.server, "URL", "API server");
  text("--token", config.token, "TOKEN", "Bearer token");
  text("--as", config.as, "USER", "Impersonate a user");
  add_list(verb, "--as-group", config.as_groups, "Impersonate a group; repeatable")->group(group)->type_name("GROUP");
  text("--certificate-authority", config.certificate_authority, "FILE", "CA of the API server");
  text("--client-certificate", config.client_certificate, "FILE", "Client certificate");
  text("--client-key", config.client_key, "FILE", "Key of the client certificate");
  text("--tls-server-name", config.tls_server_name, "NAME", "Name to check the server's certificate against");
  verb->add_flag_callback(
          "--insecure-skip-tls-verify", [&config] { config.insecure_skip_tls_verify = true; },
          "Do not check the server's certificate")
      ->group(group);
  add_duration(verb, "--request-timeout", config.request_timeout, "Of one request (30s)")->group(group);
  verb->add_option("--max-requests-per-second", config.max_requests_per_second, "To the API server, at most (no limit)")
      ->check(CLI::Range(0.1, 1e6, "NUMBER of at least 0.1"))
      ->group(group)
      ->type_name("NUMBER");
}

inline const std::vector<std::string> kShells{"bash", "zsh", "fish"};

}  // namespace kfrun::cli
