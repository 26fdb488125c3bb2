// Small questions about addresses and HTTP that the scripts ask, with nothing but Node.
//   net.js taken HOST:PORT          exits 0 and says by what when somebody listens there, 1 when it is free
//   net.js get HOST:PORT HOSTNAME   prints the page at / of a host name, exits 1 unless it is a 200
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';

const [what, address = '', hostname] = process.argv.slice(2);
const split = /^(.*):(\d+)$/.exec(address);
if (!split) {
  console.log(`"${address}", which is not <address>:<port>`);
  process.exit(2);
}
const host = split[1].replace(/^\[(.*)\]$/, '$1');
const port = Number(split[2]);

if (what === 'taken') await taken();
else await page();

async function taken() {
  const error = await new Promise((resolve) => {
    const server = createServer().once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
  if (!error) process.exitCode = 1;
  else if (error.code === 'EADDRINUSE') console.log(`is taken${listener() ?? ''}`);
  else console.log(`cannot be used (${error.code})`);
}

/** By whom, as far as this user may know. */
function listener() {
  try {
    const sockets = ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && Number.parseInt(local.split(':')[1], 16) === port)
      .map((fields) => `socket:[${fields[9]}]`);
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (!holds(pid, sockets)) continue;
      return ` by ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
    }
  } catch {
    // Not on this system, or not for this user.
  }
  return undefined;
}

function holds(pid, sockets) {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((name) => sockets.includes(readlinkSync(`${folder}/${name}`)));
  } catch {
    return false;
  }
}

async function page() {
  const near = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  // The name need not be known to this machine's resolver: it goes into the request.
  const name = port === 80 ? hostname : `${hostname}:${port}`;
  const request = get({
    host: near,
    port,
    path: '/',
    headers: { Host: name },
    agent: false,
    timeout: 10_000,
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
  request.on('error', (error) => {
    console.log(error.message);
    process.exitCode = 1;
  });
  request.on('response', async (response) => {
    response.setEncoding('utf8');
    let text = '';
    for await (const part of response) text += part;
    if (response.statusCode !== 200) {
      console.log(`HTTP ${response.statusCode} ${response.statusMessage}`);
      process.exitCode = 1;
    }
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  });
}
