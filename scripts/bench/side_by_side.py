#!/usr/bin/env python3
"""side_by_side.py TITLE ROUNDS NAME=COMMAND [NAME=COMMAND ...]

Runs the commands in turn, ROUNDS times each (or until 60 s have gone into one), and prints wall and CPU time and peak memory.
The last column compares with the first command. Where outputs differ it says so.
"""

import hashlib
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time


class Peer:
    def __init__(self, word):
        self.name, command = word.split("=", 1)
        self.command = shlex.split(command)
        self.walls, self.cpus, self.digest = [], [], None

    def peak(self):
        """Peak memory in MB. A child's own figure would begin at this interpreter's size, so GNU time starts it."""
        with tempfile.NamedTemporaryFile("r") as report:
            subprocess.run(["/usr/bin/time", "-f", "%M", "-o", report.name, *self.command], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=True)
            return int(report.read()) / 1024

    def run(self):
        with tempfile.TemporaryFile() as out:
            begin = time.perf_counter()
            process = subprocess.Popen(self.command, stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            self.walls.append(time.perf_counter() - begin)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"{self.name}: exit code {process.returncode}: {shlex.join(self.command)}")
            out.seek(0)
            self.digest = hashlib.sha256(out.read()).hexdigest()
        self.cpus.append(usage.ru_utime + usage.ru_stime)


def seconds(value):
    return f"{value:8.2f} s " if value >= 1 else f"{value * 1000:8.2f} ms"


def main():
    title, rounds = sys.argv[1], int(sys.argv[2])
    peers = [Peer(word) for word in sys.argv[3:]]
    for peer in peers:
        peer.run()  # warms the page cache, and tells how long one takes
        if peer.walls[0] < 20:
            peer.walls, peer.cpus = [], []
    for _ in range(rounds):
        for peer in peers:
            if sum(peer.walls) < 60:
                peer.run()
    print(title + (", same output" if len({peer.digest for peer in peers}) == 1 else ", OUTPUTS DIFFER") * (len(peers) > 1))
    first = statistics.median(peers[0].walls)
    for peer in peers:
        median = statistics.median(peer.walls)
        print(
            f"  {peer.name:10} wall min {seconds(min(peer.walls))} median {seconds(median)}  cpu {seconds(statistics.median(peer.cpus))}"
            f"  peak {peer.peak():6.1f} MB  {len(peer.walls):3} runs"
            + (f"  {median / first:7.1f} x {peers[0].name}" if peer is not peers[0] else "")
        )


main()
