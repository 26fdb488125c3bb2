// Somebody else's git server: https with a certificate of its own authority, git's own http-backend behind it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createAddressCheck } from '../../../platform/address-check.ts';
import type { ResolveSafely } from '../../../platform/domain/address.ts';
import { commit, must } from './support.ts';

export interface HttpsServer extends AsyncDisposable {
  port: number;
  /** Of the authority that signed its certificate, for `git.test`. */
  caFile: string;
  /** Paths asked for, with the login that came with them. */
  requests: { path: string; authorization: string | undefined }[];
  /** Answers instead of git, when it gives true. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean;
  url(name: string): string;
  /** A repository with one commit of these files. @returns the folder to work in */
  repository(name: string, files: Record<string, string>): Promise<string>;
  /** Makes what was committed there be served. */
  publish(name: string): Promise<void>;
}

/** `git.test` is nobody's name: only what is pinned leads there. Every other host is looked at by `others`. */
export function besideGitTest(others: ResolveSafely): ResolveSafely {
  return async (url, signal) =>
    url.hostname === 'git.test'
      ? { host: 'git.test', port: Number(url.port), addresses: ['127.0.0.1'] }
      : others(url, signal);
}

/** The platform's real check for every other host: apps are at 10.213.0.0/16, and names lead to loopback. */
export const resolve = besideGitTest(
  createAddressCheck({
    own: () => ['10.213.0.0/16'],
    names: [],
    lookupAll: async (host) => (host === 'app.test' ? ['10.213.0.5'] : ['127.0.0.1']),
  }),
);

export async function startHttpsServer(): Promise<HttpsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-https-'));
  const certificate = await makeCertificates(folder);
  const served = join(folder, 'served');
  await mkdir(served);
  const requests: HttpsServer['requests'] = [];
  const server = createServer(certificate, (request, response) => {
    requests.push({ path: request.url!, authorization: request.headers.authorization });
    if (!self.before(request, response)) serve(served, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const self: HttpsServer = {
    port,
    caFile: join(folder, 'ca.pem'),
    requests,
    before: () => false,
    url: (name) => `https://git.test:${port}/${name}`,
    async repository(name, files) {
      const work = join(folder, 'work', name);
      await mkdir(work, { recursive: true });
      await must(work, 'init', '-q', '-b', 'main');
      await commit(work, files);
      await mkdir(dirname(join(served, name)), { recursive: true });
      await self.publish(name);
      return work;
    },
    async publish(name) {
      await rm(join(served, name), { recursive: true, force: true });
      await must(folder, 'clone', '-q', '--bare', join(folder, 'work', name), join(served, name));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return self;
}

async function makeCertificates(folder: string): Promise<{ key: Buffer; cert: Buffer }> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  );
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=git.test');
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:git.test\n');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signing);
  return {
    key: await readFile(join(folder, 'server.key')),
    cert: await readFile(join(folder, 'server.pem')),
  };
}

/** CGI: a request as an environment, the answer with its headers before it. */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = request.url!.split('?', 2);
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_PROTOCOL: `${request.headers['git-protocol'] ?? ''}`,
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.once('close', () => {
    const answer = Buffer.concat(out);
    const end = answer.indexOf('\r\n\r\n');
    const head = answer
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(/: (.*)/s));
    const status = head.find(([name]) => name === 'Status')?.[1] ?? '200';
    for (const [name, value] of head) if (name !== 'Status') response.setHeader(name!, value!);
    response.writeHead(Number.parseInt(status, 10));
    response.end(answer.subarray(end + 4));
  });
}
