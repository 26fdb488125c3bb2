// Makes every image the platform needs, ahead of their first use: `node dist/make-images.js`, called by scripts/setup.
import { readConfig } from './config.ts';
import { messageOf, PlatformError } from './domain/errors.ts';
import { createDockerEngine } from './engine/docker.ts';
import { createImages, type ImageName } from './engine/images.ts';

const names: readonly ImageName[] = ['stack', 'build', 'build-node', 'router'];

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const engine = createDockerEngine({ socketPath: config.engineSocket });
  const images = createImages({
    engine,
    proxies: config.proxies,
    onProgress: (line) => console.log(`  ${line}`),
  });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  try {
    for (const name of names) {
      const { reference } = await images.ensure(name, { signal: stop.signal });
      console.log(`  ${name}: ${reference}`);
    }
  } finally {
    await images.close();
    engine.close();
  }
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  // scripts/setup can do something about this one.
  process.exitCode = error instanceof PlatformError && error.details['missing'] === 'mmdebstrap' ? 3 : 1;
});
