// Somebody else's git server with an address of its own: a container on the engine's bridge, https, git's http-backend.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createDockerEngine } from '../../platform/engine/docker.ts';
import { createImages } from '../../platform/engine/images.ts';
import { ownLabels, ownName } from '../../platform/engine/labels.ts';
import { commit, must } from '../unit/git/support.ts';
import { engineSocket } from './engine-socket.ts';
import { eventually } from './wait.ts';

export interface NeighbourGit extends AsyncDisposable {
  /** Of the authority that signed its certificate. */
  caFile: string;
  url(name: string): string;
  /** A repository with one commit of these files. @returns the folder to work in */
  repository(name: string, files: Record<string, string>): Promise<string>;
  /** Makes what was committed there be served. */
  publish(name: string): Promise<void>;
}

/** Waits for its certificate, which needs its address. */
const program = `
import http.server, os, ssl, subprocess, time

class Git(http.server.BaseHTTPRequestHandler):
    def answer(self):
        path, _, query = self.path.partition('?')
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        env = dict(PATH=os.environ['PATH'], GIT_PROJECT_ROOT='/srv/git/served', GIT_HTTP_EXPORT_ALL='1',
            GIT_CONFIG_COUNT='1', GIT_CONFIG_KEY_0='safe.directory', GIT_CONFIG_VALUE_0='*',
            GIT_PROTOCOL=self.headers.get('git-protocol') or '', REQUEST_METHOD=self.command, PATH_INFO=path,
            HTTP_CONTENT_ENCODING=self.headers.get('content-encoding') or '', QUERY_STRING=query,
            CONTENT_TYPE=self.headers.get('content-type') or '', REMOTE_ADDR='127.0.0.1')
        said = subprocess.run(['git', 'http-backend'], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, content = said.partition(b'\\r\\n\\r\\n')
        fields = [line.split(': ', 1) for line in head.decode().split('\\r\\n') if ': ' in line]
        self.send_response(int(next((v for k, v in fields if k == 'Status'), '200').split()[0]))
        for k, v in fields:
            if k != 'Status': self.send_header(k, v)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)
    do_GET = do_POST = answer
    def log_message(self, *_): pass

while not os.path.exists('/srv/git/server.pem'): time.sleep(0.05)
server = http.server.ThreadingHTTPServer(('0.0.0.0', 8443), Git)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('/srv/git/server.pem', '/srv/git/server.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
print('ready', flush=True)
server.serve_forever()
`;

export async function startNeighbourGit(): Promise<NeighbourGit> {
  const engine = createDockerEngine({ socketPath: engineSocket });
  const images = createImages({ engine });
  const instance = `t${randomUUID().slice(0, 8)}`;
  const folder = await mkdtemp(join(tmpdir(), 'twelve-neighbour-'));
  await mkdir(join(folder, 'served'));
  await writeFile(join(folder, 'server.py'), program);
  let id: string | undefined;
  const dispose = async (): Promise<void> => {
    if (id) await engine.remove(id);
    await images.close();
    engine.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    id = await engine.create({
      name: ownName(instance, 'git', 'server'),
      image: (await images.ensure('build')).reference,
      labels: ownLabels(instance, 'run'),
      entrypoint: ['python3'],
      command: ['/srv/git/server.py'],
      env: { PATH: '/usr/bin:/bin' },
      // The folder is this test's alone.
      user: '0:0',
      mounts: [{ source: folder, target: '/srv/git' }],
      memory: 256 * 1_048_576,
    });
    await engine.start(id);
    const { addresses } = await engine.inspect(id);
    const address = Object.values(addresses)[0]!;
    await certify(folder, address);
    const container = id;
    await eventually(
      () => engine.lastLines(container, 5),
      (lines) => lines.includes('ready'),
    );
    return serve(folder, address, dispose);
  } catch (error) {
    await dispose();
    throw error;
  }
}

function serve(folder: string, address: string, dispose: () => Promise<void>): NeighbourGit {
  const self: NeighbourGit = {
    caFile: join(folder, 'ca.pem'),
    url: (name) => `https://${address}:8443/${name}`,
    async repository(name, files) {
      const work = join(folder, 'work', name);
      await mkdir(work, { recursive: true });
      await must(work, 'init', '-q', '-b', 'main');
      await commit(work, files);
      await self.publish(name);
      return work;
    },
    async publish(name) {
      const served = join(folder, 'served', name);
      await rm(served, { recursive: true, force: true });
      await mkdir(dirname(served), { recursive: true });
      await must(folder, 'clone', '-q', '--bare', join(folder, 'work', name), served);
    },
    [Symbol.asyncDispose]: dispose,
  };
  return self;
}

async function certify(folder: string, address: string): Promise<void> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Neighbour CA');
  openssl(
    'req',
    ...key.slice(0, -2),
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    `/CN=${address}`,
  );
  await writeFile(join(folder, 'names'), `subjectAltName=IP:${address}\n`);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.new', ...signing);
  await rename(join(folder, 'server.new'), join(folder, 'server.pem'));
}
