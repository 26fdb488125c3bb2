// GELF in datagrams to a host with several addresses, of both families.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { parseDrainUrl } from '../../../../platform/domain/log-drain.ts';
import { createDatagramSender } from '../../../../platform/logs/drains/datagrams.ts';
import { createGelfUdpTarget } from '../../../../platform/logs/drains/gelf.ts';
import { token, until } from './ground.ts';

const never = new AbortController().signal;
/** Nothing may be sent to it without a permission that we do not ask for. */
const refusing = '255.255.255.255';

async function startReceivers() {
  const texts: string[] = [];
  const four = createSocket('udp4');
  four.bind(0, '127.0.0.1');
  await once(four, 'listening');
  const { port } = four.address();
  const six = createSocket({ type: 'udp6', ipv6Only: true });
  six.bind(port, '::1');
  await once(six, 'listening');
  for (const [name, socket] of Object.entries({ four, six }))
    socket.on('message', (message) => {
      const { short_message } = JSON.parse(message.toString()) as { short_message: string };
      texts.push(`${name} ${short_message}`);
    });
  return {
    texts,
    port,
    [Symbol.dispose]() {
      four.close();
      six.close();
    },
  };
}

function createStage(port: number) {
  const stage = { addresses: ['127.0.0.1'], asked: 0 };
  const target = createGelfUdpTarget({
    address: parseDrainUrl(`gelf+udp://logs.example:${port}`),
    token,
    connect: {
      socket: () => Promise.reject(new Error('not here')),
      async resolve(signal) {
        signal.throwIfAborted();
        stage.asked += 1;
        return { host: 'logs.example', port: 0, addresses: stage.addresses };
      },
    },
    onBroken: () => {},
  });
  const send = (...texts: string[]) =>
    target.send(
      {
        lines: texts.map((text, at) => ({
          ...{ time: 1, source: 'app' as const, process: 'web.1', text },
          ...{ sequence: at + 1, upTo: at + 1, missed: 0 },
        })),
        ...{ before: 0, last: texts.length, missed: 0 },
      },
      never,
    );
  return Object.assign(stage, { target, send });
}

it('looks its host up once for many batches, and again when sending fails', async () => {
  using receivers = await startReceivers();
  const stage = createStage(receivers.port);
  for (let i = 0; i < 10; i++) await stage.send(`${i}`);
  expect(stage.asked).toBe(1);
  await until(() => receivers.texts.length === 10);
  await stage.target.close();
  const other = createStage(receivers.port);
  other.addresses = [refusing];
  await expect(other.send('lost')).rejects.toThrow('EACCES');
  other.addresses = ['::1'];
  // The family of the first answer does not stick.
  await other.send('again');
  expect(other.asked).toBe(2);
  await until(() => receivers.texts.includes('six again'));
  await other.target.close();
});

it('goes on to the next address where one refuses, of whichever family', async () => {
  using receivers = await startReceivers();
  const stage = createStage(receivers.port);
  stage.addresses = [refusing, '::1', '127.0.0.1'];
  await stage.send('one', 'two');
  await until(() => receivers.texts.length === 2);
  stage.addresses = [refusing, '127.0.0.1'];
  await stage.send('three');
  await until(() => receivers.texts.length === 3);
  expect(receivers.texts).toEqual(['six one', 'six two', 'four three']);
  await stage.target.close();
});

it('looks its host up again after half a minute', async () => {
  using receivers = await startReceivers();
  let clock = 0;
  let asked = 0;
  const sender = createDatagramSender({
    connect: {
      async resolve() {
        asked += 1;
        return { host: 'logs.example', port: 0, addresses: ['127.0.0.1'] };
      },
    },
    port: receivers.port,
    now: () => clock,
  });
  const send = () => sender.toOne(never, (hand) => hand(Buffer.from('{"short_message":"tick"}')));
  await send();
  clock = 29_999;
  await send();
  expect(asked).toBe(1);
  clock = 30_000;
  await send();
  expect(asked).toBe(2);
  await until(() => receivers.texts.length === 3);
  sender.close();
});
