"""Pipelines that are wrong are refused before anything starts, with a place, the fault and what may have been meant.

Each refused/*.yaml ends with comments that say what is expected:
  # error: LINE:COLUMN TEXT     a fault at that place whose message has TEXT
  # hint: TEXT                  a hint with TEXT
"""

import re

from harness import TREE, Case, main

EXPECTED = re.compile(r"# error: (\d+:\d+) (.*)")


class Refused(Case):
    def test_all(self):
        files = sorted((TREE / "testdata/program/refused").glob("*.yaml"))
        self.assertGreaterEqual(len(files), 8)
        for file in files:
            with self.subTest(file.name):
                self.check(file)

    def check(self, file):
        lines = file.read_text().splitlines()
        faults = [match.groups() for line in lines if (match := EXPECTED.fullmatch(line))]
        hints = [line.removeprefix("# hint: ") for line in lines if line.startswith("# hint: ")]
        self.assertTrue(faults, "says nothing of what is expected")
        marker = self.folder / "started"
        for words in (["submit", file, "--local", "-p", f"marker={marker}"], ["lint", file], ["compile", file]):
            result = self.kfrun(*words, code=2)
            self.assertEqual(result.stdout, "")
            for place, text in faults:
                wanted = re.compile(rf"^error: .*{re.escape(file.name)}:{place}\b.*{re.escape(text)}", re.M)
                self.assertRegex(result.stderr, wanted)
            for hint in hints:
                self.assertRegex(result.stderr, re.compile(rf"^  hint: .*{re.escape(hint)}", re.M))
        self.assertFalse(marker.exists(), "something was started")
        self.assertEqual(self.runs(), [])


main()
