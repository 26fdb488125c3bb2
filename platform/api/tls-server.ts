// The API and git over TLS: with the certificate that fits the name a client asks for, else the platform's own.
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateService } from '../actions/certificate-service.ts';
import type { KeyPair } from '../certificates/authority.ts';

/** As the router: TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3. */
const modern = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const;

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
    const made = createSecureContext({ ...modern, cert: chain, key });
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
