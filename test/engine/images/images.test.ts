import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createImages, type MadeImage } from '../../../platform/engine/images.ts';
import { runIn } from './run.ts';

const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] ?? '/var/run/docker.sock' });
const images = createImages({ engine });
afterAll(async () => {
  await images.close();
  engine.close();
});

describe('the run stack', () => {
  let stack: MadeImage;
  beforeAll(async () => {
    stack = await images.ensure('stack');
  });

  it('is made once and carries its name', async () => {
    expect(await images.ensure('stack')).toEqual(stack);
    expect(await engine.image(stack.reference)).toMatchObject({
      id: stack.id,
      labels: { 'twelve.image': 'stack' },
    });
  });

  it('has what buildpacks and slugs count on', async () => {
    const programs =
      'bash curl tar gzip xz unzip zstd jq file ps git ssh python3 nginx openssl update-ca-certificates';
    const check = [
      `for each in ${programs}; do PATH=$PATH:/usr/sbin:/sbin command -v $each >/dev/null || echo "no $each"; done`,
      'for each in libatomic.so.1 libssl.so.3 libpq.so.5 libyaml-0.so.2 libffi.so.8 libpcre2-8.so.0; do /sbin/ldconfig -p | grep -q "$each" || echo "no $each"; done',
      'locale -a | grep -qi en_US.utf8 || echo "no locale"',
      '[ -e /etc/mime.types ] && [ -s /etc/apt/sources.list ] && [ -d /usr/share/zoneinfo/Europe ] || echo "no files"',
      'ls /var/lib/apt/lists | grep -q . && echo "lists left"',
      'echo "$(id -u):$(id -g) $HOME $PWD $(ls -A /app | wc -l) $(stat -c %u:%g /app)"; touch /app/mine /tmp/mine || echo "cannot write"',
    ].join('\n');
    const { output } = await runIn(engine, stack.reference, ['bash', '-c', check]);
    expect(output).toBe('20012:20012 /app /app 0 20012:20012');
  });
});

describe('the build stacks', () => {
  it('compile C and Python extensions, and have the headers of the libraries the run stack has', async () => {
    const { reference } = await images.ensure('build-node');
    const source =
      '#include <Python.h>\n#include <openssl/ssl.h>\n#include <ffi.h>\n#include <yaml.h>\n#include <zlib.h>\n#include <sqlite3.h>\n#include <libpq-fe.h>\nint main(){return 0;}\n';
    const check = [
      'cd /tmp',
      `printf '%s' "$SOURCE" > all.cc`,
      'g++ $(pkg-config --cflags python3 libpq libxml-2.0 libxslt) all.cc -o all && ./all && echo compiled',
      'python3 -c "import distutils, setuptools" && python3 -m venv venv && echo python',
      'for each in make shasum erb patchelf; do command -v $each >/dev/null || echo "no $each"; done',
      'id -u',
    ].join('\n');
    const { output } = await runIn(engine, reference, ['bash', '-c', check], { SOURCE: source });
    expect(output.split('\n')).toEqual(['compiled', 'python', '20012']);
  });
});

it('a definition that does not build says why, with what the step printed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-images-'));
  try {
    await mkdir(join(folder, 'base'));
    const unique = `ARG BASE\nFROM \${BASE}\n# ${folder}\nRUN echo "out of luck" && exit 3\n`;
    await writeFile(join(folder, 'base/Dockerfile'), unique);
    await mkdir(join(folder, 'router'));
    const broken = createImages({ engine, folder });
    await expect(broken.ensure('router')).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('out of luck'),
    });
    await broken.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
