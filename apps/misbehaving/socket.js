// A WebSocket that says back what it hears: short text messages only.
import { createHash } from 'node:crypto';

export function echoSocket(request, socket) {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => undefined);
  socket.on('data', (frame) => {
    if ((frame[0] & 0x0f) !== 1) return socket.end();
    const length = frame[1] & 0x7f;
    const text = Buffer.from(
      frame.subarray(6, 6 + length).map((byte, index) => byte ^ frame[2 + (index % 4)]),
    );
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
  });
}
