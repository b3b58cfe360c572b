#include "run/kubernetes_room.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"
#include "pipeline/declarations.h"

namespace kfrun::run {

namespace {

using document::Node;
using Amounts = std::map<std::string, double>;  // by resource

constexpr std::size_t kMostNodes = 5;

Amounts amounts_of(const Node* quantities) {
  Amounts amounts;
  if (!quantities || !quantities->is_mapping()) return amounts;
  for (const auto& [name, quantity] : quantities->members()) {
    amounts[name.text()] = pipeline::quantity_value(quantity.text()).value_or(0);
  }
  return amounts;
}

void add(Amounts& to, const Amounts& more) {
  for (const auto& [name, amount] : more) to[name] += amount;
}

const std::vector<Node>& items_of(const Node* list) {
  static const std::vector<Node> none;
  return list && list->is_sequence() ? list->items() : none;
}

// What the scheduler sets aside: containers run side by side, those that prepare the pod one after the other.
Amounts requests_of(const Node& pod) {
  Amounts all, most;
  for (const auto& container : items_of(pod.find_path({"spec", "containers"}))) {
    add(all, amounts_of(container.find_path({"resources", "requests"})));
  }
  for (const auto& container : items_of(pod.find_path({"spec", "initContainers"}))) {
    const auto asked = amounts_of(container.find_path({"resources", "requests"}));
    if (container.text_of("restartPolicy") == "Always") {
      add(all, asked);
    } else {
      for (const auto& [name, amount] : asked) most[name] = std::max(most[name], amount);
    }
  }
  for (const auto& [name, amount] : most) all[name] = std::max(all[name], amount);
  add(all, amounts_of(pod.find_path({"spec", "overhead"})));
  return all;
}

std::string text_of(const std::string& resource, double amount) {
  amount = std::max(amount, 0.0);
  constexpr double mebi = 1 << 20, gibi = 1 << 30;
  const bool is_bytes =
      resource == "memory" || resource.find("storage") != std::string::npos || resource.starts_with("hugepages-");
  if (is_bytes && amount >= gibi) return fmt::format("{:.1f}Gi {}", amount / gibi, resource);
  if (is_bytes) return fmt::format("{:.0f}Mi {}", amount / mebi, resource);
  return fmt::format("{:.6g} {}", amount, resource);
}

struct Room {
  std::string node;
  Amounts free;
  std::string closed;  // why nothing new comes there, whatever is free

  // How much of the scarcest of what is asked for there is.
  double fit(const Amounts& asked) const {
    double least = 1e9;
    for (const auto& [name, amount] : asked) {
      const auto found = free.find(name);
      if (amount > 0) least = std::min(least, found == free.end() ? 0 : found->second / amount);
    }
    return least;
  }

  std::string text(const Amounts& asked) const {
    std::vector<std::string> parts;
    for (const auto& [name, amount] : asked) {
      const auto found = free.find(name);
      parts.push_back(text_of(name, found == free.end() ? 0 : found->second));
    }
    return node + " " + join(parts, ", ") + (closed.empty() ? "" : " (" + closed + ")");
  }
};

std::string why_closed(const Node& node) {
  const Node* cordoned = node.find_path({"spec", "unschedulable"});
  if (cordoned && cordoned->as_boolean().value_or(false)) return "cordoned";
  for (const auto& condition : items_of(node.find_path({"status", "conditions"}))) {
    if (condition.text_of("type") == "Ready" && condition.text_of("status") != "True") return "not ready";
  }
  std::vector<std::string> taints;
  for (const auto& taint : items_of(node.find_path({"spec", "taints"}))) {
    if (taint.text_of("effect") != "PreferNoSchedule") taints.push_back(taint.text_of("key"));
  }
  return taints.empty() ? "" : "tainted " + join(taints, ", ");
}

std::map<std::string, Amounts> taken_by_node(const Node& pods) {
  std::map<std::string, Amounts> taken;
  for (const auto& pod : items_of(pods.find("items"))) {
    const Node* node = pod.find_path({"spec", "nodeName"});
    if (node) add(taken[node->text()], requests_of(pod));
  }
  return taken;
}

}  // namespace

std::string describe_room(const Node& pod, const Node& nodes, const Node& pods) {
  auto asked = requests_of(pod);
  asked.try_emplace("cpu", 0);
  asked.try_emplace("memory", 0);
  const auto taken = taken_by_node(pods);
  std::vector<Room> rooms;
  for (const auto& node : items_of(nodes.find("items"))) {
    const Node* name = node.find_path({"metadata", "name"});
    Room room{name ? name->text() : "", amounts_of(node.find_path({"status", "allocatable"})), why_closed(node)};
    if (const auto used = taken.find(room.node); used != taken.end()) {
      for (const auto& [resource, amount] : used->second) room.free[resource] -= amount;
    }
    rooms.push_back(std::move(room));
  }
  if (rooms.empty()) return {};
  std::stable_sort(rooms.begin(), rooms.end(), [&](const Room& a, const Room& b) { return a.fit(asked) > b.fit(asked); });
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(rooms.size(), kMostNodes); ++i) parts.push_back(rooms[i].text(asked));
  if (rooms.size() > kMostNodes) parts.push_back(fmt::format("and {} nodes more", rooms.size() - kMostNodes));
  return (pods.is_null() ? "in all: " : "free: ") + join(parts, "; ");
}

}  // namespace kfrun::run
