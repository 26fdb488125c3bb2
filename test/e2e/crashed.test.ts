// A process that crashed waits for its next attempt, also while the server is killed and started again: visitors, ps and the API say the same of it.
import { expect, test } from 'vitest';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

interface Dyno {
  name: string;
  state: string;
  code: string | null;
  restarts: number;
}
const name = 'crashing';
const dynosOf = async (platform: TestPlatform): Promise<Dyno[]> =>
  (await platform.api<Dyno[]>('GET', `/apps/${name}/dynos`)).body;

test('H10 before and after, and no attempt sooner', async () => {
  await using platform = await startPlatform();
  const app = await platform.createApp(name, 'misbehaving');
  await platform.push(app);
  const serves = () =>
    eventually(
      () => platform.visit(name).catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
    );
  await serves();
  // Each crash in a row has it wait twice as long: in the end longer than a server needs to be there again.
  const seen = await eventually(
    async () => {
      await serves();
      await platform.visit(name, '/exit?status=3').catch(() => undefined);
      const [before] = await eventually(
        () => dynosOf(platform),
        ([web]) => web?.state === 'crashed',
      );
      await platform.kill9();
      await platform.startAgain();
      const page = await platform.visit(name);
      const [after] = await eventually(
        () => dynosOf(platform),
        ([web]) => web !== undefined,
      );
      return { page, before, after, left: await platform.containers(name, 'process') };
    },
    ({ left }) => left.length === 0,
    120_000,
  );
  expect(seen.page).toMatchObject({ status: 503, text: expect.stringContaining('503 · H10 · App crashed') });
  expect(seen.before).toMatchObject({ name: 'web.1', state: 'crashed', code: 'H10' });
  expect(seen.after).toEqual(seen.before);
  await serves();
  const [web] = await eventually(
    () => dynosOf(platform),
    ([one]) => one?.state === 'up',
  );
  expect(web).toMatchObject({ code: null, restarts: seen.before!.restarts + 1 });
});
