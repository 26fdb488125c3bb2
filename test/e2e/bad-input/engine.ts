// The engine gone while the server runs: what was asked is refused or ends clearly, and all is as it was when it is back.
import { must } from '../../support/app-repository.ts';
import { eventually } from '../../support/wait.ts';
import { type Ground, type Row, told, twelve } from './row.ts';

const refused = { ends: 'exit 1' } as const;

/** The engine is away for as long as this takes. */
function away(act: Row['act']): Row['act'] {
  return async (on) => {
    await on.engine.cut();
    try {
      return await act(on);
    } finally {
      await on.engine.mend();
    }
  };
}

/**
 * A push during which the engine goes, once this is printed; it is back when the push has ended.
 * @param kind of the containers that are at work then
 */
function pushUntil(kind: 'build' | 'process', printed: RegExp, files: Record<string, string>): Row['act'] {
  return async (on: Ground) => {
    const { hello, engine, platform } = on;
    await must(hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main'));
    await hello.commit(files, 'attempt');
    await using pushing = platform.gitStart(['push', 'platform', '+attempt:main'], { cwd: hello.folder });
    let begun: string[] = [];
    try {
      await pushing.printed(printed);
      begun = (await platform.containers('hello', kind)).map((one) => one.id);
      await engine.cut();
      return told(await pushing.result);
    } finally {
      await engine.mend();
      await must(hello.git('checkout', '-q', '-f', 'main'));
      await withoutThem(on, begun);
    }
  };
}

/** What the push had begun is cleared away once the engine can be asked; what serves is not. */
async function withoutThem({ platform }: Ground, begun: readonly string[]): Promise<void> {
  const { body } = await platform.api<{ version: number; current: boolean }[]>('GET', '/apps/hello/releases');
  const current = String(body.find((one) => one.current)?.version);
  await eventually(
    async () => [...(await platform.containers('hello', 'build')), ...(await platform.containers('hello'))],
    (there) =>
      there.every(
        ({ id, labels }) =>
          labels['twelve.release'] === current || (labels['twelve.kind'] === 'build' && !begun.includes(id)),
      ),
  );
}

/** Files of an app whose build prints "half way" and takes so much longer. */
export const slowBuild = (seconds: number): Record<string, string> => ({
  'package.json': `${JSON.stringify({
    ...{ name: 'hello', version: '1.0.0', private: true, engines: { node: '22.x' } },
    scripts: { start: 'node server.js', build: `echo half way; sleep ${seconds}` },
  })}\n`,
});

export const engineAway: Row[] = [
  {
    what: 'before a push',
    act: away(async ({ hello }) => {
      await must(hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main'));
      await hello.commit({ 'a.txt': 'a' }, 'attempt');
      const pushed = await hello.git('push', 'platform', '+attempt:main');
      await must(hello.git('checkout', '-q', '-f', 'main'));
      return told(pushed);
    }),
    ...refused,
    says: /No container engine answers at \S+\. Start Docker[\s\S]*Build failed: v\d+ serves/,
    adds: [/^hello: build \S+ failed$/],
  },
  {
    what: 'in the middle of a build',
    act: pushUntil('build', /half way/, slowBuild(20)),
    ...refused,
    says: /half way[\s\S]*container engine at \S+ broke off the connection\. If it is being restarted, try again when it is up[\s\S]*Build failed: v\d+ serves/,
    adds: [/^hello: build \S+ failed$/],
  },
  {
    what: 'while the new process starts',
    act: pushUntil('process', /Releasing v/, { 'a.txt': 'b' }),
    ...refused,
    says: /Releasing v\d+[\s\S]*(broke off the connection|No container engine answers)[\s\S]*Not applied: v\d+ failed, v\d+ serves/,
    adds: [/^hello: build \S+ succeeded$/, /^hello: release v\d+ failed Deploy /],
  },
  {
    what: 'before a command is run',
    act: away(twelve(['run', '-a', 'hello', 'true'])),
    ...refused,
    says: /Running true on hello\.\.\. failed[\s\S]*No container engine answers at \S+\. Start Docker/,
  },
  {
    what: 'before processes are listed',
    act: away(twelve(['ps', '-a', 'hello'])),
    ...refused,
    says: /No container engine answers at \S+\. Start Docker/,
  },
  {
    what: 'and what needs none is answered: lists, logs, and visitors',
    act: away(async (on) => {
      const { text } = await on.platform.visit('hello');
      const asked = [
        ['apps'],
        ['releases', '-a', 'hello'],
        ['config', '-a', 'hello'],
        ['logs', '-a', 'hello'],
      ];
      const answers = await Promise.all(asked.map((argv) => twelve(argv)(on)));
      return {
        ends: answers.map(({ ends }) => ends).join(', '),
        text: [text, ...answers.map((one) => one.text)].join('\n'),
      };
    }),
    ends: 'exit 0, exit 0, exit 0, exit 0',
    says: /^v\d+ hi\n[\s\S]*vars[\s\S]*Deploy \w{8}[\s\S]*GREETING: +hi[\s\S]*twelve\[/,
  },
];
