// Visitors over TLS, who look at the certificate themselves and take any.
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls';

/** A connection as somebody who wants this name. @throws Error when none is made */
export async function handshake(
  port: number,
  servername: string,
  more: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...more });
  await once(socket, 'secureConnect');
  return socket;
}

/** What a name is served with. */
export async function certificateOf(port: number, servername: string): Promise<PeerCertificate> {
  const socket = await handshake(port, servername);
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

/** One request, on a connection of its own, as far as the head of its answer. */
export async function askOverTls(
  port: number,
  host: string,
  path = '/',
): Promise<{ asked: ClientRequest; response: IncomingMessage }> {
  const asked = request({
    ...{ host: '127.0.0.1', port, path, servername: host, rejectUnauthorized: false, agent: false as const },
    headers: { host },
  }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { asked, response };
}

/** The same, its answer read to the end. */
export async function visitOverTls(
  port: number,
  host: string,
  path = '/',
): Promise<{ status: number; body: string }> {
  const { response } = await askOverTls(port, host, path);
  let body = '';
  for await (const part of response) body += part;
  return { status: response.statusCode!, body };
}
