// Everything of a platform that a refusal must leave as it is, as lines that can be compared.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { must } from '../../support/app-repository.ts';
import type { TestPlatform } from '../../support/platform.ts';
import { storedFacts } from './stored.ts';

interface App {
  id: string;
  name: string;
  maintenance: boolean;
}
interface Release {
  version: number;
  status: string;
  description: string;
  current: boolean;
}
interface Entry {
  type: string;
  quantity: number;
  size: string;
}

/** Apps, releases, config vars, formation, builds, refs, the processes that serve, what visitors get, and what stored.ts has. */
export async function facts(platform: TestPlatform): Promise<string[]> {
  const apps = await listed<App>(platform, '/apps');
  const all = await Promise.all(apps.map((app) => factsOf(platform, app)));
  return [...all.flat(), ...storedFacts(platform.dataFolder)];
}

async function factsOf(platform: TestPlatform, app: App): Promise<string[]> {
  const path = `/apps/${app.name}`;
  const [releases, config, formation, builds, refs, containers] = await Promise.all([
    listed<Release>(platform, `${path}/releases`),
    platform.api<Record<string, string>>('GET', `${path}/config-vars`).then((answer) => answer.body),
    listed<Entry>(platform, `${path}/formation`),
    listed<{ id: string; status: string }>(platform, `${path}/builds`),
    refsOf(platform, app.id),
    platform.containers(app.name, 'process'),
  ]);
  const current = releases.find((one) => one.current)?.version;
  // Those before and after it may be on their way out.
  const processes = containers.filter((one) => one.labels['twelve.release'] === String(current));
  const serves = current !== undefined && formation.some(({ quantity }) => quantity > 0);
  return [
    `app maintenance=${app.maintenance}`,
    ...releases.map((one) => `release v${one.version} ${one.status} ${one.description}`),
    `current ${current === undefined ? '' : `v${current}`}`,
    ...Object.entries(config).map(([name, value]) => `config ${name} ${digest(value)}`),
    ...formation.map((one) => `formation ${one.type}=${one.quantity}:${one.size}`),
    ...builds.map((one) => `build ${one.id} ${one.status}`),
    ...refs.map((ref) => `ref ${ref}`),
    ...processes.map((one) => `process ${one.labels['twelve.process']} ${one.id.slice(0, 12)} ${one.state}`),
    ...(serves ? [`serves ${(await platform.visit(app.name)).text}`] : []),
  ].map((line) => `${app.name}: ${line}`);
}

async function listed<T>(platform: TestPlatform, path: string): Promise<T[]> {
  const { body } = await platform.api<T[]>('GET', path, undefined, { Range: 'id ..; max=1000' });
  return body;
}

async function refsOf(platform: TestPlatform, appId: string): Promise<string[]> {
  const folder = join(platform.dataFolder, 'git', `${appId}.git`);
  const refs = await must(
    platform.git(['--git-dir', folder, 'for-each-ref', '--format=%(refname) %(objectname)']),
  );
  return refs.stdout.split('\n').filter((line) => line !== '');
}

function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 12);
}
