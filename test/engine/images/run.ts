// Runs one command in a throw-away container as the app's user, and gives back what it printed.
import { randomBytes } from 'node:crypto';
import { appUid } from '../../../platform/domain/process.ts';
import type { Engine, Mount } from '../../../platform/engine/engine.ts';

export async function runIn(
  engine: Engine,
  image: string,
  command: string[],
  env: Record<string, string> = {},
  mounts: Mount[] = [],
): Promise<{ output: string; errors: string; exitCode: number }> {
  const id = await engine.create({
    name: `twelve-test-images-${randomBytes(4).toString('hex')}`,
    image,
    labels: { 'twelve.test': 'images' },
    command,
    env: { HOME: '/app', PATH: '/usr/local/bin:/usr/bin:/bin', ...env },
    workingDir: '/app',
    user: `${appUid}:${appUid}`,
    mounts,
  });
  try {
    const { stream, stderr } = await engine.attach(id, { stdin: false, tty: false });
    const texts = Promise.all([text(stream), text(stderr ?? [])]);
    await engine.start(id);
    const exitCode = await engine.wait(id);
    const [output, errors] = await texts;
    return { output, errors, exitCode };
  } finally {
    await engine.remove(id);
  }
}

async function text(source: AsyncIterable<Buffer> | Buffer[]): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString().trimEnd();
}
