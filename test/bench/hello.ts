// apps/hello-node, deployed once for the rows that measure it, and its one line that changes.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { benchPlatform, type DeployedApp } from './platform.ts';

export function hello(bench: Bench): Promise<DeployedApp> {
  return bench.once('hello', async () => (await benchPlatform(bench)).deploy('bench-hello', 'hello-node'));
}

/** Changes the line of server.js that answers, so that the answer begins with the text. */
export async function changeAnswer(folder: string, text: string): Promise<void> {
  const file = join(folder, 'server.js');
  const source = await readFile(file, 'utf8');
  const changed = source.replace(/\.send\(`(?:<[^>]*> )?/, `.send(\`<${text}> `);
  if (changed === source) throw new Error('apps/hello-node/server.js has no line that answers with a text');
  await writeFile(file, changed);
}

export const answers =
  (text: string) =>
  (body: string): boolean =>
    body.startsWith(`<${text}> `);
