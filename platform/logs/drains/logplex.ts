// https://: batches as Heroku's log router posts them. Any 2xx says that the receiver has them.
import { createHash } from 'node:crypto';
import { createPoster } from './poster.ts';
import { counted, syslogHead } from './syslog.ts';
import { type DrainBatch, type DrainLine, type DrainTarget, type TargetNeeds, TooLarge } from './target.ts';

export function createLogplexTarget({ address, token, connect }: TargetNeeds): DrainTarget {
  const poster = createPoster(address, connect);
  const { url, user, password } = address;
  const login = Buffer.from(`${user}:${password}`).toString('base64');
  const always = {
    'Content-Type': 'application/logplex-1',
    'Logplex-Drain-Token': token,
    ...(user || password ? { Authorization: `Basic ${login}` } : {}),
  };
  return {
    window: 1,
    lingerMs: 100,
    repeatable: true,
    async send(batch, signal) {
      const headers = {
        ...always,
        'Logplex-Msg-Count': String(batch.lines.length),
        'Logplex-Frame-Id': frameId(batch, token),
      };
      const body = counted(batch.lines.map(logplexMessage));
      const { status } = await poster.post(url.pathname + url.search, headers, body, signal);
      if (status === 413) throw new TooLarge('The receiver finds it too large (status 413).');
      if (status < 200 || status > 299) throw new Error(`The receiver answers with status ${status}.`);
    },
    close: async () => poster.close(),
  };
}

/** The same one for the same lines, so that a receiver sees what comes a second time. */
export function frameId({ before, last }: Pick<DrainBatch, 'before' | 'last'>, token: string): string {
  return createHash('sha256').update(`${token} ${before} ${last}`).digest('hex').slice(0, 32);
}

/** As Heroku's: the word `host` for a host, no structured data, a newline that is counted too. */
export function logplexMessage(line: DrainLine): string {
  return `${syslogHead(line, 'host')} - ${line.text}\n`;
}
