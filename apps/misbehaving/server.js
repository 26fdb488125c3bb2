// Does wrong what can be done wrong, on request. Config vars choose what happens at start:
//   EXIT_AT_START=n        prints a last line and exits with status n
//   BIND=never|local|late  does not listen, listens on 127.0.0.1 only, or after BIND_AFTER ms
//   IGNORE_TERM=1          does not stop on SIGTERM
// Requests choose the rest: /crash /exit?status=n /flood?lines=n /slow?ms=n /silent /stream?ms=n&every=n /echo;
// a WebSocket is echoed.
import { createServer } from 'node:http';
import { echoSocket } from './socket.js';

const { PORT = '3000', EXIT_AT_START, BIND = '', BIND_AFTER = '3000', IGNORE_TERM } = process.env;

if (EXIT_AT_START) {
  console.error(`last words before exit ${EXIT_AT_START}`);
  process.exit(Number(EXIT_AT_START));
}
process.on('SIGTERM', () => {
  console.log(IGNORE_TERM ? 'SIGTERM ignored' : 'SIGTERM received');
  if (!IGNORE_TERM) server.close(() => process.exit(0));
});

const actions = {
  '/crash': () => {
    console.error('crashing on request');
    process.abort();
  },
  '/exit': (query) => {
    console.error('exiting on request');
    process.exit(Number(query.get('status') ?? 1));
  },
  '/flood': async (query, _request, response) => {
    const lines = Number(query.get('lines') ?? 1000);
    for (let n = 0; n < lines; n++) {
      if (!process.stdout.write(`flood ${n}\n`))
        await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
    response.end(`${lines} lines\n`);
  },
  '/slow': (query, _request, response) =>
    void setTimeout(() => response.end('slow\n'), Number(query.get('ms') ?? 1000)),
  '/silent': () => undefined,
  '/stream': (query, _request, response) => {
    const every = Number(query.get('every') ?? 100);
    const until = Date.now() + Number(query.get('ms') ?? 1000);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    let n = 0;
    const timer = setInterval(() => {
      response.write(`data: ${n++}\n\n`);
      if (Date.now() < until) return;
      clearInterval(timer);
      response.end();
    }, every);
  },
  '/echo': async (_query, request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({
        method: request.method,
        headers: request.headers,
        body,
        pid: process.pid,
        dyno: process.env.DYNO,
      }),
    );
  },
};

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://app');
  const action = actions[url.pathname];
  if (action) action(url.searchParams, request, response);
  else response.end(`${process.env.DYNO} ${process.env.TWELVE_RELEASE_VERSION}\n`);
});

server.on('upgrade', echoSocket);

const listen = () =>
  server.listen(Number(PORT), BIND === 'local' ? '127.0.0.1' : '0.0.0.0', () =>
    console.log(`listening on ${PORT}`),
  );
if (BIND === 'late') setTimeout(listen, Number(BIND_AFTER));
else if (BIND === 'never') setInterval(() => undefined, 60_000);
else listen();
