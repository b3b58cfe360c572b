"""Answers POST / with 64 pixels as a JSON list by the digit they show; GET /healthz when the model is loaded."""

import http.server
import json
import os

import joblib
import numpy

model = joblib.load(os.environ["MODEL"])


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200 if self.path == "/healthz" else 404, self.path == "/healthz")

    def do_POST(self):
        try:
            pixels = numpy.array(json.loads(self.rfile.read(int(self.headers["Content-Length"]))), dtype=float).reshape(1, 64)
        except (TypeError, ValueError) as error:
            self.answer(400, {"error": str(error)})
        else:
            self.answer(200, {"digit": int(model.predict(pixels)[0])})


http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
