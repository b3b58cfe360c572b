#include "kube/discovery.h"

#include <algorithm>

#include "base/text.h"

namespace kfrun::kube {

namespace {

using document::Node;

constexpr std::string_view kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

// Items of a list member, none when there is no such list.
const document::Sequence& items_of(const Node& node, std::string_view key) {
  static const document::Sequence none;
  const Node* list = node.find(key);
  return list != nullptr && list->is_sequence() ? list->items() : none;
}

// Sends them all at once; replies in the order of the requests.
std::vector<Reply> send_all(Client& client, const std::vector<Request>& requests) {
  std::vector<Reply> replies(requests.size());
  std::vector<Handle> handles;
  std::size_t left = requests.size();
  const auto cancel_all = [&] {
    for (const Handle handle : handles) client.cancel(handle);
  };
  for (std::size_t i = 0; i < requests.size(); ++i) {
    handles.push_back(client.start(requests[i], [&replies, &left, i](const Reply& reply) {
      replies[i] = reply;
      --left;
    }));
  }
  try {
    while (left > 0) client.run_once(std::chrono::hours(1));
  } catch (...) {  // another request's callback; ours must not be called with what is gone from the stack
    cancel_all();
    throw;
  }
  return replies;
}

Request get(std::string path, std::string_view accept = "application/json") {
  Request request;
  request.path = std::move(path);
  request.accept = accept;
  return request;
}

bool is_aggregated(const Reply& reply) {
  const auto type = reply.headers.find("content-type");
  return type != reply.headers.end() && type->second.find("g=apidiscovery.k8s.io") != std::string::npos;
}

// An APIGroupDiscoveryList.
void read_aggregated(const Node& list, std::vector<ResourceType>& types) {
  for (const Node& group : items_of(list, "items")) {
    const Node* metadata = group.find("metadata");
    const std::string name = metadata == nullptr ? std::string() : metadata->text_of("name");
    for (const Node& version : items_of(group, "versions")) {
      for (const Node& resource : items_of(version, "resources")) {
        const Node* kind = resource.find_path({"responseKind", "kind"});
        if (kind == nullptr || kind->text().empty()) continue;  // only subresources are served below this name
        types.push_back({name, version.text_of("version"), resource.text_of("resource"), kind->text(),
                         resource.text_of("scope") == "Namespaced"});
      }
    }
  }
}

std::pair<std::string, std::string> split_version(const std::string& api_version) {
  const auto slash = api_version.find('/');
  if (slash == std::string::npos) return {"", api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

std::string version_path(const std::string& api_version) {
  return (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
}

// An APIResourceList.
void read_resources(const std::string& api_version, const Node& list, std::vector<ResourceType>& types) {
  const auto [group, version] = split_version(api_version);
  for (const Node& resource : items_of(list, "resources")) {
    std::string name = resource.text_of("name");
    if (name.find('/') != std::string::npos) continue;  // a subresource
    const Node* namespaced = resource.find("namespaced");
    types.push_back({group, version, std::move(name), resource.text_of("kind"),
                     namespaced != nullptr && namespaced->as_boolean().value_or(false)});
  }
}

// The group versions of /api (an APIVersions) and /apis (an APIGroupList), preferred ones first.
std::vector<std::string> read_versions(const Node& core, const Node& groups) {
  std::vector<std::string> versions;
  for (const Node& version : items_of(core, "versions")) versions.push_back(version.text());
  for (const Node& group : items_of(groups, "groups")) {
    const Node* preferred = group.find_path({"preferredVersion", "groupVersion"});
    if (preferred != nullptr) versions.push_back(preferred->text());
    for (const Node& version : items_of(group, "versions")) {
      std::string name = version.text_of("groupVersion");
      if (preferred == nullptr || name != preferred->text()) versions.push_back(std::move(name));
    }
  }
  return versions;
}

std::vector<ResourceType> ask_each(Client& client, const std::vector<std::string>& versions) {
  std::vector<Request> requests;
  for (const std::string& version : versions) requests.push_back(get(version_path(version)));
  const auto replies = send_all(client, requests);
  std::vector<ResourceType> types;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].ok()) read_resources(versions[i], replies[i].body, types);
  }
  return types;
}

// The core group's root and that of all others.
std::vector<Reply> ask_both(Client& client, std::string_view accept) {
  auto replies = send_all(client, {get("/api", accept), get("/apis", accept)});
  for (const Reply& reply : replies) throw_unless_ok(reply, "asking what the server serves");
  return replies;
}

// "35+" of a vendor's build is 35.
int leading_number(const std::string& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return static_cast<int>(parse_integer(std::string(text.begin(), end)).value_or(0));
}

}  // namespace

ServerVersion server_version(Client& client) {
  const Reply reply = client.send(get("/version"));
  throw_unless_ok(reply, "asking the server's version");
  return {leading_number(reply.body.text_of("major")), leading_number(reply.body.text_of("minor")),
          reply.body.text_of("gitVersion")};
}

const std::vector<ResourceType>& Discovery::all() {
  if (all_) return *all_;
  auto replies = ask_both(client_, kAggregated);
  if (is_aggregated(replies[0]) && is_aggregated(replies[1])) {
    all_.emplace();
    for (const Reply& reply : replies) read_aggregated(reply.body, *all_);
  } else {
    replies = ask_both(client_, "application/json");
    all_ = ask_each(client_, read_versions(replies[0].body, replies[1].body));
  }
  return *all_;
}

const std::vector<ResourceType>& Discovery::version(const std::string& api_version) {
  const auto known = versions_.find(api_version);
  if (known != versions_.end()) return known->second;
  const Reply reply = client_.send(get(version_path(api_version)));
  if (reply.status != 404) throw_unless_ok(reply, fmt::format("asking what {} serves", api_version));
  std::vector<ResourceType> types;
  if (reply.ok()) read_resources(api_version, reply.body, types);
  return versions_.emplace(api_version, std::move(types)).first->second;
}

std::optional<ResourceType> Discovery::find(const std::string& api_version, const std::string& kind) {
  const auto [group, version_name] = split_version(api_version);
  const auto is_it = [&, &group = group, &version_name = version_name](const ResourceType& type) {
    return type.kind == kind && type.version == version_name && type.group == group;
  };
  const std::vector<ResourceType>& types = all_ ? *all_ : version(api_version);
  const auto found = std::find_if(types.begin(), types.end(), is_it);
  return found == types.end() ? std::nullopt : std::optional(*found);
}

void Discovery::invalidate() {
  all_.reset();
  versions_.clear();
}

}  // namespace kfrun::kube
