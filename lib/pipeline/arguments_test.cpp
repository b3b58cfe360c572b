#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {
namespace {

Pipeline pipeline_with(const std::string& params) {
  MemoryFileSystem files;
  files.add("p.yaml", "apiVersion: kfrun/v1\nkind: Pipeline\nname: p\ntasks: {a: {command: [b]}}\nparams: " + params + "\n");
  auto result = compile(files, "p.yaml");
  REQUIRE_FALSE(has_errors(result.diagnostics));
  return std::move(result.pipeline);
}

using Arguments = std::map<std::string, Value>;

std::string bound(const std::string& params, const Arguments& arguments) {
  Value all = Value::mapping(document::Mapping{});
  for (const auto& [name, value] : bind_arguments(pipeline_with(params), arguments)) all.set(name, value);
  return document::write_json(all);
}

std::string fault(const std::string& params, const Arguments& arguments) {
  try {
    return "bound: " + bound(params, arguments);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    std::string text = error.what();
    for (const auto& hint : error.hints()) text += " | " + hint;
    return text;
  }
}

Value text(const std::string& value) { return Value::string(value); }

TEST_CASE("texts become values of the parameter's type") {
  const std::string params =
      "{s: string, i: integer, n: number, m: number, b: boolean, l: list, d: mapping, a: artifact, f: {type: list, default: "
      "[1]}}";
  CHECK(
      bound(params, {{"s", text("007")},
                     {"i", text(" 42 ")},
                     {"n", text("1e-3")},
                     {"m", text("3")},
                     {"b", text("True")},
                     {"l", text("[1, x, {y: z}]")},
                     {"d", text("{a: 1}")},
                     {"a", text("s3://bucket/x")}}) ==
      R"({"a":{"$artifact":"s3://bucket/x"},"b":true,"d":{"a":1},"f":[1],"i":42,"l":[1,"x",{"y":"z"}],"m":3,"n":0.001,"s":"007"})");
}

TEST_CASE("values of files are taken as they are") {
  CHECK(bound("{i: integer, n: number, s: string, o: {type: integer, optional: true}}",
              {{"i", Value::number(3)}, {"n", Value::integer(1)}, {"s", Value::integer(5)}, {"o", Value::null()}}) ==
        R"({"i":3,"n":1,"o":null,"s":"5"})");
  CHECK(bound("{o: {type: integer, optional: true}}", {}) == R"({"o":null})");
}

TEST_CASE("wrong arguments are refused by name") {
  CHECK(fault("{rate: number}", {{"rate", text("fast")}}) == "parameter rate: expected a value of type number, found 'fast'");
  CHECK(fault("{rows: integer}", {{"rows", text("1.5")}}) == "parameter rows: expected a value of type integer, found '1.5'");
  CHECK(fault("{rows: integer}", {{"rows", Value::number(1.5)}}) ==
        "parameter rows: expected a value of type integer, found 1.5");
  CHECK(fault("{on: boolean}", {{"on", text("yes")}}) == "parameter on: expected a value of type boolean, found 'yes'");
  CHECK(fault("{l: list}", {{"l", text("1")}}) == "parameter l: expected a value of type list, found '1' | e.g. l='[1, 2, 3]'");
  CHECK(fault("{l: mapping}", {{"l", text("[")}}) ==
        "parameter l: expected a value of type mapping, found '[' | e.g. l='{a: 1, b: 2}'");
  CHECK(fault("{mode: {type: string, enum: [fast, exact]}}", {{"mode", text("slow")}}) ==
        R"(parameter mode: 'slow' is not allowed | allowed are ["fast","exact"])");
  CHECK(fault("{rate: number}", {{"raet", text("1")}}) == "unknown parameter 'raet' | did you mean 'rate'?");
  CHECK(fault("{}", {{"x", text("1")}}) == "unknown parameter 'x' | pipeline 'p' takes no parameters");
  CHECK(fault("{a: string, b: {type: string, default: x}, c: list}", {}) ==
        "parameters a, c have no value | give it with -p a=VALUE");
  CHECK(fault("{a: string}", {}) == "parameter a has no value | give it with -p a=VALUE");
}

}  // namespace
}  // namespace kfrun::pipeline
