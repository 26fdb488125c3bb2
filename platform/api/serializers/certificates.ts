// Certificates → the shape of Heroku's SNI endpoints. Private keys are in no answer.
import { coveredHosts } from '../../actions/certificates.ts';
import type { Platform } from '../../actions/context.ts';
import type { App } from '../../domain/app.ts';
import { type Certificate, isValid } from '../../domain/certificate.ts';
import { seconds } from './resources.ts';

/** @param app whose they are; null: the server's */
export function sniEndpoints(platform: Platform, app: App | null) {
  const hostsIn = coveredHosts(platform, app);
  return (one: Certificate) => shapeOf(app, one, hostsIn(one));
}

function shapeOf(app: App | null, one: Certificate, hosts: string[]) {
  return {
    id: one.id,
    name: one.name,
    display_name: null,
    cname: null,
    certificate_chain: one.chain,
    domains: hosts,
    app: app && { id: app.id, name: app.name },
    ssl_cert: {
      'ca_signed?': !one.selfSigned,
      cert_domains: one.names,
      expires_at: seconds(one.notAfter),
      id: one.id,
      issuer: one.issuer,
      'self_signed?': one.selfSigned,
      starts_at: seconds(one.notBefore),
      subject: one.subject,
      acm: one.source === 'acme',
      fingerprint: one.fingerprint,
      serial: one.serial,
      valid: isValid(one, new Date()),
    },
    created_at: seconds(one.createdAt),
    updated_at: seconds(one.createdAt),
  };
}
