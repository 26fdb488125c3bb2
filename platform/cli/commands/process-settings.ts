// ps:set: how an app's processes change over, are checked and stopped.
import { appFlags, appPath, type Command, jsonFlag } from '../command.ts';
import { usageError } from '../errors.ts';
import { aligned } from '../output.ts';

interface Setting {
  key: string;
  value: string;
  set: boolean;
  from: string;
}

const set: Command = {
  name: 'ps:set',
  usage: 'ps:set [KEY=value]…',
  summary: 'set how processes change over, are checked and stopped; without arguments, show it',
  example: 'twelve ps:set rollout.worker=overlap parallel=2 -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const change: Record<string, string> = {};
    for (const word of call.words) {
      const at = word.indexOf('=');
      if (at < 1)
        throw usageError(
          `"${word}" is not KEY=value; KEY= alone takes it back to its default.\nExample: ${set.example}`,
        );
      change[word.slice(0, at)] = word.slice(at + 1);
    }
    const app = await call.app();
    const path = `${appPath(app)}/process-settings`;
    if (call.words.length > 0)
      await call.out.during(`Setting ${Object.keys(change).join(', ')} of ${app}`, () =>
        call.api().send<Setting[]>('PATCH', path, change),
      );
    if (call.words.length > 0 && !call.on('json')) return;
    const settings = await call.api().get<Setting[]>(path);
    if (call.on('json')) return call.out.json(settings);
    const rows = settings.map((one) => [one.key, one.value, one.set ? '' : `(${one.from})`]);
    call.out.text([...aligned(rows), ''].join('\n'));
  },
};

export const commands: readonly Command[] = [set];
