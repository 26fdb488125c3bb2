// The engine as tests look at it: plain requests to its socket, so that what is checked does not check itself.
import { request } from 'node:http';

const machine = (process.env['TWELVE_ENGINE'] || '/var/run/docker.sock').replace(/^unix:\/\//, '');

/** Of the engine that tests of this file are about. */
export let engineSocket = machine;

/** From now on another engine is meant; without a socket the machine's again. */
export function useEngine(socket = machine): void {
  engineSocket = socket;
}

export interface Container {
  id: string;
  name: string;
  labels: Record<string, string>;
  /** `running`, `exited`, `created`. */
  state: string;
}

const answerMs = 90_000;

interface RawContainer {
  Id: string;
  Names: string[];
  Labels: Record<string, string>;
  State: string;
}

interface RawImage {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
}

/** @throws Error with the engine's own words, but not for what is not there (any more) */
export async function ask<T>(method: string, path: string): Promise<T> {
  const text = await textOf(method, path);
  return (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null) as T;
}

/** What a container printed since a time of RFC 3339, with the engine's marks between. */
export function logsOf(id: string, since: string): Promise<string> {
  const [seconds, fraction = ''] = since.split('.');
  const start = `${Date.parse(`${seconds?.replace(/Z$/, '')}Z`) / 1000}.${fraction.replace(/Z$/, '')}`;
  return textOf('GET', `/containers/${id}/logs?stdout=1&stderr=1&since=${start}`);
}

function textOf(method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // An engine that hangs is told by name.
    const signal = AbortSignal.timeout(answerMs);
    const call = request({ socketPath: engineSocket, method, path, signal }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const status = response.statusCode ?? 0;
        if (status >= 400 && status !== 404 && status !== 409)
          reject(new Error(`${method} ${path}: ${status} ${text}`));
        else resolve(text);
      });
    });
    call.on('error', (error) =>
      reject(
        signal.aborted
          ? new Error(`The engine did not answer ${method} ${path} within ${answerMs / 1000} s.`)
          : error,
      ),
    );
    call.end();
  });
}

const byLabels = (labels: Record<string, string>): string =>
  encodeURIComponent(
    JSON.stringify({ label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) }),
  );

/** Also those that do not run. */
export async function containers(labels: Record<string, string>): Promise<Container[]> {
  const list = await ask<RawContainer[]>('GET', `/containers/json?all=1&filters=${byLabels(labels)}`);
  return list.map((one) => ({
    id: one.Id,
    name: one.Names[0]?.slice(1) ?? '',
    labels: one.Labels,
    state: one.State,
  }));
}

export async function networks(labels: Record<string, string>): Promise<string[]> {
  const list = await ask<{ Name: string }[]>('GET', `/networks?filters=${byLabels(labels)}`);
  return list.map((network) => network.Name);
}

/** Without the one that all builds of a platform share, which is as old as its first build. */
export async function appNetworks(instance: string): Promise<string[]> {
  const all = await networks({ 'twelve.instance': instance });
  return all.filter((name) => !name.endsWith(`twelve-${instance}-builds`));
}

/** Names under which the engine has images of this platform's apps. */
export async function imageNames(instance: string): Promise<string[]> {
  const list = await ask<RawImage[]>('GET', '/images/json');
  return list
    .flatMap((image) => [...(image.RepoTags ?? []), ...(image.RepoDigests ?? [])])
    .filter((name) => name.startsWith(`twelve-${instance}/`) || name.includes(`/${instance}/`));
}

/** Images of this platform's apps, and of the stack as it serves it, with and without a name. */
export async function slugImages(instance: string): Promise<string[]> {
  const list = await ask<RawImage[]>('GET', `/images/json?filters=${byLabels({ 'twelve.slug': instance })}`);
  return list.map((image) => image.Id);
}

export async function removeContainer(id: string): Promise<void> {
  await ask('DELETE', `/containers/${id}?force=1&v=1`);
}

/** Everything on an engine that is a test's own. */
export async function clearEngine(socket: string): Promise<void> {
  useEngine(socket);
  try {
    for (const { id } of await containers({})) await removeContainer(id);
    await ask('POST', '/networks/prune');
  } finally {
    useEngine();
  }
}

/** Everything one platform has on the engine. */
export async function removeInstance(instance: string): Promise<void> {
  const labels = { 'twelve.instance': instance };
  await Promise.all((await containers(labels)).map((one) => removeContainer(one.id)));
  await Promise.all(
    (await networks(labels)).map((name) => ask('DELETE', `/networks/${encodeURIComponent(name)}`)),
  );
  for (const name of await imageNames(instance)) await ask('DELETE', `/images/${name}?force=1`);
}
