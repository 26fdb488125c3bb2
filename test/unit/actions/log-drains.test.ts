// Drains as their users add and remove them: through the store, the log router's thread and the check of addresses.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { addDrain, drainsOf, removeDrain } from '../../../platform/actions/log-drains.ts';
import { createAddressChecks } from '../../../platform/address-check.ts';
import { createLogs, type Logs } from '../../../platform/logs/logs.ts';
import { until } from '../logs/drains/ground.ts';
import { startSyslogReceiver } from '../logs/drains/syslog-receiver.ts';
import { temporaryFolder } from '../logs/engine-files.ts';
import { createGround } from './ground.ts';

async function createDrainGround(folder: string, allowed: readonly string[] = ['127.0.0.1']) {
  const { resolveDrain } = createAddressChecks(
    { networks: '10.213.0.0/16', domain: 'localhost', publicUrl: null, drainAddresses: allowed },
    () => ['127.0.0.1', '203.0.113.7'],
  );
  const problems: string[] = [];
  const logs = await createLogs({
    ...{ folder: join(folder, 'logs'), budgetBytes: 50 << 20, caFile: null, resolve: resolveDrain },
    onProblem: (problem) => problems.push(problem),
  });
  const ground = createGround({ logs, resolveDrain });
  return {
    ...ground,
    logs,
    problems,
    async [Symbol.asyncDispose]() {
      await logs.close();
      ground[Symbol.dispose]();
    },
  };
}

it('adds one, sends, tells how it stands, and removes it by what is shown of it', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createDrainGround(folder.path);
  const { platform, app, caller, logs } = ground;
  const url = `syslog://127.0.0.1:${receiver.port}`;
  const { drain } = await addDrain(platform, app, caller, { url, insecure: false });
  expect(drain).toMatchObject({ url, token: expect.stringMatching(/^d\.[0-9a-f-]{36}$/) });
  logs.write(app.id, { source: 'app', process: 'web.1', text: 'hello' });
  await until(() => receiver.messages.some(({ text }) => text === 'hello'));
  expect(receiver.messages.map(({ host, app: name, process, text }) => [host, name, process, text])).toEqual([
    [drain.token, 'twelve', 'api', `Log drain ${url} (${drain.token}) added by user ada@example.com`],
    [drain.token, 'app', 'web.1', 'hello'],
  ]);
  expect((await drainsOf(platform, app))[0]).toMatchObject({
    status: { lag: 0, delivered: 2, lost: 0, failure: null },
  });
  await removeDrain(platform, app, caller, `${url}`);
  logs.write(app.id, { source: 'app', process: 'web.1', text: 'after' });
  expect(await drainsOf(platform, app)).toEqual([]);
  expect(await logs.drainsOf(app.id)).toEqual([]);
  expect(receiver.messages.some(({ text }) => text === 'after')).toBe(false);
  expect(ground.problems).toEqual([]);
});

it.each([
  ['syslog://127.0.0.1', [], 'a loopback address, and nothing is sent there'],
  ['syslog://localhost', [], 'a loopback address'],
  ['https://2130706433/', [], 'a loopback address'],
  ['https://169.254.169.254/', ['127.0.0.0/8'], 'a metadata address'],
  ['gelf+udp://10.213.0.9', ['127.0.0.0/8'], "an address of the platform's own"],
  ['splunk+https://t@203.0.113.7', [], "an address of the platform's own"],
  ['https://[::1]/', ['127.0.0.0/8'], 'a loopback address'],
  ['http://198.51.100.1', [], 'try https://'],
])('refuses %s and keeps nothing of it', async (url, allowed, why) => {
  using folder = temporaryFolder();
  await using ground = await createDrainGround(folder.path, allowed);
  await expect(
    addDrain(ground.platform, ground.app, ground.caller, { url, insecure: false }),
  ).rejects.toThrow(why);
  expect(ground.store.logDrains.all()).toEqual([]);
});

it('refuses to take any certificate where there is none', async () => {
  using folder = temporaryFolder();
  await using ground = await createDrainGround(folder.path);
  const order = { url: 'gelf+tcp://127.0.0.1', insecure: true };
  await expect(addDrain(ground.platform, ground.app, ground.caller, order)).rejects.toThrow(
    'has no certificate',
  );
});

it('judges an address again when it connects', async () => {
  using folder = temporaryFolder();
  await using receiver = await startSyslogReceiver();
  await using ground = await createDrainGround(folder.path, []);
  // As after the operator took the permission back.
  const { app, store, logs, platform } = ground;
  logs.openDrain(
    store.logDrains.add(app.id, { url: `syslog://127.0.0.1:${receiver.port}`, insecure: false }),
  );
  logs.write(app.id, { source: 'app', process: 'web.1', text: 'secret' });
  const failure = async () => (await drainsOf(platform, app))[0]!.status!.failure;
  while ((await failure()) === null) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await failure()).toContain('TWELVE_DRAIN_ADDRESSES');
  expect(receiver.connections()).toBe(0);
});

it('keeps URLs sealed, shows no secret, and takes each URL once', async () => {
  using folder = temporaryFolder();
  await using ground = await createDrainGround(folder.path);
  const { platform, app, caller, store, logs } = ground;
  const order = { url: 'https://ada:hunter2@127.0.0.1:1/in?key=swordfish', insecure: false };
  await addDrain(platform, app, caller, order);
  await expect(addDrain(platform, app, caller, order)).rejects.toThrow(
    'hello has this drain already: https://***@127.0.0.1:1/in?key=***.',
  );
  await addDrain(platform, app, caller, { ...order, url: order.url.replace('swordfish', 'carp') });
  await expect(removeDrain(platform, app, caller, 'https://***@127.0.0.1:1/in?key=***')).rejects.toThrow(
    '2 drains of hello are shown as this URL',
  );
  const said = (await logs.read(app.id, { lines: 100, filter: {} })).map(({ text }) => text);
  expect(said).toHaveLength(2);
  expect(said.join()).not.toMatch(/hunter2|swordfish|carp/);
  await removeDrain(platform, app, caller, order.url);
  expect(store.logDrains.ofApp(app.id).map(({ url }) => url)).toEqual([
    order.url.replace('swordfish', 'carp'),
  ]);
  await expect(removeDrain(platform, app, caller, 'https://elsewhere/')).rejects.toThrow(
    'has no such log drain',
  );
});

it('one whose address is looked up while its app is destroyed is neither kept nor opened', async () => {
  let found = (): void => undefined;
  const looking = new Promise<void>((resolve) => {
    found = resolve;
  });
  const opened: string[] = [];
  const logs = { openDrain: ({ id }: { id: string }) => void opened.push(id) };
  using ground = createGround({
    logs: logs as unknown as Logs,
    resolveDrain: () => looking as Promise<never>,
  });
  const { platform, app, caller, store } = ground;
  const adding = addDrain(platform, app, caller, { url: 'https://logs.example.com', insecure: false });
  store.apps.destroy(app.id);
  found();
  await expect(adding).rejects.toMatchObject({ code: 'not_found' });
  expect([opened, store.logDrains.ofApp(app.id)]).toEqual([[], []]);
});
