// Contract: what the engine says of itself, and images by name.
import { expect, test } from 'vitest';
import type { Bench } from './engine.ts';

export function imageCases(bench: Bench): void {
  test('says what it is', async () => {
    const info = await bench.engine.info();
    expect(info.version).toMatch(/^\d+\.\d+/);
    // Which one it has to be, where the test command says so.
    expect(process.env['TWELVE_TEST_STORE']?.split(' ') ?? ['classic', 'containerd']).toContain(
      info.imageStore,
    );
    expect([1, 2]).toContain(info.cgroupVersion);
    expect(info.cpus).toBeGreaterThan(0);
    expect(info.memory).toBeGreaterThan(0);
  });

  test('an image is found by name, and null without one', async () => {
    const image = await bench.engine.image(bench.image);
    expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image?.tags).toContain(bench.image);
    expect(await bench.engine.image(`${bench.name()}:none`)).toBeNull();
  });

  test('a tag is another name of the same image, and removing it leaves the image', async () => {
    const tag = `${bench.name()}:one`;
    await bench.engine.tagImage(bench.image, tag);
    const [original, tagged] = await Promise.all([bench.engine.image(bench.image), bench.engine.image(tag)]);
    expect(tagged?.id).toBe(original?.id);
    await bench.engine.removeImage(tag);
    await bench.engine.removeImage(tag);
    expect(await bench.engine.image(tag)).toBeNull();
    expect((await bench.engine.image(bench.image))?.id).toBe(original?.id);
  });

  test('tagging an image that is not there is refused', async () => {
    await expect(bench.engine.tagImage(`${bench.name()}:none`, `${bench.name()}:one`)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
}
