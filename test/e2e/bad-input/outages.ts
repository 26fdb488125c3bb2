// What users are told while no engine answers, and when it goes away under them.
import { eventually } from '../../support/wait.ts';
import { manifest } from './pushes.ts';
import { push, type Row, told, twelve } from './row.ts';

const away = 'No container engine answers at \\S+\\. Start Docker';
const failedBuild = [/^hello: build \S+ failed$/];

function withoutEngine(act: Row['act']): Row['act'] {
  return async (on) => {
    await on.door.shut();
    return act(on).finally(on.door.open);
  };
}

/** It goes while the app's own build script runs, and comes back; then nothing of the build is left. */
const inBuild: Row['act'] = async ({ platform, hello, door }) => {
  await hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main');
  await hello.commit({ 'package.json': manifest({ build: 'echo so far; sleep 600' }) }, 'attempt');
  await using pushing = platform.gitStart(['push', '-f', 'platform', 'attempt:main'], { cwd: hello.folder });
  await pushing.printed(/remote:\s+so far/);
  await door.shut();
  const ended = await pushing.result.finally(door.open);
  await hello.git('checkout', '-q', '-f', 'main');
  await eventually(
    () => platform.containers('hello', 'build'),
    (left) => left.length === 0,
  );
  return told(ended);
};

export const outages: Row[] = [
  {
    what: 'a push',
    act: withoutEngine(push({ 'note.txt': 'a' }, '-f', 'platform', 'attempt:main')),
    ends: 'exit 1',
    says: new RegExp(`${away}[^]*Build failed: v\\d+ serves`),
    adds: failedBuild,
  },
  {
    what: 'a push that is being built',
    act: inBuild,
    ends: 'exit 1',
    says: /so far[\s\S]*engine at \S+ broke off the connection\. If it is being restarted, try again when it is up\.[\s\S]*Build failed: v\d+ serves/,
    adds: failedBuild,
  },
  {
    what: 'a config change',
    act: withoutEngine(twelve(['config:set', 'AWAY=1', '-a', 'hello'])),
    ends: 'exit 1',
    says: new RegExp(`${away}[^]*not applied: v\\d+ failed, v\\d+ serves`),
    adds: [/^hello: release v\d+ failed Set AWAY config vars$/],
  },
  {
    what: 'a one-off process',
    act: withoutEngine(twelve(['run', '-a', 'hello', 'true'])),
    ends: 'exit 1',
    says: new RegExp(away),
  },
];
