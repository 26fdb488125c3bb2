// Heroku's codes, each caused for real: what the visitor gets, the line in the app's log, and what API and ps say of it.
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { ask } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import type { Answer } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

/** Its second web process listens after four seconds. */
const procfile =
  'web: if [ "$DYNO" = web.2 ]; then export BIND=late BIND_AFTER=4000; fi; exec node server.js\n';

beforeAll(async () => {
  platform = await startPlatform({
    TWELVE_REQUEST_TIMEOUT: '2',
    TWELVE_IDLE_TIMEOUT: '3',
    TWELVE_DRAIN_TIMEOUT: '2',
    TWELVE_STOP_TIMEOUT: '2',
  });
  app = await platform.createApp('wrong', 'misbehaving', { files: { Procfile: procfile } });
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
const logged = (line: RegExp): Promise<string> =>
  eventually(
    async () => (await must(twelve('logs', '-p', 'router', '-n', '1500'))).stdout,
    (text) => line.test(text),
  );
/** What visitors get instead of the app, as the API says it. */
const pageCode = async (): Promise<string | null> =>
  (await platform.api<{ code: string | null }>('GET', '/apps/wrong')).body.code;
interface Dyno {
  name: string;
  state: string;
  code: string | null;
}
const ps = async (): Promise<Dyno[]> => JSON.parse((await must(twelve('ps', '--json'))).stdout) as Dyno[];
const serves = (): Promise<Answer> =>
  eventually(
    () => platform.visit('wrong'),
    (answer) => answer.status === 200,
  );

/** A response that began; `broken` resolves when it is cut off, and throws when it ends in order. */
function begun(path: string): Promise<{ status: number | undefined; broken: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: platform.httpPort,
      path,
      headers: { host: 'wrong.localhost' },
    };
    const call = request({ ...options, agent: false, signal: AbortSignal.timeout(60_000) }, (response) => {
      const broken = new Promise<void>((cut, whole) => {
        response.on('end', () => whole(new Error('The response ended in order.')));
        response.on('error', (error) => (error.name === 'AbortError' ? whole(error) : cut()));
      });
      response.resume();
      resolve({ status: response.statusCode, broken });
    });
    call.on('error', reject);
    call.end();
  });
}

test('H12: the app did not begin to answer in time; it goes on', async () => {
  const answer = await platform.visit('wrong', '/silent');
  expect(answer).toMatchObject({ status: 503, text: expect.stringContaining('H12 · Request timeout') });
  await logged(
    /twelve\[router\]: at=error code=H12 desc="Request timeout" method=GET path="\/silent" .* dyno=web\.1 connect=\d+ms service=[23]\d\d\dms status=503 bytes=0 /,
  );
  expect(await ps()).toMatchObject([{ name: 'web.1', state: 'up', code: null }]);
  expect(await pageCode()).toBeNull();
});

test('H15: a response that began and then fell silent is cut off', async () => {
  const { status, broken } = await begun('/stream?ms=60000&every=60000');
  expect(status).toBe(200);
  await broken;
  await logged(
    /code=H15 desc="Idle connection" method=GET path="\/stream\?ms=60000&every=60000" .* dyno=web\.1 /,
  );
  expect((await platform.visit('wrong')).status).toBe(200);
});

test('H18, H13, H10: the process ends in the middle of a response, before another, and visitors get a page until it is back', async () => {
  const { status, broken } = await begun('/stream?ms=60000&every=100');
  expect(status).toBe(200);
  const unanswered = await platform.visit('wrong', '/exit?status=3');
  expect(unanswered).toMatchObject({ status: 503, text: expect.stringContaining('503 · H13') });
  await broken;
  await logged(
    /sock=backend at=error code=H18 desc="Server Request Interrupted" method=GET path="\/stream\?ms=60000&every=100" .* dyno=web\.1 connect=\d+ms service=\d+ms status=503 bytes=[1-9]\d* /,
  );
  await logged(
    /at=error code=H13 desc="Connection closed without response" method=GET path="\/exit\?status=3" /,
  );

  // It may be back already: then once more.
  const seen = await eventually(
    async () => {
      const page = await platform.visit('wrong', '/exit?status=3');
      const [dynos, code, shown] = await Promise.all([ps(), pageCode(), twelve('apps:info')]);
      return { page, dynos, code, info: shown.stdout };
    },
    ({ page, dynos, code, info }) =>
      page.text.includes('503 · H10 · App crashed') &&
      dynos[0]?.code === 'H10' &&
      code === 'H10' &&
      /^Visitors get: +H10 \(App crashed\)$/m.test(info),
  );
  expect(seen.page.status).toBe(503);
  expect(seen.dynos).toMatchObject([{ name: 'web.1', state: expect.stringMatching(/^(crashed|starting)$/) }]);
  await logged(/at=error code=H10 desc="App crashed" .* dyno= connect= service= status=503 bytes= /);
  await serves();
  await eventually(ps, ([web]) => web?.state === 'up' && web.code === null);
});

test('R10: one that does not listen in time is told of by what started it, ps and the API, and the others serve', async () => {
  await must(twelve('ps:set', 'boot-timeout=2'));
  const scaled = await twelve('ps:scale', 'web=2');
  expect(scaled.status).toBe(1);
  expect(scaled.stderr).toContain('Error R10 (Boot timeout): web.2 did not listen on port $PORT');
  expect(scaled.stderr).toContain('Not applied: as before, web at 1:standard-1x.');
  // It was up, and does not get there again.
  await must(twelve('ps:set', 'boot-timeout='));
  await must(twelve('ps:scale', 'web=2'));
  await must(twelve('ps:set', 'boot-timeout=2'));
  const second = (await platform.containers('wrong', 'process')).find(
    ({ labels }) => labels['twelve.process'] === 'web.2',
  );
  await ask('POST', `/containers/${second!.id}/kill?signal=KILL`);
  await eventually(ps, (dynos) => dynos.some(({ name, code }) => name === 'web.2' && code === 'R10'));
  expect((await twelve('ps', 'web')).stdout).toMatch(
    /^web\.1: up .* restarts \d+\nweb\.2: (crashed|starting|down) .* restarts \d+ {2}R10 \(Boot timeout\)$/m,
  );
  expect(await ps()).toMatchObject([
    { name: 'web.1', code: null },
    { name: 'web.2', code: 'R10' },
  ]);
  expect((await must(twelve('logs', '-p', 'web.2', '-s', 'twelve'))).stdout).toContain(
    'twelve[web.2]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 2 seconds of launch',
  );
  expect((await platform.visit('wrong')).status).toBe(200);
  await must(twelve('ps:scale', 'web=1'));
  await must(twelve('ps:set', 'boot-timeout='));
});

test('H14: scaled to none', async () => {
  await must(twelve('ps:scale', 'web=0'));
  const page = await eventually(
    () => platform.visit('wrong'),
    (answer) => answer.status === 503,
  );
  expect(page.text).toContain('503 · H14 · No web processes running');
  await logged(
    /at=error code=H14 desc="No web processes running" .* dyno= connect= service= status=503 bytes= /,
  );
  expect(await pageCode()).toBe('H14');
  expect((await must(twelve('apps:info'))).stdout).toMatch(
    /^Visitors get: +H14 \(No web processes running\)$/m,
  );
  await must(twelve('ps:scale', 'web=1'));
  expect((await platform.visit('wrong')).status).toBe(200);
  expect(await pageCode()).toBeNull();
});

test('apps:errors and the API count them, as the log tells, over a restart of the server', async () => {
  interface Count {
    code: string;
    name: string;
    count: number;
    last_dyno: string | null;
  }
  await platform.restart();
  const { body } = await platform.api<Count[]>('GET', '/apps/wrong/errors');
  const found = new Map(body.map((one) => [one.code, one]));
  for (const code of ['H10', 'H12', 'H13', 'H14', 'H15', 'H18', 'R10'])
    expect(found.get(code)?.count).toBeGreaterThan(0);
  expect(found.get('H12')).toMatchObject({ name: 'Request timeout', count: 1, last_dyno: 'web.1' });
  expect(found.get('H14')).toMatchObject({ last_dyno: null });
  expect(found.get('R10')).toMatchObject({ name: 'Boot timeout', last_dyno: 'web.2' });
  expect(found.has('H80')).toBe(false);
  expect((await must(twelve('apps:errors'))).stdout).toMatch(
    /^H15 +Idle connection +1 +\d{4}\/\d\d\/\d\d .* ago\) +web\.1$/m,
  );
});
