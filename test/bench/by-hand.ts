// The reference: what a person would do with the engine alone, a Dockerfile and the `docker` command.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostNpmConfig, npmrcText } from '../../platform/build/host-npm.ts';
import { readConfig } from '../../platform/config.ts';
import { type Bench, byHandLabel } from './bench.ts';
import type { DeployedApp } from './platform.ts';
import type { Target } from './polling.ts';
import { stackImage } from './stack.ts';

export interface ByHand {
  /** The source, with its Dockerfile. */
  folder: string;
  /** `docker build`; what does not change comes from the build cache. @returns the image's tag */
  build(): Promise<string>;
  /** `docker run` with a published port. */
  run(image: string, port: number): Promise<Running>;
}

export interface Running {
  target: Target;
  remove(): Promise<void>;
}

/** What changes least comes first: with one line of the app's own code changed, one step is carried out, the last. */
const dockerfile = (base: string, id: string): string => `FROM ${base}
LABEL ${byHandLabel}=${id}
ENV PORT=3000 NODE_ENV=production
CMD ["node", "server.js"]
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY . .
`;

/** The same app, on the same stack with the same Node as the platform chose for it. */
export function byHand(bench: Bench, app: DeployedApp): Promise<ByHand> {
  return bench.once(`by hand ${app.name}`, () => prepare(bench, app));
}

async function prepare(bench: Bench, app: DeployedApp): Promise<ByHand> {
  bench.say(`preparing the same by hand: an image with the stack and Node, and the dependencies' layer`);
  const base = await buildBase(bench, app);
  const folder = join(bench.folder, 'by-hand', app.name);
  await cp(app.folder, folder, {
    recursive: true,
    filter: (path) => !path.startsWith(join(app.folder, '.git')),
  });
  await writeFile(join(folder, 'Dockerfile'), dockerfile(base, bench.id));
  await writeFile(join(folder, '.dockerignore'), 'node_modules\n');
  let count = 0;
  const made: ByHand = {
    folder,
    async build() {
      const tag = `twelve-bench-${bench.id}/${app.name}:${++count}`;
      await bench.docker('build', '--quiet', '--tag', tag, folder);
      return tag;
    },
    async run(image, port) {
      const id = await bench.docker(
        ...['run', '--detach', '--label', `${byHandLabel}=${bench.id}`],
        ...['--publish', `127.0.0.1:${port}:3000`],
        image,
      );
      return {
        target: { host: '127.0.0.1', port, name: 'localhost' },
        remove: async () => void (await bench.docker('rm', '--force', id)),
      };
    },
  };
  await made.build();
  return made;
}

/** Stack and Node come from the image of the deployed app itself; npm gets the host's settings, as builds here do. */
async function buildBase(bench: Bench, app: DeployedApp): Promise<string> {
  const [container] = await app.containers();
  const slug = await bench.docker('inspect', '--format', '{{.Image}}', container!);
  const stack = await stackImage(bench);
  const folder = join(bench.folder, 'by-hand', 'base');
  const { caFile } = readConfig(process.env);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'npmrc'), npmrcText(await hostNpmConfig()));
  await writeFile(join(folder, 'ca.pem'), caFile ? await readFile(caFile) : '');
  await writeFile(
    join(folder, 'Dockerfile'),
    [
      `FROM ${stack}`,
      `LABEL ${byHandLabel}=${bench.id}`,
      'USER root',
      `COPY --from=${slug} /app/.heroku/node /usr/local`,
      'COPY npmrc /usr/local/etc/npmrc',
      'COPY ca.pem /usr/local/etc/ca.pem',
      ...(caFile ? ['RUN echo cafile=/usr/local/etc/ca.pem >>/usr/local/etc/npmrc'] : []),
      '',
    ].join('\n'),
  );
  const tag = `twelve-bench-${bench.id}/base:1`;
  await bench.docker('build', '--quiet', '--tag', tag, folder);
  return tag;
}
