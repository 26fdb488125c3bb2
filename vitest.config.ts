// `unit` needs neither Docker nor a network beyond loopback; `builds`, `engine` and `e2e` need a real engine; `third-party` clones of others' buildpacks, and is run by name alone.
import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** What takes long and has a part of it in others: for `scripts/test --full`, and for whoever names a file to it. */
const long = [
  'test/e2e/acme.test.ts',
  'test/e2e/backup.test.ts',
  'test/e2e/budgets.test.ts',
  'test/e2e/full-disk.test.ts',
  'test/e2e/tls.test.ts',
  'test/e2e/first-version.test.ts',
  'test/e2e/code-gone.test.ts',
  'test/e2e/completion.test.ts',
  'test/e2e/drains.test.ts',
  'test/e2e/cron-clock.test.ts',
  'test/e2e/crashed.test.ts',
  'test/e2e/engine-steps.test.ts',
  'test/e2e/hogs.test.ts',
  'test/e2e/install.test.ts',
  'test/e2e/live-restore.test.ts',
  'test/e2e/log-limits.test.ts',
  'test/e2e/run-callers.test.ts',
  'test/e2e/metrics.test.ts',
  'test/chaos/kills.test.ts',
  'test/e2e/sizes.test.ts',
  'test/engine/build/apt-addresses.test.ts',
  'test/engine/build/apt-packages.test.ts',
  'test/engine/build/config-names.test.ts',
  'test/engine/build/go-settings.test.ts',
  'test/engine/build/go-versions.test.ts',
  'test/engine/build/node-cache.test.ts',
  'test/engine/build/node-failures.test.ts',
  'test/engine/build/node-manager-failures.test.ts',
  'test/engine/build/node-manager-versions.test.ts',
  'test/engine/build/node-managers.test.ts',
  'test/engine/build/node-settings.test.ts',
  'test/engine/build/node-trees.test.ts',
  'test/engine/build/python-failures.test.ts',
  'test/engine/build/python-managers.test.ts',
  'test/engine/build/private-packages.test.ts',
  'test/engine/build/python-packages.test.ts',
  'test/engine/build/registries.test.ts',
  'test/engine/build/reserved-names.test.ts',
  'test/engine/build/registries-python.test.ts',
  'test/engine/build/static-settings.test.ts',
  'test/engine/logs/published-receivers.test.ts',
  'test/engine/slugs/dependency-layers.test.ts',
];
const exclude = [...configDefaults.exclude, ...(process.env['TWELVE_TESTS'] ? [] : long)];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Else one core is left alone, of two.
          maxWorkers: availableParallelism(),
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'builds',
          include: ['test/engine/build/**/*.test.ts'],
          exclude,
          // They wait for registries half of the time, and each has an instance of its own.
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/contract/**/*.test.ts', 'test/engine/**/*.test.ts'],
          exclude: [...exclude, 'test/engine/build/**'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/chaos/**/*.test.ts'],
          exclude,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: { name: 'third-party', include: ['test/third-party/**/*.test.ts'], testTimeout: 300_000 },
      },
    ],
  },
});
