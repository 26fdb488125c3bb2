// The API and git over TLS: with the certificate that fits the name a client asks for, else the platform's own.
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateService } from '../actions/certificate-service.ts';
import type { KeyPair } from '../certificates/authority.ts';
import { ciphers12, ciphers13 } from '../domain/tls.ts';

const modern = { minVersion: 'TLSv1.2', ciphers: [...ciphers13, ...ciphers12].join(':') } as const;

export function createTlsServer(
  certificates: Pick<CertificateService, 'pairFor' | 'onChanged'>,
  onRequest: RequestListener,
): Server {
  const contexts = new Map<string, SecureContext>();

  function contextOf({ chain, key }: KeyPair): SecureContext {
    const known = contexts.get(chain);
    if (known) return known;
    // Those of certificates that were replaced are let go of with the others, seldom enough.
    if (contexts.size > 100) contexts.clear();
    const made = createSecureContext({ cert: chain, key, ...modern });
    contexts.set(chain, made);
    return made;
  }

  const server = createServer(
    {
      ...modern,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        try {
          done(null, contextOf(certificates.pairFor(name)));
        } catch (error) {
          done(error as Error);
        }
      },
      ...own(certificates.pairFor(null)),
    },
    onRequest,
  );
  // A handshake that fails is the client's matter; it has been told.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const forget = certificates.onChanged(() =>
    server.setSecureContext({ ...modern, ...own(certificates.pairFor(null)) }),
  );
  server.once('close', forget);
  return server;
}

function own({ chain, key }: KeyPair) {
  return { cert: chain, key };
}
