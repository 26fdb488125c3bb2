// What the visitors of "zero-drop" ask for. It does nothing for SIGTERM, which ends it in the middle of whatever is open:
// that nothing is, is the platform's word.
//   /get?nonce=…            the nonce        /post               the SHA-1 of the body
//   /long?parts=n&ms=n      parts of 10,000 bytes over so long, with their length told before
//   /events?count=n&ms=n    server-sent events; a WebSocket is echoed
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const part = Buffer.alloc(10_000, 'part of a long answer\n');
const who = { 'X-Process': `${process.env.DYNO} ${process.env.TWELVE_RELEASE_VERSION} ${hostname()}` };

/** So many, evenly over the time. */
function spread(count, ms, each, end) {
  let n = 0;
  const timer = setInterval(() => {
    each(n++);
    if (n < count) return;
    clearInterval(timer);
    end();
  }, ms / count);
}

const answers = {
  '/get': (query, _request, response) => {
    response.writeHead(200, who);
    response.end(query.get('nonce'));
  },
  '/post': async (_query, request, response) => {
    const hash = createHash('sha1');
    for await (const piece of request) hash.update(piece);
    response.writeHead(200, who);
    response.end(hash.digest('hex'));
  },
  '/long': (query, _request, response) => {
    const parts = Number(query.get('parts'));
    response.writeHead(200, { ...who, 'Content-Length': parts * part.length });
    spread(
      parts,
      Number(query.get('ms')),
      () => response.write(part),
      () => response.end(),
    );
  },
  '/events': (query, _request, response) => {
    response.writeHead(200, { ...who, 'Content-Type': 'text/event-stream' });
    spread(
      Number(query.get('count')),
      Number(query.get('ms')),
      (n) => response.write(`data: ${n}\n\n`),
      () => response.end(),
    );
  },
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app');
  const answer = answers[pathname];
  if (answer) answer(searchParams, request, response);
  else response.writeHead(404, who).end();
});

/** Short text messages only. */
server.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const head = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': createHash('sha1').update(key).digest('base64'),
    ...who,
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
  socket.on('error', () => undefined);
  // Several may come at once, or one in two pieces.
  let rest = Buffer.alloc(0);
  socket.on('data', (piece) => {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 6 && rest.length >= 6 + (rest[1] & 0x7f)) {
      const frame = rest.subarray(0, 6 + (rest[1] & 0x7f));
      rest = rest.subarray(frame.length);
      if ((frame[0] & 0x0f) !== 1) return socket.end(Buffer.from([0x88, 0]));
      const text = frame.subarray(6).map((byte, index) => byte ^ frame[2 + (index % 4)]);
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
    }
  });
});

server.listen(Number(process.env.PORT), '0.0.0.0');
