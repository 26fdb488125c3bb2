# A small package index for tests: an npm registry and a simple index of Python packages, of which some ask for a token.
# Usage: package-index.py <token>
#
# Packages of the scope @team, and those called team-…, are for who brings the token: `Bearer` to npm, as a password to Python.
# `forged` is served as another file than its page promises. Everything else that is not below is not there (404).
import base64, gzip, hashlib, io, json, sys, tarfile, zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOKEN = sys.argv[1]
PORT = 8080


def npm_archive(name, text):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        files = {"package.json": json.dumps({"name": name, "version": "1.0.0"}), "index.js": f"module.exports = '{text}';\n"}
        for path, content in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


def wheel(module, text):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        info = f"{module}-1.0.0.dist-info"
        archive.writestr(f"{module}.py", f"said = '{text}'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{module}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return raw.getvalue()


NPM = {name: npm_archive(name, f"hello from {name}") for name in ("@team/greet", "open", "forged")}
PYTHON = {name: wheel(name.replace("-", "_"), f"hello from {name}") for name in ("team-greet", "open", "forged")}
FORGED = {"npm": npm_archive("forged", "something else"), "python": wheel("forged", "something else")}


class Index(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = unquote(self.path.split("?")[0]).strip("/")
        kind, _, rest = path.partition("/")
        if not self.may_have(rest):
            return self.answer(401, b'{"error":"a login is needed"}', {"www-authenticate": 'Basic realm="index"'})
        found = {"npm": self.npm, "simple": self.page, "files": self.file}.get(kind, lambda _: None)(rest)
        self.answer(404, b'{"error":"not found"}') if found is None else self.answer(200, *found)

    def may_have(self, rest):
        if not rest.removeprefix("files/").startswith(("@team/", "team-", "team_")):
            return True
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        return value == TOKEN

    def npm(self, rest):
        if rest.endswith(".tgz"):
            name = rest.rpartition("/-/")[0]
            return (FORGED["npm"] if name == "forged" else NPM[name],) if name in NPM else None
        if rest not in NPM:
            return None
        tarball = f"http://{self.headers['host']}/npm/{rest}/-/{rest.rpartition('/')[2]}-1.0.0.tgz"
        digest = base64.b64encode(hashlib.sha512(NPM[rest]).digest()).decode()
        dist = {"tarball": tarball, "integrity": f"sha512-{digest}", "shasum": hashlib.sha1(NPM[rest]).hexdigest()}
        version = {"name": rest, "version": "1.0.0", "dist": dist}
        document = {"name": rest, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}, "time": {"1.0.0": "2020-01-01T00:00:00.000Z"}}
        return (json.dumps(document).encode(), {"content-type": "application/json"})

    def page(self, name):
        if name not in PYTHON:
            return None
        file = f"{name.replace('-', '_')}-1.0.0-py3-none-any.whl"
        link = f'<a href="/files/{file}#sha256={hashlib.sha256(PYTHON[name]).hexdigest()}">{file}</a>'
        return (f"<!DOCTYPE html><html><body>{link}</body></html>".encode(), {"content-type": "text/html"})

    def file(self, file):
        name = file.partition("-")[0].replace("_", "-")
        return (FORGED["python"] if name == "forged" else PYTHON[name],) if name in PYTHON else None

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("0.0.0.0", PORT), Index)
print("ready", flush=True)
server.serve_forever()
