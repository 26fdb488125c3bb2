// Runs a command against a built tree in the run stack, as a process would; and reads sample apps as maps of files.
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ownLabels, ownName } from '../../../platform/engine/labels.ts';
import type { Builds, Files } from './builds.ts';

const port = '5006';

/** What the command prints; with `web`, what it answers at `/` once it listens. */
export async function runInStack(
  { engine, images, instance }: Builds,
  tree: string,
  command: string,
  options: { web?: boolean; env?: Record<string, string> } = {},
): Promise<string> {
  const boot = ['/usr/local/lib/twelve/boot'];
  const id = await engine.create({
    name: ownName(instance, 'run', randomUUID()),
    image: (await images.ensure('stack')).reference,
    labels: ownLabels(instance, 'run'),
    entrypoint: boot,
    command: [command],
    env: { HOME: '/app', PATH: '/usr/local/bin:/usr/bin:/bin', PORT: port, ...options.env },
    mounts: [{ source: tree, target: '/app', readOnly: true }],
    network: 'none',
    memory: 512 * 1_048_576,
  });
  try {
    await engine.start(id);
    if (options.web) return await answerOf(engine, id);
    await engine.wait(id);
    return `${(await engine.lastLines(id, 100)).join('\n')}\n`;
  } finally {
    await engine.remove(id);
  }
}

async function answerOf(engine: Builds['engine'], id: string): Promise<string> {
  const ask = [
    'curl',
    '-sS',
    '--retry',
    '100',
    '--retry-delay',
    '0',
    '--retry-connrefused',
    '--retry-max-time',
    '30',
  ];
  const { exitCode, output } = await engine.exec(id, [
    ...ask,
    '-o',
    '/tmp/answer',
    `http://127.0.0.1:${port}/`,
  ]);
  if (exitCode !== 0) throw new Error(`no answer: ${output}\n${(await engine.lastLines(id, 20)).join('\n')}`);
  return (await engine.exec(id, ['cat', '/tmp/answer'])).output;
}

export async function textsOf(folder: string): Promise<Files> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: Files = {};
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files[relative(folder, path)] = await readFile(path, 'utf8');
  }
  return files;
}
