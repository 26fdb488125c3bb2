// What the kernel says of connections, of real ones and in tables as it writes them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import {
  createWatcher,
  type Outstanding,
  type Watcher,
} from '../../../../platform/logs/drains/outstanding.ts';
import { eventually } from '../../../support/wait.ts';
import { startReceiver } from './receiver.ts';

function asked(watcher: Watcher, socket: Socket): Promise<Outstanding | undefined> {
  return new Promise((resolve) => {
    const stop = watcher.watch(socket, () => (outstanding) => {
      stop();
      resolve(outstanding);
    });
  });
}

it.each(['127.0.0.1', '::ffff:127.0.0.1'])('a connection to %s', async (host) => {
  await using receiver = await startReceiver({ accept: () => () => {} });
  receiver.pause();
  const socket = connect({ port: receiver.port, host }).on('error', () => {});
  await once(socket, 'connect');
  const watcher = createWatcher({ everyMs: 20 });
  socket.write('hello');
  await eventually(
    () => asked(watcher, socket),
    (outstanding) => outstanding?.bytes === 0 && !outstanding.unanswered,
  );
  // More than the receiver's end holds, which reads nothing and answers that.
  socket.write(Buffer.alloc(16 << 20));
  const full = await asked(watcher, socket);
  expect(full).toMatchObject({ unanswered: false });
  expect(full!.bytes).toBeGreaterThan(1000);
  socket.destroy();
});

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

it.each([
  ['in flight', '00000010:00000000 01:00000014 00000000', { bytes: 16, unanswered: false }],
  ['sent again', '00000A10:00000000 01:00000A14 00000003', { bytes: 2576, unanswered: true }],
  ['full', '0027AC40:00000000 04:00000A14 00000003', { bytes: 2_600_000, unanswered: false }],
])('%s', async (_, state, outstanding) => {
  const four = `   0: 0100007F:ABCD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n`;
  const six = `  12: 0000000000000000FFFF00000100007F:8A2C 0000000000000000FFFF00000200007F:1922 01 ${state}     0        0 2\n`;
  const read = async (path: string): Promise<string> => head + (path.endsWith('6') ? six : four);
  const watcher = createWatcher({ everyMs: 1, read });
  const socket = (localPort: number): Socket => ({ localPort, remotePort: 0x1922 }) as Socket;
  expect(await asked(watcher, socket(0x8a2c))).toEqual(outstanding);
  expect(await asked(watcher, socket(0x8a2d))).toBeUndefined();
});
