"""An HTTP proxy between kfrun and a real API server that counts requests and misbehaves to order.

Clients speak plain HTTP/1.1 to it; it speaks TLS with the credentials of a kubeconfig. What it does to a request is decided by
`fault(request)`, called for each in turn, which gives None or the name of one of FAULTS."""

import base64
import collections
import http.client
import http.server
import json
import os
import socket
import ssl
import struct
import tempfile
import threading
import time
import urllib.parse

FAULTS = {
    "429": "too many requests, with Retry-After; not passed on",
    "503 before": "service unavailable; not passed on",
    "500 before": "etcd has no leader; not passed on",
    "500 after": "etcd timed out, after the request took effect",
    "reset before": "the connection is reset; not passed on",
    "reset after": "the connection is reset after the request took effect",
    "reset in body": "the connection is reset in the middle of the answer",
    "401": "the token has expired, and a new one is in its file; not passed on",
    "410": "a watch or a list goes on from too old a version",
    "stale": "a list is answered as it was before",
    "silent": "a watch says nothing any more",
    "kill before": "the client is killed; not passed on",
    "kill after": "the client is killed after the request took effect",
}

Request = collections.namedtuple("Request", "number method path body")


def status(code, reason, message):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
                       "message": message, "metadata": {}}).encode()


class Upstream:
    """The API server of a kubeconfig with a client certificate or a token, which JSON (kubectl config view) describes."""

    def __init__(self, config):
        context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
        cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
        user = next(u["user"] for u in config["users"] if u["name"] == context["user"])
        url = urllib.parse.urlparse(cluster["server"])
        self.host, self.port = url.hostname, url.port or 443
        self.headers = {"Authorization": "Bearer " + user["token"]} if "token" in user else {}
        self.tls = ssl.create_default_context(cadata=self.text(cluster, "certificate-authority"))
        if "client-certificate-data" in user or "client-certificate" in user:
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(self.text(user, "client-certificate") + "\n" + self.text(user, "client-key"))
                file.flush()
                self.tls.load_cert_chain(file.name)

    @staticmethod
    def text(mapping, key):
        if key + "-data" in mapping:
            return base64.b64decode(mapping[key + "-data"]).decode()
        return open(mapping[key]).read()

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=120)


class Proxy:
    def __init__(self, config, fault=lambda request: None, kill=lambda: None):
        self.upstream = Upstream(config)
        self.fault, self.kill = fault, kill
        self.lock = threading.Lock()
        self.count = 0
        self.injected = collections.Counter()
        self.pods = collections.defaultdict(set)  # the uids that pods of a name had
        self.lists = {}  # answers to lists, by path
        self.token, self.token_file = 0, None
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass

            def serve(self):
                proxy.serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def kubeconfig(self, path, namespace):
        self.token_file = path.with_suffix(".token")
        self.token_file.write_text("token-0")
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"tokenFile": str(self.token_file)}}]}))
        return path

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self.lock:
            self.count += 1
            request = Request(self.count, handler.command, handler.path, body)
            fault = self.fault(request)
            if fault:
                self.injected[fault] += 1
            if fault == "401":
                self.token += 1
                self.token_file.with_suffix(".new").write_text(f"token-{self.token}")
                self.token_file.with_suffix(".new").rename(self.token_file)
            elif handler.headers.get("Authorization") != f"Bearer token-{self.token}" and not fault:
                fault = "401"  # one more request with the old token
        if fault in ("kill before", "reset before"):
            return self.drop(handler, fault)
        if fault == "429":
            return self.answer(handler, 429, status(429, "TooManyRequests", "please try again later"), {"Retry-After": "1"})
        if fault == "503 before":
            return self.answer(handler, 503, status(503, "ServiceUnavailable", "the server is going down"))
        if fault == "500 before":
            return self.answer(handler, 500, status(500, "InternalError", "etcdserver: leader changed"))
        if fault == "401":
            return self.answer(handler, 401, status(401, "Unauthorized", "Unauthorized"))
        if fault == "410":
            return self.answer(handler, 410, status(410, "Expired", "too old resource version"))
        if fault == "silent":
            time.sleep(600)
        if fault == "stale" and handler.path in self.lists:
            return self.answer(handler, 200, self.lists[handler.path])
        self.pass_on(handler, request, fault)

    def drop(self, handler, fault):
        if fault.startswith("kill"):
            self.kill()
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    def answer(self, handler, code, body, headers={}):
        handler.send_response(code)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def pass_on(self, handler, request, fault):
        connection = self.upstream.connect()
        headers = {name: value for name, value in handler.headers.items()
                   if name.lower() not in ("host", "connection", "accept-encoding", "authorization")}
        try:
            connection.request(request.method, request.path, request.body or None, headers | self.upstream.headers)
            reply = connection.getresponse()
            if "watch=" in request.path or "follow=" in request.path:
                return self.stream(handler, reply)
            body = reply.read()
        finally:
            connection.close()
        self.note(request, reply.status, body)
        if fault in ("kill after", "reset after"):
            return self.drop(handler, fault)
        if fault == "500 after":
            return self.answer(handler, 500, status(500, "InternalError", "etcdserver: request timed out"))
        if fault == "reset in body":
            handler.send_response(reply.status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            time.sleep(0.02)
            return self.drop(handler, fault)
        self.answer(handler, reply.status, body, {"Content-Type": reply.getheader("Content-Type") or "application/json"})

    def stream(self, handler, reply):
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.getheader("Content-Type") or "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while piece := reply.read1(65536):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            handler.wfile.flush()
        handler.wfile.write(b"0\r\n\r\n")

    def note(self, request, code, body):
        path = urllib.parse.urlparse(request.path).path
        if request.method == "POST" and path.endswith("/pods") and code == 201:
            pod = json.loads(body)
            with self.lock:
                self.pods[pod["metadata"]["name"]].add(pod["metadata"]["uid"])
        if request.method == "GET" and code == 200 and b'List"' in body[:64]:
            with self.lock:
                self.lists.setdefault(request.path, body)


def read_kubeconfig(path):
    import subprocess

    out = subprocess.run(["kubectl", "--kubeconfig", path, "config", "view", "--raw", "-o", "json"], check=True, capture_output=True)
    return json.loads(out.stdout)
