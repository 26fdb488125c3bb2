// The page of metrics names every one with its kind and labels, and none that is not told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { collectMetrics } from '../../../platform/actions/metrics.ts';
import { startApi } from '../../support/api-ground.ts';

it('says what is told', async () => {
  await using ground = await startApi();
  const told = await collectMetrics(ground.platform, null);
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/metrics.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `/.test(line));
  const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  expect(new Set(named)).toEqual(new Set(['twelve_info', ...told.map(({ name }) => name)]));
  for (const { name, kind } of told.filter((one) => one.name.startsWith('twelve_')))
    expect(rows.find((row) => row.includes(`\`${name}\``))).toContain(`| ${kind} |`);
});
