// What one platform has on the engine, by its labels; works without npm packages and without the platform.
//   instance.js routers           prints the ids of all platforms whose router runs, one a line
//   instance.js running ID KIND   exits 0 when a container of that kind runs, else 1
//   instance.js one-router ID     removes its routers that were told to leave, which are all but the one made last
//   instance.js stop ID           removes its containers; the platform makes them again when it is started
//   instance.js remove ID         removes its containers, networks and the images of its releases
import { request } from 'node:http';

const [what, instance = '', kind] = process.argv.slice(2);
const socketPath = (process.env.TWELVE_ENGINE || '/var/run/docker.sock').replace(/^unix:\/\//, '');

// Nothing that could match the objects of somebody else.
if (what !== 'routers' && !/^[a-z0-9]{6,}$/.test(instance))
  throw new Error(`"${instance}" is not the id of a platform`);

try {
  if (what === 'routers') await routers();
  else if (what === 'running') await running();
  else if (what === 'one-router') await keepOneRouter();
  else if (what === 'stop') await removeContainers();
  else if (what === 'remove') await remove();
  else throw new Error(`"${what}" is none of: routers, running, one-router, stop, remove`);
} catch (error) {
  console.log(`The Docker Engine at ${socketPath}: ${error.message}`);
  process.exitCode = 2;
}

async function routers() {
  const wanted = encodeURIComponent(JSON.stringify({ label: ['twelve.kind=router'] }));
  const found = await ask('GET', `/containers/json?filters=${wanted}`);
  for (const { Labels } of found) console.log(Labels['twelve.instance']);
}

async function running() {
  const found = await ask('GET', `/containers/json?filters=${filter([`twelve.kind=${kind}`])}`);
  process.exitCode = found.length > 0 ? 0 : 1;
}

async function keepOneRouter() {
  const found = await ask('GET', `/containers/json?filters=${filter(['twelve.kind=router'])}`);
  const [, ...others] = found.sort((a, b) => b.Created - a.Created);
  for (const { Id } of others) await ask('DELETE', `/containers/${Id}?force=1&v=1`);
}

async function removeContainers() {
  const found = await ask('GET', `/containers/json?all=1&filters=${filter()}`);
  // The router first, so that no visitor is sent to a process that is gone. SIGTERM, and a moment for each to end.
  const first = (one) => (one.Labels['twelve.kind'] === 'router' ? 0 : 1);
  await Promise.all(
    found
      .sort((a, b) => first(a) - first(b))
      .map(async ({ Id }) => {
        await ask('POST', `/containers/${Id}/stop?t=10`);
        await ask('DELETE', `/containers/${Id}?force=1&v=1`);
      }),
  );
  return found.length;
}

async function remove() {
  const containers = await removeContainers();
  const networks = await ask('GET', `/networks?filters=${filter()}`);
  for (const { Id } of networks) await ask('DELETE', `/networks/${Id}`);
  const images = (await ask('GET', '/images/json'))
    .flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])])
    .filter((name) => name.startsWith(`twelve-${instance}/`) || name.includes(`/${instance}/`));
  for (const name of images) await ask('DELETE', `/images/${name}`);
  const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  console.log(
    `${count(containers, 'container')}, ${count(networks.length, 'network')} and the images of its apps`,
  );
}

function filter(labels = []) {
  return encodeURIComponent(JSON.stringify({ label: [`twelve.instance=${instance}`, ...labels] }));
}

/** What is not there, or going already, is no failure: that is what was wanted. */
function ask(method, path) {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path }, async (response) => {
      response.setEncoding('utf8');
      let text = '';
      for await (const part of response) text += part;
      const status = response.statusCode;
      if (status >= 400 && status !== 404 && status !== 409)
        reject(new Error(`${method} ${path}: ${status} ${text}`));
      else resolve(/^[[{]/.test(text) ? JSON.parse(text) : null);
    });
    call.on('error', reject).end();
  });
}
