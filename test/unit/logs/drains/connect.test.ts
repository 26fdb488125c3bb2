// Why a receiver cannot be connected to, in words for whoever has to do something about it, and over which addresses it can.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';
import { expect, it } from 'vitest';
import { parseDrainUrl } from '../../../../platform/domain/log-drain.ts';
import { createConnect } from '../../../../platform/logs/drains/connect.ts';
import { temporaryFolder } from '../engine-files.ts';
import { makeCertificates } from './certificates.ts';

const never = new AbortController().signal;

async function startServer(host: string, tls?: TlsOptions) {
  const sockets = new Set<Socket>();
  const server = tls ? createSecureServer(tls) : createServer((socket) => void socket.write('220 hello\r\n'));
  server.on('connection', (socket: Socket) => void sockets.add(socket.on('error', () => {})));
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What comes of a connection, or why there is none. */
async function outcome(url: string, addresses: string[], caFile: string | null = null): Promise<string> {
  const address = parseDrainUrl(url);
  const resolve = async () => ({ host: '', port: 0, addresses });
  try {
    const socket = await createConnect({ address, insecure: false, caFile, resolve }).socket(never);
    socket.destroy();
    return 'connected';
  } catch (error) {
    return (error as Error).message;
  }
}

it('says of each address of a host why it cannot be reached', async () => {
  using server = await startServer('127.0.0.1');
  const url = `syslog://logs.example:${server.port}`;
  expect(await outcome(url, ['127.0.0.2', '127.0.0.3'])).toBe(
    `The receiver cannot be reached: connect ECONNREFUSED 127.0.0.2:${server.port}; connect ECONNREFUSED 127.0.0.3:${server.port}.`,
  );
  expect(await outcome(url, ['127.0.0.2', '127.0.0.1'])).toBe('connected');
});

it('verifies the certificate of an address, of whichever family', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  using four = await startServer('127.0.0.1', tls);
  using six = await startServer('::1', tls);
  expect(await outcome(`syslog+tls://127.0.0.1:${four.port}`, ['127.0.0.1'], tls.caFile)).toBe('connected');
  expect(await outcome(`syslog+tls://[0::1]:${six.port}`, ['::1'], tls.caFile)).toBe('connected');
  expect(await outcome(`https://localhost:${six.port}/in`, ['::1'], tls.caFile)).toBe('connected');
});

it('says what is wrong with a certificate also where another address refuses', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  using server = await startServer('127.0.0.1', tls);
  const from = ['127.0.0.1', '127.0.0.2'];
  expect(await outcome(`syslog+tls://localhost:${server.port}`, from)).toMatch(
    /certificate is not trusted .*authority belongs into TWELVE_CA_FILE; .*--insecure/,
  );
  expect(await outcome(`syslog+tls://logs.example:${server.port}`, from, tls.caFile)).toMatch(
    /certificate is not trusted .*URL has to call the receiver what its certificate does; .*--insecure/,
  );
});

it('says of a certificate that is not good any more that a new one is needed', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path, -1);
  using server = await startServer('127.0.0.1', tls);
  expect(await outcome(`https://localhost:${server.port}/in`, ['127.0.0.1'], tls.caFile)).toMatch(
    /certificate is not trusted \(certificate has expired\). The receiver needs a new one, .*clock/,
  );
});

it('tells a receiver without TLS, and one that wants a certificate of ours, from one that is not there', async () => {
  using folder = temporaryFolder();
  const tls = makeCertificates(folder.path);
  using plain = await startServer('127.0.0.1');
  expect(await outcome(`syslog+tls://localhost:${plain.port}`, ['127.0.0.1'], tls.caFile)).toBe(
    'The receiver at 127.0.0.1 can be reached, but not over TLS: wrong version number. Is it a port for TLS, and does it take clients without a certificate?',
  );
  const ca = readFileSync(tls.caFile);
  using strict = await startServer('127.0.0.1', {
    ...{ ...tls, ca, requestCert: true, rejectUnauthorized: true },
    maxVersion: 'TLSv1.2',
  });
  expect(await outcome(`syslog+tls://localhost:${strict.port}`, ['127.0.0.1'], tls.caFile)).toMatch(
    /^The receiver at 127\.0\.0\.1 can be reached, but not over TLS: .*does it take clients without a certificate\?$/,
  );
});
