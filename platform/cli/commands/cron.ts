// cron: what app.json has run at set times; run one now, suspend and resume them.
import { appFlags, appPath, type Call, type Command, jsonFlag } from '../command.ts';
import { renderCron } from '../render-cron.ts';
import type { CronEntry, Dyno } from '../v3.ts';

const pathOf = (app: string, entry?: string): string =>
  `${appPath(app)}/cron${entry === undefined ? '' : `/${encodeURIComponent(entry)}`}`;

const list: Command = {
  name: 'cron',
  usage: 'cron',
  summary: "list what an app's app.json has run at set times: next and last run of each",
  example: 'twelve cron -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const entries = await call.api().list<CronEntry>(pathOf(app));
    if (call.on('json')) return call.out.json(entries);
    if (entries.length > 0) return call.out.text(renderCron(entries));
    call.out.line(
      `The release of ${app} that serves has no cron entries. They are declared in its app.json.`,
    );
  },
};

const run: Command = {
  name: 'cron:run',
  usage: 'cron:run <id>',
  summary: 'run an entry now, whether it is due or not, also one that is suspended',
  example: 'twelve cron:run 1f0c9d2e -a hello',
  flags: appFlags,
  async run(call) {
    const id = call.words[0]!;
    const app = await call.app();
    const dyno = await call.out.during(
      `Running ${id} of ${app}`,
      () => call.api().send<Dyno>('POST', `${pathOf(app, id)}/actions/run`),
      (started) => started.name,
    );
    call.out.line(dyno.name);
    call.out.notice(`Its output: twelve logs -p ${dyno.name} -a ${app}`);
  },
};

const suspend: Command = {
  name: 'cron:suspend',
  usage: 'cron:suspend [id]',
  summary: 'let an entry, or all of an app, not run by itself; what runs goes on',
  example: 'twelve cron:suspend 1f0c9d2e -a hello',
  flags: appFlags,
  run: (call) => change(call, 'Suspending', 'suspend'),
};

const resume: Command = {
  name: 'cron:resume',
  usage: 'cron:resume [id]',
  summary: 'let an entry, or all that were suspended, run at its times again; nothing is made up for',
  example: 'twelve cron:resume -a hello',
  flags: appFlags,
  run: (call) => change(call, 'Resuming', 'resume'),
};

async function change(call: Call, title: string, verb: 'suspend' | 'resume'): Promise<void> {
  const [id] = call.words;
  const app = await call.app();
  await call.out.during(`${title} ${id ?? 'all cron entries'} of ${app}`, () =>
    call.api().send('POST', `${pathOf(app, id)}/actions/${verb}`),
  );
}

export const commands: readonly Command[] = [list, run, suspend, resume];
