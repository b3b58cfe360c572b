#!/usr/bin/env python3
"""requests.py KFRUN_KUBE_BENCH [COUNT CONCURRENCY ROUNDS]

Creates COUNT ConfigMaps with CONCURRENCY requests on their way, against the server of $KUBECONFIG, by turns: with
kfrun_kube_bench (ninja kfrun_kube_bench), with `curl --parallel` and with Python threads over kept connections. Needs kubectl.
The kubeconfig must name a client certificate in embedded data. Prints requests per second, the median of the rounds.
"""

import base64
import http.client
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid


def kubectl(*words, **options):
    return subprocess.run(["kubectl", *words], check=True, stdout=subprocess.PIPE, **options).stdout


def embedded_files(folder):
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    files = {}
    for name, data in (("ca", cluster["certificate-authority-data"]), ("cert", user["client-certificate-data"]),
                       ("key", user["client-key-data"])):
        files[name] = os.path.join(folder, name)
        with open(files[name], "wb") as out:
            out.write(base64.b64decode(data))
    os.chmod(files["key"], 0o600)
    return cluster["server"], files


def body(number):
    return json.dumps({"metadata": {"name": f"bench-{number}"}, "data": {"value": "x" * 200}}, separators=(",", ":"))


def run_kfrun(program, kubeconfig, name_space, count, concurrency):
    out = subprocess.run([program, kubeconfig, name_space, str(count), str(concurrency)], check=True, stdout=subprocess.PIPE, text=True)
    return float(out.stdout.split()[0])


def run_curl(server, files, name_space, count, concurrency, folder):
    lines = []
    for number in range(count):
        lines += [f'url = "{server}/api/v1/namespaces/{name_space}/configmaps"', f'cacert = "{files["ca"]}"', f'cert = "{files["cert"]}"',
                  f'key = "{files["key"]}"', 'header = "Content-Type: application/json"', f"data = {json.dumps(body(number))}",
                  'output = "/dev/null"', "fail", "next"]
    config = os.path.join(folder, "curl.config")
    with open(config, "w") as out:
        out.write("\n".join(lines[:-1]) + "\n")
    begin = time.perf_counter()
    subprocess.run(["curl", "--silent", "--show-error", "--parallel", "--parallel-max", str(concurrency), "--config", config], check=True)
    return count / (time.perf_counter() - begin)


def run_python(server, files, name_space, count, concurrency):
    context = ssl.create_default_context(cafile=files["ca"])
    context.load_cert_chain(files["cert"], files["key"])
    numbers = iter(range(count))
    lock = threading.Lock()

    def work():
        connection = http.client.HTTPSConnection(server.removeprefix("https://"), context=context)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            connection.request("POST", f"/api/v1/namespaces/{name_space}/configmaps", body(number), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 201, reply.status

    threads = [threading.Thread(target=work) for _ in range(concurrency)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - begin)


def main():
    program = sys.argv[1]
    count, concurrency, rounds = [int(word) for word in (sys.argv[2:] + ["1000", "50", "5"][len(sys.argv) - 2:])]
    kubeconfig = os.environ["KUBECONFIG"]
    rates = {"kfrun": [], "curl --parallel": [], "python threads": []}
    with tempfile.TemporaryDirectory() as folder:
        server, files = embedded_files(folder)
        runners = {"kfrun": lambda ns: run_kfrun(program, kubeconfig, ns, count, concurrency),
                   "curl --parallel": lambda ns: run_curl(server, files, ns, count, concurrency, folder),
                   "python threads": lambda ns: run_python(server, files, ns, count, concurrency)}
        for _ in range(rounds):
            for name, run in runners.items():
                name_space = "kfrun-bench-" + uuid.uuid4().hex[:8]
                kubectl("create", "namespace", name_space)
                try:
                    rates[name].append(run(name_space))
                finally:
                    kubectl("delete", "namespace", name_space, "--wait=true")
    print(f"{count} ConfigMaps, {concurrency} at once, requests/s (median, least to most of {rounds})")
    for name, values in rates.items():
        print(f"  {name:16} {statistics.median(values):7.0f}   {min(values):.0f} to {max(values):.0f}")


main()
