import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { debianImage } from '../../../platform/engine/base-image.ts';
import type { BuildImageOptions, Engine, ImageInfo } from '../../../platform/engine/engine.ts';
import { readDefinition } from '../../../platform/engine/image-definition.ts';
import { createImages } from '../../../platform/engine/images.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-images-'));
  for (const name of ['base', 'updated-base', 'stack', 'build', 'build-node', 'build-go', 'router']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'Dockerfile'), `# ${name}\nARG BASE\nFROM \${BASE}\n`);
  }
});
afterEach(() => rm(folder, { recursive: true }));

/** An engine that remembers images, and builds when it is told to. */
function imageEngine(present: string[] = ['debian:trixie-slim']) {
  const images = new Set(present);
  const dates = new Map<string, string>();
  const built: BuildImageOptions[] = [];
  const calls: string[] = [];
  let gate = async (): Promise<void> => {};
  const info = (reference: string): ImageInfo => ({
    id: `sha256:${reference}`,
    tags: [reference],
    digests: [],
    labels: {},
    size: 1e6,
    createdAt: dates.get(reference.replace(/^(twelve\/[^:]+):.*/, '$1')) ?? '2026-11-23T00:00:00.000Z',
  });
  const engine = {
    info: async () => ({ architecture: 'amd64' }),
    image: async (reference: string) => (images.has(reference) ? info(reference) : null),
    async buildImage(options: BuildImageOptions) {
      built.push(options);
      options.context.resume();
      await Promise.race([gate(), aborted(options.signal)]);
      images.add(options.tag);
      return info(options.tag);
    },
    async pullImage({ reference }: { reference: string }) {
      calls.push(`pull ${reference}`);
      throw new PlatformError('engine_failed', 'no such host\nmore of it');
    },
    async importImage(tag: string, tar: AsyncIterable<Buffer>) {
      let bytes = 0;
      for await (const chunk of tar) bytes += chunk.length;
      calls.push(`import ${tag} ${bytes}`);
      images.add(tag);
      return info(tag);
    },
    async tagImage(reference: string, tag: string) {
      calls.push(`tag ${reference} ${tag}`);
      images.add(tag);
    },
    async removeImage(reference: string) {
      images.delete(reference);
    },
  } as unknown as Engine;
  return { engine, images, built, calls, dates, hold: (until: () => Promise<void>) => (gate = until) };
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

describe('ensure', () => {
  it('makes an image after what it starts from, and only once', async () => {
    const { engine, built } = imageEngine();
    const images = createImages({ engine, folder });
    const made = await images.ensure('build-node');
    expect(built.map((each) => each.tag.replace(/:.*/, ''))).toEqual([
      'twelve/base',
      'twelve/stack',
      'twelve/build',
      'twelve/build-node',
    ]);
    expect(built.map((each) => each.buildArgs?.['BASE'])).toEqual([
      'debian:trixie-slim',
      ...built.slice(0, 3).map((each) => each.tag),
    ]);
    expect(built[1]?.labels).toEqual({ 'twelve.image': 'stack' });
    expect(made.reference).toMatch(/^twelve\/build-node:[0-9a-f]{12}$/);
    expect(await images.ensure('build-node')).toEqual(made);
    expect(built).toHaveLength(4);
    expect(images.known().get('stack')?.reference).toBe(built[1]?.tag);
  });

  it('shares what is being made, also what two images start from', async () => {
    const { engine, built } = imageEngine();
    const images = createImages({ engine, folder });
    const [one, two] = await Promise.all([
      images.ensure('stack'),
      images.ensure('stack'),
      images.ensure('router'),
    ]);
    expect(one).toEqual(two);
    expect(built.map((each) => each.tag.replace(/:.*/, '')).sort()).toEqual([
      'twelve/base',
      'twelve/router',
      'twelve/stack',
    ]);
  });

  it('tells everybody who waits that it is being made, and nobody when it is there', async () => {
    const { engine, hold } = imageEngine();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    hold(() => released);
    const images = createImages({ engine, folder });
    const told: string[] = [];
    const ensure = (who: string) => images.ensure('router', { onMaking: () => told.push(who) });
    const first = [ensure('one'), ensure('two')];
    await expect.poll(() => told).toEqual(['one', 'two']);
    const late = ensure('three');
    expect(told).toEqual(['one', 'two', 'three']);
    release();
    await Promise.all([...first, late]);
    await ensure('four');
    expect(told).toHaveLength(3);
  });

  it('names an image by everything that goes into it', async () => {
    const { engine } = imageEngine();
    const name = async (image: 'stack' | 'router') =>
      (await createImages({ engine, folder }).ensure(image)).reference;
    const [stack, router] = [await name('stack'), await name('router')];
    await writeFile(join(folder, 'stack/boot'), 'true\n');
    const withFile = await name('stack');
    await chmod(join(folder, 'stack/boot'), 0o755);
    const executable = await name('stack');
    expect(new Set([stack, withFile, executable]).size).toBe(3);
    expect(await name('router')).toBe(router);
    await writeFile(join(folder, 'base/more'), '');
    expect(await name('stack')).not.toBe(executable);
    expect(await name('router')).not.toBe(router);
  });

  it('goes on for the others when one who waits gives up, and stops when all have', async () => {
    const { engine, built, hold } = imageEngine();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    hold(() => released);
    const images = createImages({ engine, folder });
    const impatient = new AbortController();
    const first = images.ensure('router', { signal: impatient.signal });
    const second = images.ensure('router');
    await expect.poll(() => built.length).toBe(1);
    impatient.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    release();
    await expect(second).resolves.toMatchObject({ reference: expect.stringMatching(/^twelve\/router:/) });

    hold(() => new Promise(() => {}));
    const only = new AbortController();
    const third = images.ensure('stack', { signal: only.signal });
    await expect.poll(() => built.length).toBe(3);
    only.abort(new Error('enough'));
    await expect(third).rejects.toThrow('enough');
    expect(built[2]?.signal?.aborted).toBe(true);
    hold(async () => {});
    await expect(images.ensure('stack')).resolves.toBeTruthy();
  });

  it('tries again after a failure, and ends what is being made on close', async () => {
    const { engine, built, hold } = imageEngine();
    hold(async () => {
      throw new PlatformError('engine_failed', 'no space left on device');
    });
    const images = createImages({ engine, folder });
    await expect(images.ensure('stack')).rejects.toThrow('no space left on device');
    hold(() => new Promise(() => {}));
    const pending = images.ensure('stack').catch((error: unknown) => error);
    await expect.poll(() => built.length).toBe(2);
    await images.close();
    expect(await pending).toMatchObject({ name: 'AbortError' });
  });

  it('gives proxies that containers can reach to every build, and package sources to the base image only', async () => {
    const { engine, built } = imageEngine();
    const proxies = { http_proxy: 'http://cache.example:3128', https_proxy: 'http://127.0.0.1:3128' };
    await createImages({ engine, folder, proxies }).ensure('router');
    expect(built[0]?.buildArgs).toHaveProperty('SOURCES');
    expect(built[1]?.buildArgs).toMatchObject({ http_proxy: 'http://cache.example:3128' });
    expect(built[1]?.buildArgs).not.toHaveProperty('https_proxy');
    expect(built[1]?.buildArgs).not.toHaveProperty('SOURCES');
  });
});

describe('an epoch', () => {
  const names = ['build-node', 'build-go', 'build', 'router', 'stack', 'base'] as const;
  const references = async (epoch?: string) => {
    const images = createImages({
      engine: imageEngine().engine,
      folder,
      ...(epoch === undefined ? {} : { epoch }),
    });
    return await Promise.all(names.map((name) => images.reference(name)));
  };

  it('that is not set leaves every name as it is without epochs', async () => {
    const before = await references();
    await writeFile(join(folder, 'updated-base/more'), '');
    expect(await references('')).toEqual(before);
    const hash = createHash('sha256').update('amd64\ndebian:trixie-slim\n');
    hash.update(await readDefinition({ folder: join(folder, 'base') }));
    expect(before.at(-1)).toBe(`twelve/base:${hash.digest('hex').slice(0, 12)}`);
  });

  it('gives another name to all that stands on the base, the same again for the same epoch', async () => {
    const [none, first, second] = [
      await references(),
      await references('2026-11-28'),
      await references('2026-12-28'),
    ];
    expect(await references('2026-11-28')).toEqual(first);
    for (const [at, name] of names.entries())
      expect(new Set([none[at], first[at], second[at]]).size).toBe(name === 'base' ? 1 : 3);
  });

  it('has an update made between the base and what starts from it, once, and told the epoch', async () => {
    const { engine, built } = imageEngine();
    const images = createImages({ engine, folder, epoch: '2026-11-28T20:31Z' });
    await Promise.all([images.ensure('stack'), images.ensure('router')]);
    expect(built.map((each) => each.tag.replace(/:.*/, '')).sort()).toEqual([
      ...['twelve/base', 'twelve/router', 'twelve/stack', 'twelve/updated-base'],
    ]);
    const [base, updated, ...others] = built;
    expect(updated).toMatchObject({
      tag: await images.reference('updated-base'),
      buildArgs: { BASE: base!.tag, EPOCH: '2026-11-28T20:31Z' },
      labels: { 'twelve.image': 'updated-base' },
    });
    expect(others.map((each) => each.buildArgs?.['BASE'])).toEqual([updated!.tag, updated!.tag]);
    for (const each of [base!, ...others]) expect(each.buildArgs).not.toHaveProperty('EPOCH');
  });
});

describe('the age of packages', () => {
  const september = '2026-09-01T00:00:00.000Z';
  const june = '2026-06-01T00:00:00.000Z';

  it("is that of the oldest image, Debian's own among them; null where none is there", async () => {
    const { engine, dates, images: there } = imageEngine();
    const images = createImages({ engine, folder });
    await images.ensure('stack');
    expect(await images.packagesAsOf()).toBe('2026-11-23T00:00:00.000Z');
    dates.set('twelve/base', september);
    expect(await images.packagesAsOf()).toBe(september);
    dates.set('debian:trixie-slim', june);
    expect(await images.packagesAsOf()).toBe(june);
    // It does not say when it was made.
    dates.set('debian:trixie-slim', new Date(0).toISOString());
    expect(await images.packagesAsOf()).toBe(september);
    there.clear();
    expect(await images.packagesAsOf()).toBeNull();
  });

  it('counts from the update, where there is one, and no more from what it went over', async () => {
    const { engine, dates } = imageEngine();
    const images = createImages({ engine, folder, epoch: '2026-11-23' });
    await images.ensure('router');
    dates.set('twelve/base', june).set('debian:trixie-slim', june);
    expect(await images.packagesAsOf()).toBe('2026-11-23T00:00:00.000Z');
    dates.set('twelve/updated-base', september);
    expect(await images.packagesAsOf()).toBe(september);
  });
});

describe('Debian itself', () => {
  const options = () => ({ proxies: {}, onProgress: () => {}, signal: new AbortController().signal });
  const program = async (text: string) => {
    await writeFile(join(folder, 'mmdebstrap'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return { ...options(), searchPath: `${folder}:/usr/bin:/bin` };
  };

  it('is what is there already: the official image, or ours of an earlier time', async () => {
    const official = imageEngine(['debian:trixie-slim', 'twelve/debian:trixie']);
    expect(await debianImage(official.engine, options())).toBe('debian:trixie-slim');
    const own = imageEngine(['twelve/debian:trixie']);
    expect(await debianImage(own.engine, options())).toBe('twelve/debian:trixie');
    expect(own.calls).toEqual([]);
  });

  it('is made from packages where no registry answers', async () => {
    const { engine, calls, images } = imageEngine([]);
    const made = await debianImage(engine, await program('printf 0123456789'));
    expect(made).toBe('twelve/debian:trixie');
    expect(calls).toEqual([
      'pull debian:trixie-slim',
      'import twelve/debian:unfinished 10',
      'tag twelve/debian:unfinished twelve/debian:trixie',
    ]);
    expect([...images]).toEqual(['twelve/debian:trixie']);
  });

  it('is checked with the keys of Debian 13, which an older system does not have, for any user to read', async () => {
    const { engine } = imageEngine([]);
    const keyring = 'file=$(printf "%s\\n" "$@" | sed -n s/^--keyring=//p)';
    const copying = await program(`${keyring}; cp "$file" ${folder}/keys; ls -l "$file" > ${folder}/rights`);
    await debianImage(engine, copying);
    const own = await readFile('platform/engine/debian-archive-trixie.gpg');
    expect((await readFile(join(folder, 'keys'))).subarray(0, own.length)).toEqual(own);
    const [, file] = /^-rw-r--r-- .* (\S+)\n$/.exec(await readFile(join(folder, 'rights'), 'utf8'))!;
    expect(existsSync(file!)).toBe(false);
  });

  it('is not what a program left half-made', async () => {
    const { engine, images } = imageEngine([]);
    const failing = await program('printf half; echo "E: disk is full" >&2; exit 25');
    await expect(debianImage(engine, failing)).rejects.toThrow(
      /cannot be pulled \(no such host\), and it could not be made: mmdebstrap ended with status 25: E: disk is full/,
    );
    expect([...images]).toEqual([]);
  });

  it('says what to install where nothing can make it', async () => {
    const { engine } = imageEngine([]);
    await expect(debianImage(engine, { ...options(), searchPath: folder })).rejects.toThrow(
      /mmdebstrap, .* is not installed. Run: apt-get install mmdebstrap/,
    );
  });
});
