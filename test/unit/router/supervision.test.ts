// The router's container is looked after when something happened to it, and when the engine is back: not while it is away.
import { afterEach, expect, test } from 'vitest';
import { ownLabels } from '../../../platform/engine/labels.ts';
import { superviseContainer } from '../../../platform/router/supervision.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';
import { eventually } from '../../support/wait.ts';

const ending = new AbortController();
afterEach(() => ending.abort());

test('an engine that is away is not told of as a router that is down', async () => {
  const engine = createMemoryEngine({ images: ['router:1'] });
  const problems: string[] = [];
  let healed = 0;
  superviseContainer({
    ...{ engine, instance: 'test', signal: ending.signal },
    async heal() {
      await engine.list({});
      healed += 1;
    },
    onProblem: (message) => problems.push(message),
  });
  const id = await engine.create({
    ...{ name: 'router', image: 'router:1', env: {} },
    labels: ownLabels('test', 'router'),
  });
  await engine.start(id);
  await eventually(
    () => healed,
    (times) => times === 1,
  );
  engine.goAway();
  await new Promise(setImmediate);
  engine.comeBack();
  await eventually(
    () => healed,
    (times) => times === 2,
  );
  expect(problems).toEqual([]);
});
