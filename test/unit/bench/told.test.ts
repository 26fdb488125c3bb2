// Lines of a push with their times: what was said when, and which stretch is the buildpack's.
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { buildpackTime, lineLike, type ToldLine, told } from '../../bench/told.ts';

const bash = (script: string) => spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });

it('has each line when it came, without what git puts before it', async () => {
  const before = Number(process.hrtime.bigint());
  const lines = await told(
    bash('echo "remote: -----> One  " >&2; sleep 0.2; printf "remote:\\nTo x\\n" >&2'),
  );
  expect(lines.map(({ text }) => text)).toEqual(['-----> One', '', 'To x']);
  expect(lines[0]!.at).toBeGreaterThan(before);
  expect(lines[1]!.at).toBeGreaterThan(lines[0]!.at);
  expect(lineLike(lines, /^-----> One/)).toBe(lines[0]);
  expect(() => lineLike(lines, /Two/)).toThrow('-----> One');
});

it('fails with what a push said that failed', async () => {
  await expect(told(bash('echo "remote: no" >&2; exit 1'))).rejects.toThrow('no');
});

it('gives the buildpack what it was seen to take, and no more', () => {
  const line = (text: string, at: number): ToldLine => ({ text, at });
  const lines = [
    line('-----> Building on the debian-13 stack', 1),
    line('       Build cache: restored', 2),
    line('-----> Using buildpack: node', 3),
    line('       nothing is installed', 5),
    line('-----> Discovering process types', 9),
  ];
  expect(buildpackTime(lines)).toEqual({ from: 2, to: 5 });
  expect(() => buildpackTime(lines.slice(2))).toThrow('does not say');
});
