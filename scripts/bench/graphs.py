#!/usr/bin/env python3
"""graphs.py FOLDER COUNT

Writes into FOLDER the same graphs of COUNT trivial tasks for ninja and for kfrun: wide (none needs another) and chained (each needs
the one before), and a pipeline of 20 naps of half a second.
"""

import os
import sys


def ninja(chained, count):
    yield "rule task\n  command = true $out\n"
    for i in range(count):
        yield f"build t{i}: task {f't{i - 1}' if chained and i else ''}\n"


def kfrun(chained, count):
    yield "apiVersion: kfrun/v1\nkind: Pipeline\nname: graph\ndefaults: {image: busybox}\ntasks:\n"
    for i in range(count):
        after = f", after: [t{i - 1}]" if chained and i else ""
        yield f'  t{i}: {{command: ["true", t{i}]{after}}}\n'


def naps():
    yield "apiVersion: kfrun/v1\nkind: Pipeline\nname: naps\ndefaults: {image: busybox}\ntasks:\n"
    yield '  nap: {matrix: {i: 20}, command: [sleep, "0.5"]}\n'


def write(folder, name, lines):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.writelines(lines)


folder, count = sys.argv[1], int(sys.argv[2])
for shape in ("wide", "chained"):
    write(f"{folder}/{shape}", "build.ninja", ninja(shape == "chained", count))
    write(f"{folder}/{shape}", "pipeline.yaml", kfrun(shape == "chained", count))
write(f"{folder}/naps", "pipeline.yaml", naps())
