// An app that says what it is: its process, its release, its code and its config. Its build fetches nothing.

/** @param note what tells this code from another */
export function files(note: string): Record<string, string> {
  return { 'note.txt': note, Procfile: 'web: python3 server.py\nrelease: true\n', 'server.py': server };
}

const server = `import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

note = open('note.txt').read()
config = {name: value for name, value in os.environ.items() if name.startswith('VAR_')}
line = f"{os.environ['DYNO']} {os.environ['TWELVE_RELEASE_VERSION']} {json.dumps({'note': note, 'config': config})}"

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(line.encode())

    def log_message(self, *args):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 128

Server(('', int(os.environ['PORT'])), Handler).serve_forever()
`;
