// Pebble, a real ACME authority for tests, on loopback: with a name server that knows what a test says and nothing else.
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeCertificate } from './certificates.ts';
import { freePorts, root } from './server-process.ts';
import { waitFor } from './wait.ts';

export interface AcmeServer extends AsyncDisposable {
  directory: string;
  /** PEM file of what vouches for the directory. */
  caFile: string;
  /** A name leads to loopback from now on. */
  knows(host: string): Promise<void>;
  printed(): string;
}

/**
 * @param folder for its files
 * @param httpPort where it asks what it asks over HTTP-01
 * @param seconds that its certificates are good for
 */
export async function startAcmeServer(
  folder: string,
  httpPort: number,
  seconds: number,
): Promise<AcmeServer> {
  const [port, management, dns, names] = (await freePorts(4)) as [number, number, number, number];
  const { stdout } = await promisify(execFile)(join(root, 'scripts', 'acme-server'), { timeout: 280_000 });
  const programs = stdout.trim();
  const authority = await makeCertificate('Directory CA', { authority: true });
  const leaf = await makeCertificate('localhost', { names: ['localhost'], issuer: authority });
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const profile = { description: 'short', validityPeriod: seconds };
  const config = file(
    'pebble.json',
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: file('directory.crt', leaf.chain),
        privateKey: file('directory.key', leaf.key),
        httpPort,
        tlsPort: 1,
        ocspResponderURL: '',
        profiles: { default: profile },
      },
    }),
  );
  let printed = '';
  const run = (name: string, args: readonly string[]) => {
    const child = spawn(join(programs, name), args, {
      // It rejects one good nonce in twenty by itself; here one in five.
      env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    return child;
  };
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''];
  const unknown = ['-defaultIPv4', '', '-defaultIPv6', ''];
  const children = [
    run('pebble-challtestsrv', [
      ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${names}`],
      ...[...off, ...unknown],
    ]),
    run('pebble', ['-config', config, '-dnsserver', `127.0.0.1:${dns}`]),
  ];
  const end = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', end);
  const answers = async (url: string): Promise<boolean> => (await fetch(url).catch(() => null)) !== null;
  const up = await waitFor(
    async () => /ACME directory available/.test(printed) && (await answers(`http://127.0.0.1:${names}/`)),
    20_000,
  );
  if (!up) {
    end();
    throw new Error(`Pebble did not start. It printed:\n${printed}`);
  }
  return {
    directory: `https://localhost:${port}/dir`,
    caFile: file('directory-ca.crt', authority.chain),
    printed: () => printed,
    async knows(host) {
      const response = await fetch(`http://127.0.0.1:${names}/add-a`, {
        method: 'POST',
        body: JSON.stringify({ host, addresses: ['127.0.0.1'] }),
      });
      if (!response.ok) throw new Error(`The name server answered ${response.status}.`);
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', end);
      end();
    },
  };
}
