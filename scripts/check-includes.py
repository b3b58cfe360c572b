#!/usr/bin/env python3
"""Reads every #include of lib/ and cli/ and fails on one that crosses a wall: a room may include only the rooms below it,
and an outside library only where it has its place.

    check-includes.py [TREE]       checks a source tree (this one)
    check-includes.py --self-test  checks that wrong includes are found
"""

import pathlib
import re
import sys
import tempfile

# Which rooms' headers a room may include, besides its own.
MAY_INCLUDE = {
    "base": set(),
    "document": {"base"},
    "kustomize": {"base", "document"},
    "kube": {"base", "document"},
    "pipeline": {"base", "document"},
    "run": {"base", "document", "kube", "pipeline"},
    "tune": {"base", "document", "pipeline", "run"},
    "deploy": {"base", "document", "kube"},
    "report": {"base", "document"},
    "launcher": set(),
    "cli": {"base", "document", "kustomize", "kube", "pipeline", "run", "tune", "deploy", "report"},
}
# Single headers beyond that: a report is made from a run's record alone; a run brings the launcher into its pods.
ALSO = {"report": {"run/record.h", "run/state.h"}, "run": {"launcher/launcher_bytes.h"}}

# Outside libraries, by how their headers begin, and the folders or files that may include them.
LIBRARIES = {
    "fmt/": ["lib/", "cli/"],  # base/error.h hands it to everyone
    "openssl/": ["lib/base/digest.cpp", "lib/kube/"],
    "yaml.h": ["lib/document/yaml_reader.cpp", "lib/document/spots.cpp"],
    "yaml-cpp/": ["lib/document/own_yaml_reader.cpp"],
    "rapidjson/": ["lib/document/json.cpp", "lib/launcher/"],
    "re2/": ["lib/kustomize/", "lib/pipeline/"],
    "curl/": ["lib/kube/"],
    "CLI/": ["cli/app.cpp", "cli/flag_kinds.h"],
    "catch2/": ["lib/base/"],
    "Eigen/": ["lib/tune/"],
    "boost/random": ["lib/tune/"],
    "nlopt": ["lib/tune/"],
}
# The C and C++ standard libraries, POSIX and Linux.
SYSTEM = re.compile(
    r"[a-z_0-9]+|(arpa|linux|net|netinet|sys)/[a-z_0-9]+\.h"
    r"|(dirent|dlfcn|errno|fcntl|fnmatch|getopt|glob|limits|locale|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal"
    r"|spawn|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings|termios|time|unistd)\.h"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def room_of(path):
    return path.parts[1] if path.parts[0] == "lib" else "cli"


def fault_of_system(path, header):
    for beginning, places in LIBRARIES.items():
        if header.startswith(beginning):
            if any(str(path).startswith(place) for place in places):
                return None
            return f"<{header}> belongs in {' or '.join(places)} alone"
    return None if SYSTEM.fullmatch(header) else f"<{header}> is of no library that has a place here"


def fault_of_own(path, header):
    room, target = room_of(path), header.split("/")[0]
    if "/" not in header or target not in MAY_INCLUDE:
        return f'"{header}" names no room: write "room/file.h"'
    if target == room or target in MAY_INCLUDE[room] or header in ALSO.get(room, ()):
        return None
    if room == "launcher" and target == "base" and path.name.endswith("_test.cpp"):
        return None  # its tests are an ordinary test program
    return f'"{header}": {room} may not include {target}'


def faults(tree):
    tree = pathlib.Path(tree)
    found, files = [], 0
    for file in sorted([*tree.glob("lib/**/*"), *tree.glob("cli/**/*")]):
        path = file.relative_to(tree)
        if file.suffix not in (".h", ".cpp", ".c") or len(path.parts) < (3 if path.parts[0] == "lib" else 2):
            continue
        files += 1
        if room_of(path) not in MAY_INCLUDE:
            found.append(f"{path}:1: lib/{room_of(path)} is no room of the table in {pathlib.Path(__file__).name}")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                fault = fault_of_system(path, match[1]) if match[1] else fault_of_own(path, match[2])
                if fault:
                    found.append(f"{path}:{number}: {fault}")
    if files == 0:
        found.append(f"{tree}: no sources here")
    return found


def self_test():
    cases = [  # file, include, whether it is right
        ("lib/base/a.cpp", "<sys/stat.h>", True),
        ("lib/base/a.cpp", "<fmt/core.h>", True),
        ("lib/base/digest.cpp", "<openssl/evp.h>", True),
        ("lib/base/a.cpp", '"document/node.h"', False),
        ("lib/base/a.cpp", "<openssl/evp.h>", False),
        ("lib/document/a.h", '"base/error.h"', True),
        ("lib/document/a.h", "<yaml.h>", False),
        ("lib/document/sub/a.h", '"kube/client.h"', False),
        ("lib/kustomize/a.cpp", '"kube/client.h"', False),
        ("lib/kube/a.cpp", '"pipeline/dag.h"', False),
        ("lib/kube/a.cpp", "<curl/curl.h>", True),
        ("lib/pipeline/a.cpp", '"run/state.h"', False),
        ("lib/run/a.cpp", '"kube/client.h"', True),
        ("lib/run/a.cpp", '"kustomize/kustomize.h"', False),
        ("lib/run/a.cpp", "<curl/curl.h>", False),
        ("lib/report/a.cpp", '"run/record.h"', True),
        ("lib/report/a.cpp", '"run/engine.h"', False),
        ("lib/launcher/a.cpp", '"base/text.h"', False),
        ("lib/common/a.cpp", "<string>", False),
        ("cli/a.cpp", '"kustomize/kustomize.h"', True),
        ("cli/a.cpp", "<CLI/CLI.hpp>", False),
        ("cli/a.cpp", "<boost/asio.hpp>", False),
        ("cli/a.cpp", '"flags.h"', False),
        ("lib/run/a_test.cpp", '"cli/flags.h"', False),
    ]
    wrong = []
    for file, include, right in cases:
        with tempfile.TemporaryDirectory() as tree:
            path = pathlib.Path(tree, file)
            path.parent.mkdir(parents=True)
            path.write_text(f"// x\n#include {include}\n")
            found = faults(tree)
            if right == bool(found):
                wrong.append(f"{file}: #include {include}: {found or 'not found out'}")
    with tempfile.TemporaryDirectory() as tree:
        if not faults(tree):
            wrong.append("an empty tree passes")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        found = self_test()
    else:
        found = faults(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
