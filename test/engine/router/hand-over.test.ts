// A router is replaced by one of another image, while visitors come: nobody is refused, and who was connected is answered to the end.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { contextOf } from '../../../platform/engine/image-definition.ts';
import { createImages } from '../../../platform/engine/images.ts';
import { eventually } from '../../support/wait.ts';
import { openStage, routeTo, type Stage } from './stage.ts';

test('visitors notice nothing, and a request that is open meanwhile is answered by the one that goes', async () => {
  await using other = await otherImage();
  await using stage = await openStage();
  let release = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = await stage.endpoint(async (request, response) => {
    if (request.url === '/slow') await slow;
    response.end('app');
  });
  const route = routeTo('app', [app]);
  await stage.router.start([route]);
  const [before] = await stage.containers();

  const crowd = openCrowd(stage);
  const open = stage.get('app.localhost', { path: '/slow' });
  await crowd.more();
  await stage.reopen({ image: async () => other.reference });
  await stage.router.start([route]);
  await crowd.more();
  expect(await crowd.leave()).toEqual([]);

  // The one of before is there for what is open, and its process waits for that.
  expect((await stage.containers()).map(({ id }) => id)).toContain(before!.id);
  await stage.router.serve(routeTo('app', []));
  let drained = false;
  void stage.router.drained(app.key).then(() => {
    drained = true;
  });
  await delay(500);
  expect(drained).toBe(false);
  release();
  expect((await open).body).toBe('app');
  await eventually(
    () => drained,
    (done) => done,
  );
  const [after] = await eventually(stage.containers, (found) => found.length === 1);
  expect(after!.id).not.toBe(before!.id);
});

test('nor of further changes while somebody is connected to the first; one that is taken back cuts what it has', async () => {
  await using second = await otherImage();
  await using third = await otherImage();
  await using stage = await openStage();
  const app = await stage.endpoint((request, response) => {
    if (request.url !== '/slow') response.end('app');
  });
  const route = routeTo('app', [app]);
  await stage.router.start([route]);
  const [first] = await stage.containers();
  const crowd = openCrowd(stage);
  const open = stage.get('app.localhost', { path: '/slow' }).catch((error: Error) => error.message);
  await crowd.more();
  for (const { reference } of [second, third]) {
    await stage.reopen({ image: async () => reference });
    await stage.router.start([route]);
    await crowd.more();
    expect((await stage.containers()).map(({ id }) => id)).toContain(first!.id);
  }
  await stage.reopen();
  await stage.router.start([route]);
  await crowd.more();
  expect(await crowd.leave()).toEqual([]);
  expect(await open).toBe('socket hang up');
  const [last] = await eventually(stage.containers, (found) => found.length === 1);
  expect(last!.id).not.toBe(first!.id);
});

/** Visitors who ask all the time, half of them on connections that they keep. */
function openCrowd(stage: Stage) {
  const agent = new Agent({ keepAlive: true, maxSockets: 3 });
  const bad: unknown[] = [];
  let good = 0;
  let over = false;
  const visitor = async (fresh: boolean): Promise<void> => {
    while (!over) {
      const answer = await stage
        .get('app.localhost', fresh ? {} : { agent })
        .catch((error: Error) => error.message);
      if (typeof answer !== 'string' && answer.status === 200) good += 1;
      else bad.push(answer);
      await delay(3);
    }
  };
  const visitors = [visitor(true), visitor(true), visitor(false), visitor(false)];
  return {
    async more(): Promise<void> {
      const then = good;
      await eventually(
        () => good,
        (count) => count > then + 50,
      );
    },
    /** @returns what those got who were not served */
    async leave(): Promise<unknown[]> {
      over = true;
      await Promise.all(visitors);
      agent.destroy();
      return bad;
    },
  };
}

/** The router's image under another name and id. */
async function otherImage() {
  const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' });
  const name = randomBytes(4).toString('hex');
  const reference = `twelve-test/router:${name}`;
  const folder = mkdtempSync(join(tmpdir(), 'twelve-router-image-'));
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM ${(await createImages({ engine }).ensure('router')).reference}\n`,
  );
  await engine.buildImage({
    tag: reference,
    context: contextOf({ folder }),
    labels: { 'twelve.test': name },
  });
  return {
    reference,
    async [Symbol.asyncDispose](): Promise<void> {
      await engine.removeImage(reference);
      engine.close();
      rmSync(folder, { recursive: true });
    },
  };
}
