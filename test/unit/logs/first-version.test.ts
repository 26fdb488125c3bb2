// A log that the first version wrote, whose frames say nothing of when their lines are from: read whole, by time and text, and gone on with.
import { expect, it } from 'vitest';
import { formatLogLine, type StoredLine } from '../../../platform/domain/log-line.ts';
import { unpackRecorded } from '../../support/recorded-version.ts';
import { temporaryFolder } from './engine-files.ts';
import { openLogs } from './opened-logs.ts';

const all = { lines: Number.POSITIVE_INFINITY, filter: {} };
const shown = (lines: readonly StoredLine[]): string[] => lines.map(formatLogLine);

it('reads what the first version wrote as that version did, and goes on after it', async () => {
  using folder = temporaryFolder();
  const life = unpackRecorded(folder.path);
  const then = life.log.split('\n').filter((line) => line !== '');
  const { app } = life.releases[0]!;
  let last = 0;
  {
    await using logs = await openLogs(folder.path);
    const lines = await logs.read(app.id, all);
    expect(shown(lines).slice(0, then.length)).toEqual(then);
    expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_line, index) => index + 1));
    last = lines.length;

    const since = lines[20]!.time;
    const until = lines[40]!.time;
    expect(await logs.read(app.id, { ...all, filter: { since, until } })).toEqual(
      lines.filter(({ time }) => time >= since && time <= until),
    );
    expect(
      shown(await logs.read(app.id, { ...all, filter: { text: 'State changed', process: 'web' } })),
    ).toEqual(shown(lines).filter((line) => /twelve\[web\.\d\]: State changed/.test(line)));
    logs.write(app.id, { source: 'twelve', process: 'api', text: 'of the newer version' });
    expect(logs.problems).toEqual([]);
  }
  await using again = await openLogs(folder.path);
  const lines = await again.read(app.id, all);
  expect(shown(lines).slice(0, then.length)).toEqual(then);
  expect(lines.slice(last)).toMatchObject([{ sequence: last + 1, text: 'of the newer version' }]);
});
