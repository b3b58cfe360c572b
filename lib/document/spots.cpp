#include "document/spots.h"

#include <yaml.h>

#include <algorithm>

namespace kfrun::document {

namespace {

// libyaml counts characters.
std::vector<std::size_t> bytes_of_characters(std::string_view text) {
  std::vector<std::size_t> bytes;
  bytes.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) bytes.push_back(at);
  }
  bytes.push_back(text.size());
  return bytes;
}

class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text), bytes_(bytes_of_characters(text)) {
    readable_ = yaml_parser_initialize(&parser_) != 0;
    if (!readable_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Finder() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Finder(const Finder&) = delete;
  Finder& operator=(const Finder&) = delete;

  std::optional<Spot> find() {
    next();  // the stream's start
    next();
    if (!readable_ || event_.type != YAML_DOCUMENT_START_EVENT) return std::nullopt;
    next();
    Spot root = read();
    return readable_ ? std::optional(std::move(root)) : std::nullopt;
  }

 private:
  void next() {
    if (!readable_) return;
    yaml_event_delete(&event_);
    readable_ = yaml_parser_parse(&parser_, &event_) != 0;
  }

  std::size_t byte_of(const yaml_mark_t& mark) const { return bytes_[std::min(mark.index, bytes_.size() - 1)]; }

  // The node that begins with the present event; afterwards the present event is its last.
  Spot read() {
    Spot spot;
    if (!readable_) return spot;
    spot.begin = byte_of(event_.start_mark);
    spot.end = byte_of(event_.end_mark);
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        spot.bound = event_.data.scalar.anchor || event_.data.scalar.tag;
        if (event_.data.scalar.style == YAML_LITERAL_SCALAR_STYLE || event_.data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
          spot.end = end_of_block_scalar(spot);
        break;
      case YAML_SEQUENCE_START_EVENT:
        spot.kind = NodeKind::sequence;
        spot.bound = event_.data.sequence_start.anchor || event_.data.sequence_start.tag;
        spot.flow = event_.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        read_children(spot, YAML_SEQUENCE_END_EVENT);
        break;
      case YAML_MAPPING_START_EVENT:
        spot.kind = NodeKind::mapping;
        spot.bound = event_.data.mapping_start.anchor || event_.data.mapping_start.tag;
        spot.flow = event_.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        read_children(spot, YAML_MAPPING_END_EVENT);
        break;
      default:
        spot.bound = true;
    }
    return spot;
  }

  void read_children(Spot& spot, yaml_event_type_t last) {
    for (next(); readable_ && event_.type != last; next()) spot.children.push_back(read());
    if (!readable_) return;
    // The end of a block collection is only noticed at what follows it.
    spot.end = spot.flow || spot.children.empty() ? byte_of(event_.end_mark) : spot.children.back().end;
  }

  std::size_t end_of_block_scalar(const Spot& spot) const {
    const auto header = text_.substr(spot.begin, text_.find_first_of("\r\n #", spot.begin) - spot.begin);
    std::size_t end = spot.end;
    if (header.find('+') == std::string_view::npos) {
      while (end > spot.begin && std::string_view(" \t\r\n").find(text_[end - 1]) != std::string_view::npos) --end;
    } else if (end > spot.begin && text_[end - 1] == '\n') {
      --end;
    }
    return end;
  }

  std::string_view text_;
  std::vector<std::size_t> bytes_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  bool readable_ = true;
};

}  // namespace

std::optional<Spot> find_spots(std::string_view text) { return Finder(text).find(); }

}  // namespace kfrun::document
