"""Words of the command line, streams and exit codes that no run is needed for."""

import json
import os
import socket
import subprocess

from harness import KFRUN, Case, main

VERBS = "build edit create submit compile lint runs get logs wait stop delete completion version".split()


class CommandLine(Case):
    def test_help(self):
        top = self.kfrun("--help")
        self.assertEqual(top.stdout, self.kfrun().stdout)
        for verb in VERBS:
            with self.subTest(verb):
                self.assertIn(f"\n  {verb} ", top.stdout)
                result = self.kfrun(verb, "--help")
                self.assertIn(f"Usage: kfrun {verb}", result.stdout)
                self.assertIn("Examples:\n  kfrun", result.stdout)
                self.assertEqual(result.stderr, "")
                self.assertEqual(self.kfrun("help", verb).stdout, result.stdout)

    def test_slips_of_the_finger(self):
        for words, hint in (
            (["submt"], "did you mean 'kfrun submit'?"),
            (["submit", "--loca", "x.yaml"], "did you mean '--local'?"),
            (["get", "@latest", "--namespce=x"], "did you mean '--namespace'?"),
        ):
            with self.subTest(words):
                result = self.kfrun(*words, code=2)
                self.assertEqual(result.stdout, "")
                self.assertIn(hint, result.stderr)

    def test_wrong_usage(self):
        for words in (["submit"], ["get", "x", "-o", "jsn"], ["submit", "x.yaml", "--timeout", "5"], ["wait", "x", "--timeout=soon"],
                      ["submit", "examples/hello/pipeline.yaml", "--local", "--progress", "loud"], ["runs", "surplus"],
                      ["submit", "examples/hello/pipeline.yaml", "--local", "-p", "name"]):
            with self.subTest(words):
                result = self.kfrun(*words, code=2)
                self.assertEqual(result.stdout, "")
                self.assertTrue(result.stderr.startswith("error: "), result.stderr)

    def test_what_does_not_exist(self):
        for words in (["submit", "absent.yaml", "--local"], ["compile", "absent.yaml"], ["get", "absent", "--local"],
                      ["logs", "absent", "--local"], ["submit", "examples/hello/pipeline.yaml", "--local", "-p", "nme=x"]):
            with self.subTest(words):
                self.kfrun(*words, code=2)

    def test_files_that_are_no_pipelines(self):
        self.pipeline("tasks: {a: {command: [x]}}\n", "train.yaml")
        self.pipeline("tasks: {a: {command: [x]}}\n", "d.yaml")
        (self.folder / "other.yaml").write_text("kind: ConfigMap\n")
        here = {"cwd": self.folder}
        self.assertIn("did you mean 'train.yaml'?", self.kfrun("submit", "trian.yaml", "--local", code=2, **here).stderr)
        error = self.kfrun("submit", "c.yaml", "--local", code=2, **here).stderr
        self.assertNotIn("did you mean", error)
        self.assertIn("pipelines in this folder: d.yaml, train.yaml\n", error)
        error = self.kfrun("submit", ".", "--local", code=2, **here).stderr
        self.assertIn("this is a folder", error)
        self.assertIn("pipelines in it: d.yaml, train.yaml\n", error)
        self.assertIn("there is no folder nowhere", self.kfrun("lint", "nowhere/p.yaml", code=2, **here).stderr)

    def test_a_cluster_wants_images(self):
        path = self.pipeline("tasks: {a: {command: [x]}}\n")
        self.kfrun("lint", path)
        for words in (["lint", path, "--for-cluster"], ["compile", path, "--for-cluster"],
                      ["submit", path, "--server", "http://127.0.0.1:1"]):
            with self.subTest(words):
                self.assertIn(f"{path}:4:9 (tasks.a): task a names no image", self.kfrun(*words, code=2).stderr)

    def test_version(self):
        version = json.loads(self.kfrun("version", "-o", "json").stdout)
        self.assertIn(version["version"], self.kfrun("version").stdout)
        self.assertEqual(self.kfrun("--version").stdout, f"kfrun {version['version']}\n")

    def test_completion(self):
        script = self.kfrun("completion", "bash").stdout
        environment = self.environment | {"PATH": f"{os.path.dirname(KFRUN)}:{os.environ['PATH']}"}

        def complete(*words):
            line = " ".join(f"'{word}'" for word in words)
            ask = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _kfrun; printf '%s\\n' \"${{COMPREPLY[@]}}\""
            result = subprocess.run(["bash", "-c", ask], env=environment, capture_output=True, text=True, check=True)
            self.assertEqual(result.stderr, "")
            return result.stdout.split()

        self.assertEqual(complete("kfrun", "su"), ["submit", "suspend"])
        self.assertEqual(complete("kfrun", "submit", "--prog"), ["--progress"])
        self.assertEqual(complete("kfrun", "submit", "--progress", "q"), ["quiet"])
        self.assertEqual(complete("kfrun", "get", "@"), ["@latest"])
        self.assertEqual(complete("kfrun", "completion", "z"), ["zsh"])
        self.assertIn("-l progress -x -a", self.kfrun("completion", "fish").stdout)
        self.assertIn("bashcompinit", self.kfrun("completion", "zsh").stdout)
        self.kfrun("completion", "csh", code=2)

    def test_no_cluster_is_configured(self):
        result = self.kfrun("submit", "examples/hello/pipeline.yaml", code=2)
        self.assertIn("--local", result.stderr)

    def test_no_server_answers(self):
        with socket.socket() as unused:  # bound but not listening: nobody else gets the port
            unused.bind(("127.0.0.1", 0))
            server = f"https://127.0.0.1:{unused.getsockname()[1]}"
            result = self.kfrun("submit", "examples/hello/pipeline.yaml", "--server", server, code=5, timeout=30)
            self.assertEqual(result.stdout, "")
            self.kfrun("get", "hello", "--server", server, code=5, timeout=30)
            result = self.kfrun("runs", "--server", server, code=5, timeout=30)
            self.assertEqual(result.stdout, "")
            self.assertEqual(result.stderr.count(server), 1, result.stderr)
            error = self.kfrun("submit", "examples/hello/pipeline.yaml", "--server", server, code=5, timeout=30).stderr
            self.assertEqual(error.count(server), 1, error)


main()
