// Makes images ahead of their first use, called by scripts/setup: `node dist/make-images.js [NAME…]`, without a name every
// image that the platform needs. `platform` is the platform itself, under the name that docker-compose.yml asks for.
import { hostNpmConfig, npmVariables } from './build/host-npm.ts';
import { hostPipConfig, pipVariables } from './build/host-pip.ts';
import { type Config, readConfig } from './config.ts';
import { messageOf, PlatformError } from './domain/errors.ts';
import { createDockerEngine } from './engine/docker.ts';
import { createImages, type ImageName } from './engine/images.ts';
import { removeSuperseded } from './engine/superseded.ts';

const needed: readonly ImageName[] = ['stack', 'build', 'build-node', 'router'];
const dayMs = 24 * 60 * 60 * 1000;
const composeReference = 'twelve/platform:latest';

function asked(argv: readonly string[]): readonly ImageName[] {
  const names: readonly ImageName[] = [...needed, 'build-go', 'platform'];
  return argv.map((word) => {
    const name = names.find((one) => one === word);
    if (!name)
      throw new PlatformError('bad_request', `There is no image "${word}"; there are ${names.join(', ')}.`);
    return name;
  });
}

async function settingsOfHost(config: Config): Promise<Record<string, string>> {
  const [npm, pip] = await Promise.all([hostNpmConfig(config.npm), hostPipConfig(config.pip)]);
  return { ...npmVariables(npm), ...pipVariables(pip) };
}

async function main(): Promise<void> {
  const names = process.argv.length > 2 ? asked(process.argv.slice(2)) : needed;
  const config = readConfig(process.env);
  const engine = createDockerEngine({ socketPath: config.engineSocket });
  const images = createImages({
    engine,
    proxies: config.proxies,
    epoch: config.imagesEpoch,
    packageSettings: names.includes('platform') ? await settingsOfHost(config) : {},
    onProgress: (line) => console.log(`  ${line}`),
  });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  try {
    for (const name of names) {
      const { reference } = await images.ensure(name, { signal: stop.signal });
      console.log(`  ${name}: ${reference}`);
      if (name !== 'platform') continue;
      await engine.tagImage(reference, composeReference);
      // What it was before; the server removes the others, once nothing of its own uses them.
      await removeSuperseded({
        engine,
        names: ['platform'],
        keep: new Set([reference]),
        before: new Date(Date.now() - dayMs),
        onProblem: (message) => console.log(`  ${message}`),
      });
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
