// Registries that cannot be talked to, beside the program that asks them: a certificate of nobody, and a server that never answers.
import type { Files } from './builds.ts';

/** Inside the container, before the language's turn. */
const untrusted = 8443;
const silent = 8444;
const servers = `#!/bin/bash
openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/key -out /tmp/certificate -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
cat >/tmp/servers.py <<'END'
import http.server, socket, ssl, threading
web = http.server.ThreadingHTTPServer(("127.0.0.1", ${untrusted}), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tmp/certificate", "/tmp/key")
web.socket = context.wrap_socket(web.socket, server_side=True)
mute = socket.create_server(("127.0.0.1", ${silent}), backlog=100)
print("ready", flush=True)
web.serve_forever()
END
python3 /tmp/servers.py >/tmp/servers.out 2>/dev/null &
until grep -q ready /tmp/servers.out; do sleep 0.05; done
`;

export const unanswered: [cause: string, address: string][] = [
  ['certificate not trusted', `https://127.0.0.1:${untrusted}`],
  ['timed out', `http://127.0.0.1:${silent}`],
];

/** @param more lines that the compile of the first buildpack ends with */
export const withServers = (language: string, files: Files, more = ''): Files => ({
  '.buildpacks': `inline\n${language}\n`,
  'bin/compile': servers + more,
  ...files,
});

export const unreachable = (cause: string, whose = 'the package registry') => ({
  id: 'E9',
  message: `The build could not talk to ${whose} (${cause}). Your app is fine. If this host uses its own certificate authority, set the CA file in the server settings; otherwise retry.`,
});
