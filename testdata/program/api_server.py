"""A small API server in memory: objects of namespaces that exist, listed by labels, and what it is told to refuse. It runs no
controllers; a test puts in what they would."""

import http.server
import json
import threading
import time
import urllib.parse

KINDS = {"configmaps": "ConfigMap", "pods": "Pod", "leases": "Lease", "persistentvolumeclaims": "PersistentVolumeClaim"}


class ApiServer:
    def __init__(self):
        self.objects = {}  # by (namespace, plural, name)
        self.namespaces = {"default"}
        self.refuse = None  # a status for every request
        self.forbidden = set()  # plurals that nobody may touch
        self.requests = []  # "GET /api/...", in order
        self.deletions = []  # what is deleted, and with which options
        self.log = ""  # of every pod
        self.followers = []  # connections that follow it
        self.broken = threading.Event()
        self.version = 0
        self.deleted = []
        self.changed = threading.Condition()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                size = int(self.headers.get("Content-Length", 0))
                server.answer(self, json.loads(self.rfile.read(size)) if size else None)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def put(self, namespace, plural, thing):
        """Makes or replaces an object, as a controller or another client would."""
        with self.changed:
            self.version += 1
            meta = thing.setdefault("metadata", {})
            meta |= {"namespace": namespace, "resourceVersion": str(self.version)}
            meta.setdefault("uid", f"uid-{self.version}")
            meta.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
            thing.setdefault("kind", KINDS.get(plural, plural))
            self.objects[namespace, plural, meta["name"]] = thing
            self.changed.notify_all()
            return thing

    def of(self, plural, selector=""):
        wanted = [part.partition("=") for part in selector.split(",") if part]
        with self.changed:
            things = [thing for (_, kind, _), thing in sorted(self.objects.items()) if kind == plural]
        labels = lambda thing: thing["metadata"].get("labels", {})
        return [thing for thing in things if all(key in labels(thing) and (not equals or labels(thing)[key] == value)
                                                 for key, equals, value in wanted)]

    def answer(self, request, body):
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.requests.append(f"{request.command} {request.path}")
        parts = url.path.strip("/").split("/")
        if self.refuse and url.path != "/version":
            return self.fail(request, self.refuse, "Forbidden", "the test forbids it")
        if self.forbidden.intersection(parts):
            return self.fail(request, 403, "Forbidden", "the test forbids it")
        if url.path == "/version":
            return self.reply(request, 200, {"major": "1", "minor": "30", "gitVersion": "v1.30.0"})
        if "namespaces" not in parts or len(parts) <= parts.index("namespaces") + 2:
            return self.fail(request, 404, "NotFound", "no such thing")
        at = parts.index("namespaces")
        namespace, plural = parts[at + 1], parts[at + 2]
        name = parts[at + 3] if len(parts) > at + 3 else None
        if query.get("watch"):
            return self.watch(request, plural, query)
        if plural == "pods" and parts[-1] == "log":
            return self.give_log(request, query)
        if name is None and request.command == "GET":
            return self.reply(request, 200, {"kind": "List", "metadata": {"resourceVersion": str(self.version)},
                                             "items": self.of(plural, query.get("labelSelector", ""))})
        if request.command == "POST" and namespace not in self.namespaces:
            return self.fail(request, 404, "NotFound", f'namespaces "{namespace}" not found')
        key = (namespace, plural, name or body["metadata"]["name"])
        if request.command == "POST":
            if key in self.objects:
                return self.fail(request, 409, "AlreadyExists", "there is one")
            return self.reply(request, 201, self.put(namespace, plural, body))
        thing = self.objects.get(key)
        if thing is None:
            return self.fail(request, 404, "NotFound", f"{plural} {key[2]} not found")
        if request.command == "PATCH":
            thing = self.put(namespace, plural, merged(thing, body))
        if request.command == "PUT":
            thing = self.put(namespace, plural, body)
        if request.command == "DELETE":
            self.deletions.append((plural, body or {}))
            with self.changed:
                del self.objects[key]
                self.deleted.append(thing)
                self.changed.notify_all()
        return self.reply(request, 200, thing)

    def watch(self, request, plural, query):
        """What changes from now on; ended by whoever asked."""
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Connection", "close")
        request.end_headers()
        request.close_connection = True
        sent = int(query.get("resourceVersion") or 0)
        gone = len(self.deleted)
        try:
            while True:
                with self.changed:
                    self.changed.wait(timeout=1)
                news = [thing for thing in self.of(plural, query.get("labelSelector", ""))
                        if int(thing["metadata"]["resourceVersion"]) > sent]
                for thing in sorted(news, key=lambda thing: int(thing["metadata"]["resourceVersion"])):
                    sent = int(thing["metadata"]["resourceVersion"])
                    request.wfile.write((json.dumps({"type": "MODIFIED", "object": thing}) + "\n").encode())
                for thing in self.deleted[gone:]:
                    request.wfile.write((json.dumps({"type": "DELETED", "object": thing}) + "\n").encode())
                gone = len(self.deleted)
                request.wfile.flush()
        except OSError:
            pass

    def give_log(self, request, query):
        """To its end, or followed until break_logs(); in pieces, so that a reader can tell an end from a break."""
        request.send_response(200)
        request.send_header("Content-Type", "text/plain")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()

        def write(text):
            request.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())

        text, sent = self.log, len(self.log)
        if query.get("tailLines"):
            text = "".join(text.splitlines(keepends=True)[-int(query["tailLines"]):])
        if text:
            write(text)
        if not query.get("follow"):
            return write("")
        self.followers.append(request)
        while request in self.followers:
            if len(self.log) > sent:
                write(self.log[sent:])
                sent = len(self.log)
            time.sleep(0.02)
        request.close_connection = True
        self.broken.set()

    def break_logs(self):
        """Ends the connection that follows a log, in the middle of it."""
        self.broken.clear()
        self.followers.clear()
        self.broken.wait(timeout=30)

    def reply(self, request, status, thing):
        text = json.dumps(thing).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def fail(self, request, status, reason, message):
        self.reply(request, status, {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message})


def merged(thing, patch):
    """RFC 7386."""
    if not isinstance(patch, dict) or not isinstance(thing, dict):
        return patch
    result = dict(thing)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value) if isinstance(value, dict) else value
    return result
