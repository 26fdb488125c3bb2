// No input crashes it: every route, with requests between right and senseless. 5,000 of them, 100,000 in the full run.
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { statusOf } from '../../../platform/api/errors.ts';
import type { ErrorCode } from '../../../platform/domain/errors.ts';
import { type ApiGround, startApi } from '../../support/api-ground.ts';
import { otherRoutes, type Route } from '../../support/routes.ts';
import { eventually } from '../../support/wait.ts';
import { goodBodies } from '../../support/wild/bodies.ts';
import { type Facts, type WildRequest, wildRequest } from '../../support/wild/requests.ts';
import { createSender, type WildAnswer } from '../../support/wild/send.ts';

const atOnce = 10;
/** Each request of a server that has thousands of apps takes longer: so many go to one, and the next ones to a new one. */
const [servers, requests] = process.env['TWELVE_TESTS'] ? [5, 20_000] : [1, 5000];
/** What is never as these want it, and what they say of that. */
const unusual: Readonly<Record<string, number>> = {
  // Builds are over at once.
  'DELETE /apps/:app/builds/:build': 409,
  // No client here asks for one that it could come back to.
  'GET /run-sessions/:app/:secret': 404,
  // Tokens are no sessions.
  'DELETE /oauth/sessions/~': 404,
  // Nothing was pushed.
  'POST /apps/:app/actions/redeploy': 422,
};
/** What nobody outside is to see: where we are, what we are made of, words of our programs. */
const inner =
  /\n\s+at |node_modules|\.[cm]?[jt]s:\d|SqliteError|TypeError|RangeError|E(NOENT|ACCES|ISDIR)\b|Cannot read prop/;

let ground: ApiGround;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
const answered = new Map<string, Set<number>>();
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

beforeEach(async () => {
  process.on('unhandledRejection', note);
  answered.clear();
  ground = await startApi();
});
afterEach(async () => {
  process.off('unhandledRejection', note);
  await ground[Symbol.asyncDispose]();
});

const ofServers = Array.from({ length: servers }, (_, n) => n + 1);
it.each(ofServers)(
  'whatever is sent to whichever route, the answer is one, in one form, and tells nothing of the inside (server %i)',
  async () => {
    const { routes } = ground;
    const every = [...routes, ...otherRoutes];
    expect(Object.keys(goodBodies).filter((name) => !routes.some((route) => nameOf(route) === name))).toEqual(
      [],
    );
    const facts: Facts = new Map();
    await haveOneThatServes(facts);
    const sender = createSender(ground, facts);
    const ask = (from: readonly Route[], count: number): Promise<void> =>
      fc.assert(
        fc.asyncProperty(
          fc.array(wildRequest(from), { minLength: atOnce, maxLength: atOnce }),
          async (batch) => {
            await Promise.all(batch.map(async (wild) => judge(wild, await sender.send(wild))));
          },
        ),
        // What came before a failure is part of it: with less of it there would be another.
        { numRuns: count / atOnce, endOnFailure: true },
      );
    await ask(every, requests);
    // Each is reached, and what can be served is served: by chance, so those that were not yet get more of it,
    // and of the others, too: a secret address that one of those gave out may be spent or too old.
    const never = (): Route[] => every.filter((route) => !served(route));
    for (let more = 0; more < 20 && never().length > 0; more++) {
      // One of those requests may have destroyed the one that serves, behind which most routes are.
      await haveOneThatServes(facts);
      await ask(every, 100);
      if (never().length > 0) await ask(never(), 100);
    }
    expect(never()).toEqual([]);
    expect(unhandled).toEqual([]);
    expect(ground.logged.filter(({ level }) => level === 'error')).toEqual([]);
    expect((await fetch(`${ground.url}/account`, { headers: as() })).status).toBe(200);
  },
  600_000,
);

function served(route: Route): boolean {
  const name = nameOf(route);
  return [...(answered.get(name) ?? [])].some((status) => status < 300 || status === unusual[name]);
}

const as = () => ({ authorization: `Bearer ${ground.token}` });

/** Two apps, one of which serves what was built now. */
async function haveOneThatServes(facts: Facts): Promise<void> {
  const { apps } = ground.platform.store;
  const post = (path: string, body: unknown = {}): Promise<Response> =>
    fetch(ground.url + path, { method: 'POST', headers: as(), body: JSON.stringify(body) });
  for (const name of ['hello', 'other'])
    if (!apps.byName(name)) expect((await post('/apps', { name })).status).toBe(201);
  const made = await post('/sources');
  expect(made.status).toBe(201);
  const { source_blob: blob } = (await made.json()) as { source_blob: unknown };
  const { put_url: put, get_url: get } = blob as { put_url: string; get_url: string };
  const archive = pack();
  archive.entry({ name: 'Procfile' }, 'web: true\n');
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  expect((await fetch(put, { method: 'PUT', body: Buffer.concat(parts) })).status).toBe(200);
  const before = apps.byName('hello')!.servingVersion;
  // Another change of it may be under way.
  await eventually(
    async () => (await post('/apps/hello/builds', { source_blob: { url: get } })).status,
    (status) => status === 201,
  );
  await eventually(
    () => apps.byName('hello')?.servingVersion ?? null,
    (version) => version !== null && version !== before,
  );
  facts.set('url', [{ url: get }]);
}

function judge({ route }: WildRequest, { status, headers, text, asked }: WildAnswer): void {
  answered.set(nameOf(route), (answered.get(nameOf(route)) ?? new Set()).add(status));
  const said = status < 500 ? '' : JSON.stringify(ground.logged.at(-1));
  expect(status, `${asked} → ${text.slice(0, 300)} ${said}`).toBeLessThan(500);
  // A backup, or an archive that was sent, holds what it holds.
  const worded = !/^application\/(x-tar|octet-stream|gzip)/.test(headers['content-type'] ?? '');
  expect(
    worded && (text.includes(ground.folder) || inner.test(text)),
    `${asked} → ${text.slice(0, 300)}`,
  ).toBe(false);
  if (status < 400 || headers['content-type']?.startsWith('text/plain')) return;
  expect(headers['content-type'], asked).toBe('application/json; charset=utf-8');
  if (text === '' && asked.startsWith('HEAD')) return;
  const body = JSON.parse(text) as { id: ErrorCode; message: string };
  expect(
    Object.keys(body).filter((key) => !/^(id|message|resource)$/.test(key)),
    asked,
  ).toEqual([]);
  expect(statusOf[body.id], asked).toBe(status);
  expect(body.message, asked).toMatch(/\w/);
}
