// Why there is no answer, in a sentence that says what to do.
import { CliError, UnreachableError } from './errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to its network',
  ETIMEDOUT: 'nothing came for too long',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
};

/** @returns what to do where a certificate is out of its time, which no other authority mends; null: it is something else */
export function outOfTime(origin: string, code: string): CliError | null {
  const now = new Date().toISOString().slice(0, 16).replace('T', ' ');
  if (code === 'CERT_HAS_EXPIRED')
    return new CliError(
      `The certificate of ${origin} has expired, by the clock of this machine (${now} UTC). If that is right, "twelve certs:auto --server" on the server's own machine says why it was not renewed.`,
    );
  if (code === 'CERT_NOT_YET_VALID')
    return new CliError(
      `The certificate of ${origin} is not valid yet, by the clock of this machine (${now} UTC). Are its clock and the server's right?`,
    );
  return null;
}

export function unreachable(url: URL, error: Error & { code?: string }): CliError {
  const code = error.code ?? '';
  const late = outOfTime(url.origin, code);
  if (late) return late;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)) {
    return new CliError(
      `The certificate of ${url.origin} is not trusted (${error.message}). If it has a certificate authority of its own, log in again: twelve login ${url.origin}`,
    );
  }
  if (code === 'EPROTO' || code.startsWith('HPE_')) {
    return new CliError(
      `${url.origin} does not speak ${url.protocol === 'https:' ? 'TLS' : 'plain HTTP'}. Is the URL right?`,
    );
  }
  return new UnreachableError(
    `Twelve's server at ${url.origin} does not answer (${reasons[code] ?? error.message}). Is it running? On its machine: systemctl status twelve, or "twelve server" where it is no service`,
    code,
    error,
  );
}
