#!/usr/bin/env python3
# The smallest web process: says hello on $PORT.
import http.server
import os


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from a Procfile\n")


http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Hello).serve_forever()
