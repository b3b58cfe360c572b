"""Compiled pipelines of Kubeflow on this machine, whole; and pipeline.py through the SDK's compiler, for which a stand-in is laid."""

import json
import pathlib
import sys

from harness import TREE, Case, main, path_of, states

SUMS = TREE / "examples/kubeflow/pipeline.yaml"

# What the SDK's runtime does with a lightweight component, as far as these tests see: it reads the executor input and writes the
# executor output.
RUNTIME = """\
import argparse, json, runpy
parser = argparse.ArgumentParser()
for name in ("--component_module_path", "--executor_input", "--function_to_execute"):
    parser.add_argument(name)
given = parser.parse_args()
told = json.loads(given.executor_input)
function = runpy.run_path(given.component_module_path)[given.function_to_execute]
result = function(**told["inputs"]["parameterValues"])
with open(told["outputs"]["outputFile"], "w") as file:
    json.dump({"parameterValues": {"Output": result}}, file)
"""

# Stands in for the SDK's compiler: copies what the Python file names as its IR.
COMPILER = """\
import json, pathlib, runpy, sys
def main():
    words = sys.argv[1:]
    assert words[:2] == ["dsl", "compile"], words
    given = dict(zip(words[2::2], words[3::2]))
    try:
        made = runpy.run_path(given["--py"])
    except SyntaxError as error:
        sys.exit(f"SyntaxError: {error}")
    pathlib.Path(given["--output"]).write_text(json.dumps(made[given.get("--function", "pipeline")]))
"""

PIP = "python3 -m pip install --quiet 'kfp==2.17.0' '--no-deps' && \"$0\" \"$@\"\n"
LAUNCH = """\
program_path=$(mktemp -d)
printf "%s" "$0" > "$program_path/ephemeral_component.py"
_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --component_module_path "$program_path/ephemeral_component.py" "$@"
"""


def lightweight(source, function):
    """A pipeline of one lightweight component with a parameter `n`."""
    return {
        "pipelineInfo": {"name": "light"},
        "components": {
            "comp-f": {
                "executorLabel": "exec-f",
                "inputDefinitions": {"parameters": {"n": {"parameterType": "NUMBER_INTEGER"}}},
                "outputDefinitions": {"parameters": {"Output": {"parameterType": "NUMBER_INTEGER"}}},
            }
        },
        "deploymentSpec": {
            "executors": {
                "exec-f": {
                    "container": {
                        "image": "python:3.11",
                        "command": ["sh", "-c", PIP, "sh", "-ec", LAUNCH, source],
                        "args": ["--executor_input", "{{$}}", "--function_to_execute", function],
                    }
                }
            }
        },
        "root": {
            "dag": {
                "tasks": {
                    "f": {"componentRef": {"name": "comp-f"}, "inputs": {"parameters": {"n": {"componentInputParameter": "n"}}}}
                },
                "outputs": {"parameters": {"Output": {"valueFromParameter": {"producerSubtask": "f", "outputParameterKey": "Output"}}}},
            },
            "inputDefinitions": {"parameters": {"n": {"parameterType": "NUMBER_INTEGER", "defaultValue": 4.0}}},
            "outputDefinitions": {"parameters": {"Output": {"parameterType": "NUMBER_INTEGER"}}},
        },
    }


class Containers(Case):
    def test_values_artifacts_and_cache(self):
        run = self.run_of(SUMS, "--local", "-p", "a=4", "-p", "note=well done")
        self.assertEqual(run["outputs"]["total"], 5)
        self.assertEqual(run["outputs"]["products"], [5, 10, 15])
        self.assertEqual(path_of(run["outputs"]["text"]["$artifact"]).read_text(), "products=[5,10,15] --note well done\n")
        status = json.loads(self.kfrun("logs", run["id"], "notify").stdout)
        self.assertEqual((status["state"], status["pipelineTaskName"]), ("SUCCEEDED", "report"))
        again = states(self.run_of(SUMS, "--local", "-p", "a=4"))
        self.assertEqual([again[name] for name in ("add", "loop#0/times", "report")], ["cached", "cached", "succeeded"])

    def test_what_follows_a_false_condition_is_omitted(self):
        run = self.run_of(SUMS, "--local", "-p", "a=0")
        self.assertEqual(states(run), {"add": "succeeded", "loop": "skipped", "report": "omitted", "notify": "succeeded"})
        self.assertEqual(run["state"], "succeeded")

    def test_wrong_types_and_names_are_refused(self):
        self.assertIn("parameter a", self.kfrun("submit", SUMS, "--local", "-p", "a=x", code=2).stderr)
        self.assertIn("unknown parameter 'b'", self.kfrun("submit", SUMS, "--local", "-p", "b=1", code=2).stderr)


class Lightweight(Case):
    def setUp(self):
        super().setUp()
        self.sdk = self.folder / "sdk"
        for folder, name, text in (("kfp/dsl", "executor_main", RUNTIME), ("kfp/cli", "__main__", COMPILER)):
            package = self.sdk / folder
            package.mkdir(parents=True)
            (package / f"{name}.py").write_text(text)
        self.file = self.folder / "light.json"
        self.file.write_text(json.dumps(lightweight("def f(n):\n    assert type(n) is int\n    return n * n\n", "f")))

    def test_the_runtime_is_handed_over_or_found(self):
        run = self.run_of(self.file, "--local", "--kfp-runtime", self.sdk)
        self.assertEqual(run["outputs"], {"Output": 16})
        self.environment["PYTHONPATH"] = str(self.sdk)
        self.assertEqual(self.run_of(self.file, "--local", "-p", "n=5")["outputs"], {"Output": 25})

    def test_python_is_compiled_by_the_sdk(self):
        self.environment["PYTHONPATH"] = str(self.sdk)
        source = self.folder / "pipeline.py"
        source.write_text(f"pipeline = {json.loads(self.file.read_text())!r}\nother = dict(pipeline, pipelineInfo={{'name': 'other'}})\n")
        self.assertEqual(self.run_of(source, "--local", "-p", "n=3")["outputs"], {"Output": 9})
        self.assertIn("pipeline other", self.kfrun("compile", f"{source}#other").stdout)
        source.write_text("def broken(:\n")
        self.assertIn("SyntaxError", self.kfrun("lint", source, code=2).stderr)

    def test_without_the_sdk_it_is_said_what_is_missing(self):
        (self.folder / "kfp.py").write_text("raise ModuleNotFoundError(\"No module named 'kfp'\")\n")
        self.environment["PYTHONPATH"] = str(self.folder)
        source = self.folder / "pipeline.py"
        source.write_text("")
        self.assertIn("no package kfp", self.kfrun("submit", source, "--local", code=2).stderr)


main()
