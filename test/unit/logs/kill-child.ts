// Started and killed by kill.test.ts: follows one container until it is told that it ended.
import { createLogCore } from '../../../platform/logs/core.ts';

const [folder, logPath] = process.argv.slice(2) as [string, string];
const core = createLogCore({
  folder,
  budgetBytes: 50 << 20,
  routerShare: 0.25,
  onProblem: (message) => process.send?.({ problem: message }),
});
core.follow({ id: 'c1', appId: 'app', process: 'web.1', logPath });
process.on('message', async () => {
  await core.drained('c1');
  await core.close();
  process.send?.({ done: true });
  process.disconnect();
});
process.send?.({ ready: true });
