#include "run/kubernetes_message.h"

#include "base/digest.h"
#include "base/test.h"

namespace kfrun::run {

namespace {

using Kind = PodMessage::Kind;

std::string framed(const std::string& json) { return fmt::format("kfrun1 {} {:08x}\n{}", json.size(), crc32(json), json); }
std::string logged(const std::string& json) {
  return fmt::format("::kfrun-outputs1 {} {:08x} {}\n", json.size(), crc32(json), json);
}

const std::string kOutputs = R"({"parameters":{"n":"4\n"},"artifacts":{"t":{"path":"ab/t.csv","digest":"ab"}}})";

pipeline::Output output(const std::string& name, pipeline::TypeKind kind) {
  pipeline::Output made;
  made.name = name;
  made.type.kind = kind;
  return made;
}

std::string filtered(std::string_view log, std::size_t piece) {
  LogFilter filter;
  std::string text;
  for (std::size_t at = 0; at < log.size(); at += piece) text += filter.add(log.substr(at, piece));
  return text + filter.finish();
}

}  // namespace

TEST_CASE("messages are believed only whole") {
  CHECK(read_termination_message("").kind == Kind::absent);
  CHECK(read_termination_message("Traceback ...").kind == Kind::absent);
  CHECK(read_termination_message(framed(kOutputs)).kind == Kind::outputs);
  for (std::size_t size = 7; size < framed(kOutputs).size(); ++size) {
    CHECK(read_termination_message(framed(kOutputs).substr(0, size)).kind == Kind::corrupt);
  }
  auto changed = framed(kOutputs);
  changed[changed.size() - 10] ^= 1;
  CHECK(read_termination_message(changed).kind == Kind::corrupt);
  CHECK(read_termination_message(framed("[1")).kind == Kind::corrupt);
}

TEST_CASE("a message says failure, outputs, or where they are") {
  const auto failure = read_termination_message(framed(R"({"failure":"OutputMissing","message":"output x"})"));
  CHECK(failure.kind == Kind::failure);
  CHECK(failure.reason == "OutputMissing");
  CHECK(failure.text == "output x");
  const auto elsewhere = read_termination_message(framed(R"({"logged":5000})"));
  CHECK(elsewhere.kind == Kind::logged);
  CHECK(elsewhere.size == 5000);
  CHECK(read_log_message("some line\n" + logged(kOutputs)).kind == Kind::outputs);
  CHECK(read_log_message(logged(kOutputs) + "a line behind\n").kind == Kind::absent);
  CHECK(read_log_message("").kind == Kind::absent);
}

TEST_CASE("outputs are typed, and default where they were left unwritten") {
  pipeline::Task task;
  task.outputs = {output("n", pipeline::TypeKind::integer), output("t", pipeline::TypeKind::artifact)};
  const auto message = read_termination_message(framed(kOutputs));
  const auto outputs = outputs_of_message(task, message);
  CHECK(outputs.at("n") == Value::integer(4));
  CHECK(pipeline::as_artifact(outputs.at("t"))->uri == "pvc://kfrun-artifacts/store/ab/t.csv");
  CHECK(pipeline::as_artifact(outputs.at("t"))->digest == "ab");
  task.outputs.push_back(output("more", pipeline::TypeKind::string));
  CHECK_THROWS_AS(outputs_of_message(task, message), Error);
  task.outputs.back().default_value = Value::string("none");
  CHECK(outputs_of_message(task, message).at("more") == Value::string("none"));
}

TEST_CASE("a log is shown without the launcher's line, however it comes in pieces") {
  const std::string log = "one\n::kfrun, says the command\n:: \n\nlast" + std::string("\n") + logged(kOutputs);
  for (std::size_t piece = 1; piece < log.size(); ++piece) {
    CHECK(filtered(log, piece) == "one\n::kfrun, says the command\n:: \n\nlast\n");
    CHECK(filtered("::kfrun-out", piece) == "::kfrun-out");
  }
}

}  // namespace kfrun::run
