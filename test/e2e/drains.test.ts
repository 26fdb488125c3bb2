// Log drains by the command line, from a real app to a strict receiver, while server and receiver end and return.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';
import { type SyslogReceiver, startSyslogReceiver } from '../unit/logs/drains/syslog-receiver.ts';

interface Shown {
  url: string;
  token: string;
  lag: number;
  delivered: number;
  lost: number;
  failure: string | null;
}

let platform: TestPlatform;
let app: AppRepository;
let receiver: SyslogReceiver;

beforeAll(async () => {
  receiver = await startSyslogReceiver();
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '5', TWELVE_DRAIN_ADDRESSES: '127.0.0.1' });
  app = await platform.createApp('drained', 'misbehaving');
  await platform.push(app);
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
});

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const drains = async (): Promise<Shown[]> =>
  JSON.parse((await must(twelve('drains', '--json'))).stdout) as Shown[];
const texts = (process: string): string[] =>
  receiver.messages.filter((one) => one.process === process).map(({ text }) => text);

/** Starts a process that prints lines for some seconds, and gives its name. */
async function printing(): Promise<string> {
  const command = 'for n in $(seq 400); do echo "line $n"; sleep 0.01; done';
  return (await must(twelve('run:detached', command))).stdout.trim();
}

const whole = Array.from({ length: 400 }, (_, index) => `line ${index + 1}`);

test('a drain gets what the app, its router and the platform say', async () => {
  const url = `syslog://127.0.0.1:${receiver.port}`;
  const added = await must(twelve('drains:add', url));
  const [shown] = await drains();
  expect(added.stderr).toContain(`done, ${url} (${shown!.token})`);
  const name = await printing();
  await platform.visit('drained', '/');
  await eventually(
    () => texts(name),
    (got) => got.includes('State changed from up to complete'),
  );
  expect(texts(name).filter((text) => text.startsWith('line '))).toEqual(whole);
  await eventually(
    () => texts('router').join('\n'),
    (got) => got.includes('method=GET path="/" host=drained.localhost'),
  );
  expect(new Set(receiver.messages.map(({ host }) => host))).toEqual(new Set([shown!.token]));
  expect(receiver.faults).toEqual([]);
  await eventually(drains, ([one]) => one?.lag === 0 && one.failure === null);
});

test('nothing is missing after the server was killed and the receiver away', async () => {
  const name = await printing();
  await eventually(
    () => texts(name),
    (got) => got.some((text) => text.startsWith('line ')),
  );
  await platform.kill9();
  // The kernel still delivers what it was given.
  await eventually(receiver.open, (count) => count === 0);
  await receiver.stop();
  await platform.startAgain();
  const [down] = await eventually(drains, ([one]) => (one?.lag ?? 0) > 0 && one?.failure !== null);
  expect(down!.failure).toContain('ECONNREFUSED');
  await receiver.start();
  await eventually(
    () => texts(name),
    (got) => got.includes('State changed from up to complete'),
  );
  const lines = texts(name).filter((text) => text.startsWith('line '));
  expect([...new Set(lines)].sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))).toEqual(whole);
  const [up] = await eventually(drains, ([one]) => one?.lag === 0);
  expect(up).toMatchObject({ lost: 0, failure: null });
});

test('the API shows no secret of a URL; addresses of the platform are refused; a removed drain gets nothing more', async () => {
  const url = `https://ada:hunter2@127.0.0.1:${receiver.port}/in?key=swordfish`;
  const path = '/apps/drained/log-drains';
  const added = await platform.api<Shown>('POST', path, { url });
  expect([added.status, added.body.url]).toEqual([201, `https://***@127.0.0.1:${receiver.port}/in?key=***`]);
  const list = await platform.api<Shown[]>('GET', path);
  expect(list.body).toHaveLength(2);
  expect(JSON.stringify(list.body) + platform.serverOutput()).not.toMatch(/hunter2|swordfish/);
  expect((await platform.api('DELETE', `${path}/${encodeURIComponent(url)}`)).status).toBe(200);
  const refused = await platform.api<{ id: string; message: string }>('POST', path, {
    url: 'syslog://127.0.0.2',
  });
  expect([refused.status, refused.body.id]).toEqual([422, 'invalid_params']);
  expect(refused.body.message).toContain('TWELVE_DRAIN_ADDRESSES');
  await must(twelve('drains:remove', `syslog://127.0.0.1:${receiver.port}`));
  const before = receiver.messages.length;
  await platform.visit('drained', '/');
  expect((await must(twelve('drains'))).stderr).toContain('drained has no log drains.');
  expect(receiver.messages).toHaveLength(before);
});
