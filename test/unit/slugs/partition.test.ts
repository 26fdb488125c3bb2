// Partition: which part of an app becomes which layer, and in what order.
import { expect, test } from 'vitest';
import { layerBytes, partition, type TreeEntry } from '../../../platform/slugs/partition.ts';

const own = (path: string): TreeEntry => ({ path, size: 0, created: false });
const made = (path: string, size = layerBytes): TreeEntry => ({ path, size, created: true });
const labels = (entries: TreeEntry[]): string[] => partition(entries).map((plan) => plan.label);

test('runtimes first, then dependencies, the app last, each by name', () => {
  const entries = [
    own('src'),
    made('vendor'),
    made('node_modules'),
    made('.heroku/python'),
    made('.heroku/node'),
    own('Procfile'),
    made('dist', 10),
  ];
  const plans = partition(entries);
  expect(plans).toEqual([
    { label: '.heroku/node', folders: ['.heroku'], entries: ['.heroku/node'] },
    { label: '.heroku/python', folders: ['.heroku'], entries: ['.heroku/python'] },
    { label: 'node_modules', folders: [], entries: ['node_modules'] },
    { label: 'vendor', folders: [], entries: ['vendor'] },
    { label: 'app', folders: [], entries: ['Procfile', 'dist', 'src'] },
  ]);
  expect(partition([...entries].reverse())).toEqual(plans);
});

test('what buildpacks made and is small goes with the app, folders on the way included', () => {
  expect(partition([made('.heroku/run.sh', 50), made('.heroku/bin', layerBytes - 51), own('a')])).toEqual([
    { label: 'app', folders: ['.heroku'], entries: ['.heroku/bin', '.heroku/run.sh', 'a'] },
  ]);
});

test('small parts of a hidden folder that are large together are a layer of their own', () => {
  const parts = [made('.cache/a', layerBytes / 2), made('.cache/b', layerBytes / 2), made('.cache/big')];
  expect(partition([own('x'), ...parts])).toEqual([
    { label: '.cache', folders: ['.cache'], entries: ['.cache/a', '.cache/b'] },
    { label: '.cache/big', folders: ['.cache'], entries: ['.cache/big'] },
    { label: 'app', folders: [], entries: ['x'] },
  ]);
});

test("the app's own folders stay in the app layer whatever they are called", () => {
  expect(labels([own('node_modules'), own('.heroku'), own('vendor')])).toEqual(['app']);
  expect(labels([])).toEqual(['app']);
});

test('a hundred large folders do not become a hundred layers', () => {
  const many = Array.from({ length: 100 }, (_, i) => made(`made-${String(i).padStart(3, '0')}`));
  const plans = partition([...many, own('z')]);
  expect(plans).toHaveLength(41);
  expect(plans.flatMap((plan) => plan.entries).sort()).toEqual(
    [...many.map((each) => each.path), 'z'].sort(),
  );
});

test('labels read as people wrote the names', () => {
  expect(labels([made(Buffer.from('führung').toString('latin1'))])).toEqual(['führung', 'app']);
});
