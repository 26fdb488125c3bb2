// The platform itself in a container, by docker-compose.yml: a push, kills, `down`, and an app that serves all the while.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostNpmConfig, npmVariables } from '../../platform/build/host-npm.ts';
import { hostPipConfig, pipVariables } from '../../platform/build/host-pip.ts';
import { createDockerEngine } from '../../platform/engine/docker.ts';
import { createImages } from '../../platform/engine/images.ts';
import { type AppRepository, must } from '../support/app-repository.ts';
import { type ComposeServer, composed, createComposeServer } from '../support/compose.ts';
import { engineSocket } from '../support/engine-socket.ts';
import { projectOf } from '../support/leftovers.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import type { Crowd } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let server: ComposeServer;
let project: string;
let hello: AppRepository;

beforeAll(async () => {
  const settings = {
    TWELVE_IMAGE: await platformImage(),
    TWELVE_DRAIN_TIMEOUT: '5',
    TWELVE_STOP_TIMEOUT: '5',
  };
  platform = await startPlatform(settings, {
    async server(env, folder) {
      project = projectOf(folder);
      server = await createComposeServer(env, project);
      return server;
    },
  });
});
afterAll(() => platform?.[Symbol.asyncDispose]());

/** Made of what is compiled now. */
async function platformImage(): Promise<string> {
  const engine = createDockerEngine({ socketPath: engineSocket });
  const images = createImages({
    engine,
    packageSettings: { ...npmVariables(await hostNpmConfig()), ...pipVariables(await hostPipConfig()) },
  });
  try {
    return (await images.ensure('platform')).reference;
  } finally {
    await images.close();
    engine.close();
  }
}

const page = async (): Promise<string> => (await platform.visit('hello')).text.trim();
const twelve = (...args: string[]) => must(platform.cli(args, { cwd: hello.folder }));
/** Once nothing of an earlier release is left. */
const processId = async (): Promise<string> => {
  const list = await eventually(
    () => platform.containers('hello', 'process'),
    (found) => found.length === 1,
  );
  return list[0]!.id;
};

async function noVisitorNoticed(visitors: Crowd): Promise<void> {
  const { answered, failures } = await visitors.stop();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(20);
}

test('up: it runs in a container of our own image, with its data on the host', async () => {
  expect(await server.container()).toMatchObject({
    Config: { Image: expect.stringMatching(/^twelve\/platform:/) },
    HostConfig: { NetworkMode: 'host', RestartPolicy: { Name: 'always' } },
    State: { Running: true },
  });
  expect((await platform.cli(['whoami'])).stdout).toBe('admin@localhost\n');
  const made = await must(server.compose('exec', '-T', 'platform', 'twelve', 'server:token'));
  const withToken = await platform.cli(['whoami'], { env: { TWELVE_TOKEN: made.stdout.trim() } });
  expect(withToken.stdout).toBe('admin@localhost\n');
});

test('a push is built, released and served, and its lines are in the log', async () => {
  hello = await platform.createApp('hello', 'hello-node');
  expect(await platform.push(hello)).toContain('Releasing v2');
  expect(await page()).toBe('Hello from web.1, release v2');
  await eventually(
    async () => (await twelve('logs')).stdout,
    (text) => text.includes('app[web.1]: listening on') && /twelve\[router\]: at=info/.test(text),
  );
  expect((await twelve('run', '--', 'node', '-p', '6 * 7')).stdout).toBe('42\n');
});

test('killed, it is brought back by the restart policy; visitors notice nothing, and a second push deploys', async () => {
  const before = { container: await server.container(), process: await processId() };
  await using visitors = platform.crowd('hello');
  process.kill(before.container!.State.Pid, 'SIGKILL');
  const after = await eventually(server.container, (now) => now?.RestartCount === 1 && !now.State.Restarting);
  expect(after?.Id).toBe(before.container?.Id);
  await eventually(server.isUp, (up) => up);
  expect(await processId()).toBe(before.process);

  await hello.commit({ 'notes.txt': 'after a kill\n' });
  expect(await platform.push(hello)).toContain('nothing is installed');
  expect(await page()).toBe('Hello from web.1, release v3');
  await noVisitorNoticed(visitors);
});

test('killed through the engine it stays down, as was asked, until up', async () => {
  const before = await processId();
  await using visitors = platform.crowd('hello');
  await platform.kill9();
  expect((await server.container())?.State.Running).toBe(false);
  expect((await platform.cli(['apps'])).stderr).toContain('does not answer');
  expect(await page()).toBe('Hello from web.1, release v3');
  await platform.startAgain();
  expect(await processId()).toBe(before);
  expect((await twelve('ps')).stdout).toContain('web.1: up');
  await noVisitorNoticed(visitors);
});

test('down removes its container and nothing else; the next up goes on with what runs', async () => {
  const before = await processId();
  await using visitors = platform.crowd('hello');
  await must(server.compose('down'));
  expect(await composed(project)).toEqual([]);
  expect(await page()).toBe('Hello from web.1, release v3');
  expect(await processId()).toBe(before);

  await platform.startAgain();
  await twelve('config:set', 'GREETING=Good day');
  expect(await page()).toBe('Good day from web.1, release v4');
  await noVisitorNoticed(visitors);
  const log = (await twelve('logs', '-p', 'api')).stdout;
  expect(log).toContain('Release v2 created by user admin@localhost');
  expect(log).toContain('Set GREETING config vars');
});
