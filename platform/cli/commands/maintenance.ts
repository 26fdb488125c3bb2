// maintenance: visitors get a page while the processes go on.
import { appFlags, appPath, type Command } from '../command.ts';
import type { App } from '../v3.ts';

const show: Command = {
  name: 'maintenance',
  usage: 'maintenance',
  summary: 'say whether an app is in maintenance mode',
  example: 'twelve maintenance -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.api().get<App>(appPath(await call.app()));
    call.out.line(app.maintenance ? 'on' : 'off');
  },
};

function turn(on: boolean): Command {
  const word = on ? 'on' : 'off';
  return {
    name: `maintenance:${word}`,
    usage: `maintenance:${word}`,
    summary: on
      ? 'show visitors a page (503, H80) instead of the app; its processes go on'
      : 'let visitors reach the app again',
    example: `twelve maintenance:${word} -a hello`,
    flags: appFlags,
    async run(call) {
      const app = await call.app();
      await call.out.during(`${on ? 'Enabling' : 'Disabling'} maintenance mode for ${app}`, () =>
        call.api().send('PATCH', appPath(app), { maintenance: on }),
      );
    },
  };
}

export const commands: readonly Command[] = [show, turn(true), turn(false)];
