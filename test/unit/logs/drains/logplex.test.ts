// https drains, to a receiver that knows Heroku's protocol and remembers frames by their ids.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { logplexMessage } from '../../../../platform/logs/drains/logplex.ts';
import { temporaryFolder } from '../engine-files.ts';
import { makeCertificates } from './certificates.ts';
import { createGround, numbers, range, token, until } from './ground.ts';
import { type HttpAsked, startHttpReceiver } from './http-receiver.ts';
import { takeFrames } from './syslog-receiver.ts';

const form = /^<(\d{1,3})>1 (\S+) host (app|twelve) (\S+) - ([\s\S]*)\n$/;

/** What Heroku's page on https drains says of a request. @throws Error naming what is not so */
function checkedBatch({ method, headers, body }: HttpAsked): { id: string; texts: string[] } {
  const texts: string[] = [];
  const left = takeFrames(body, (frame) => {
    const match = form.exec(frame);
    if (!match) throw new Error(`no message of Logplex: ${frame.slice(0, 120)}`);
    texts.push(match[5]!);
  });
  const id = String(headers['logplex-frame-id']);
  const expected = {
    method: 'POST',
    type: 'application/logplex-1',
    token,
    count: String(texts.length),
    left: 0,
  };
  expect({
    method,
    type: headers['content-type'],
    token: headers['logplex-drain-token'],
    count: headers['logplex-msg-count'],
    left: left.length,
  }).toEqual(expected);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  return { id, texts };
}

/** Takes each frame once, however often it comes. */
async function startReceiver(
  tls: { key: string; cert: string },
  rule: (turn: number, asked: HttpAsked) => number | 'gone' = () => 200,
) {
  const frames = new Map<string, string[]>();
  const asked: HttpAsked[] = [];
  let repeated = 0;
  const receiver = await startHttpReceiver(tls, (one) => {
    asked.push(one);
    const { id, texts } = checkedBatch(one);
    const status = rule(asked.length, one);
    if (status !== 'gone' && status > 299) return { status };
    const known = frames.get(id);
    if (known) {
      repeated += 1;
      expect(texts).toEqual(known);
    } else frames.set(id, texts);
    return status === 'gone' ? null : { status };
  });
  return Object.assign(receiver, {
    asked,
    texts: () => [...frames.values()].flat(),
    repeated: () => repeated,
  });
}

it('writes lines as Heroku does', () => {
  const line = {
    time: 1_700_000_000_123_456,
    source: 'app' as const,
    process: 'web.3',
    text: 'up',
    sequence: 1,
  };
  expect(logplexMessage(line)).toBe('<190>1 2023-11-14T22:13:20.123456+00:00 host app web.3 - up\n');
});

it('delivers each line once, in order, with the login and path of its URL', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using receiver = await startReceiver(tls, () => 204);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`https://ada:s%2Fcret@localhost:${receiver.port}/in/take?key=1`);
  ground.print(1, 3000);
  await until(() => ground.status().lag === 0);
  expect(numbers(receiver.texts())).toEqual(range(1, 3000));
  expect(receiver.repeated()).toBe(0);
  expect(receiver.asked[0]).toMatchObject({
    path: '/in/take?key=1',
    headers: {
      host: `localhost:${receiver.port}`,
      authorization: `Basic ${Buffer.from('ada:s/cret').toString('base64')}`,
    },
  });
  expect(ground.status()).toEqual({ id: 'one', lag: 0, delivered: 3000, lost: 0, failure: null });
});

it('tries again, with the same frame, what was not answered with 2xx', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  const statuses = [500, 302, 'gone', 429, 200] as const;
  await using receiver = await startReceiver(tls, (turn) => statuses[turn - 1] ?? 200);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`https://localhost:${receiver.port}/`);
  ground.print(1, 100);
  await until(() => ground.status().lag === 0);
  expect(new Set(receiver.asked.map(({ headers }) => headers['logplex-frame-id'])).size).toBe(1);
  expect(receiver.asked).toHaveLength(5);
  expect(numbers(receiver.texts())).toEqual(range(1, 100));
  expect(receiver.repeated()).toBe(1);
});

it('loses and doubles nothing while receiver and server are restarted in mid-stream', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using receiver = await startReceiver(tls, (turn) => (turn % 7 === 0 ? 'gone' : 200));
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`https://localhost:${receiver.port}/`);
  let printed = 0;
  for (let round = 1; round <= 6; round++) {
    const asked = receiver.asked.length;
    for (let part = 0; part < 10; part++) {
      ground.print(printed + 1, printed + 150, ' '.repeat(100));
      printed += 150;
    }
    await until(() => receiver.asked.length > asked);
    await receiver.stop();
    ground.print(printed + 1, printed + 50);
    printed += 50;
    if (round % 2 === 0) await ground.restart();
    await receiver.start();
  }
  await until(() => ground.status().lag === 0);
  expect(numbers(receiver.texts())).toEqual(range(1, printed));
  expect(ground.status()).toMatchObject({ delivered: printed, lost: 0 });
});

it('sends the same frame again after it was killed, so that a receiver knows it', async () => {
  using folder = temporaryFolder();
  using next = temporaryFolder();
  const tls = makeCertificates(folder.path);
  let away = true;
  // It takes the frame, and its answer gets lost.
  await using receiver = await startReceiver(tls, () => (away ? 'gone' : 200));
  const url = `https://localhost:${receiver.port}/`;
  {
    await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
    ground.open(url);
    ground.print(1, 200);
    await until(() => receiver.asked.length > 0);
    // What a killed one leaves is what is on the disk at any one moment.
    cpSync(join(folder.path, 'app'), join(next.path, 'app'), { recursive: true });
  }
  away = false;
  await using ground = await createGround({ folder: next.path, caFile: tls.caFile });
  // More by now than was sent.
  ground.print(201, 1000);
  ground.open(url);
  await until(() => ground.status().lag === 0);
  expect(numbers(receiver.texts())).toEqual(range(1, 1000));
  expect(receiver.repeated()).toBeGreaterThan(0);
});

it('sends fewer lines at once to a receiver that finds them too many, and leaves out one that is too long', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using receiver = await startReceiver(tls, (_, { body }) => (body.length > 4000 ? 413 : 200));
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`https://localhost:${receiver.port}/`);
  ground.print(1, 300);
  ground.print(301, 301, 'x'.repeat(5000));
  ground.print(302, 400);
  await until(() => ground.status().lag === 0);
  const texts = receiver.texts().filter((text) => !text.startsWith('Error L10'));
  expect(numbers(texts)).toEqual([...range(1, 300), ...range(302, 400)]);
  expect(ground.status()).toMatchObject({ lost: 1, failure: null });
});

it('shows no secret of its URL in what it says', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  await using receiver = await startReceiver(tls, () => 403);
  await using ground = await createGround({ folder: folder.path, caFile: tls.caFile });
  ground.open(`https://ada:hunter2@localhost:${receiver.port}/0123456789abcdef0123/?key=swordfish`);
  ground.print(1, 1);
  await until(() => ground.problems.length > 0);
  expect(ground.status().failure).toBe('The receiver answers with status 403.');
  expect(ground.problems[0]).toContain(`https://***@localhost:${receiver.port}/***/?key=***`);
  expect(ground.problems.join()).not.toMatch(/hunter2|swordfish|0123456789abcdef/);
});
