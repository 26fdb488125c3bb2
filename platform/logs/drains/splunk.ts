// splunk+https://: Splunk's HTTP event collector. A batch has arrived when the indexer acknowledges it.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrainAddress } from '../../domain/log-drain.ts';
import { createPoster, type Reply } from './poster.ts';
import { createAcknowledgements, parsed } from './splunk-acks.ts';
import { type DrainLine, type DrainTarget, type TargetNeeds, TooLarge } from './target.ts';

/** An event without text is refused by the collector. */
const blank = '(blank line)';
const usualPath = '/services/collector/event';

export function createSplunkTarget({ address, token, connect }: TargetNeeds): DrainTarget {
  const poster = createPoster(address, connect);
  const path = address.url.pathname.replace(/\/+$/, '') || usualPath;
  const authorization = `Splunk ${address.password || address.user}`;
  const shape = eventShape(address, token);
  /** What was sent on a channel is acknowledged on it; a collector that began anew knows nothing of the old ones. */
  let channel = randomUUID();
  const acknowledgements = createAcknowledgements({
    ask: (ids, on, signal) =>
      post(
        `${path.replace(/\/(event(\/1\.0)?|raw)$/, '')}/ack`,
        on,
        Buffer.from(JSON.stringify({ acks: ids })),
        signal,
      ),
    breaks: poster.breaks,
    wait: (ms, signal) => sleep(ms, undefined, { signal }),
  });

  function post(to: string, on: string, body: Buffer, signal: AbortSignal): Promise<Reply> {
    const headers = {
      Authorization: authorization,
      'Content-Type': 'application/json',
      'X-Splunk-Request-Channel': on,
    };
    return poster.post(to, headers, body, signal);
  }

  return {
    // It is seconds before an indexer acknowledges.
    window: 8,
    lingerMs: 200,
    repeatable: false,
    async send({ lines }, signal) {
      const on = channel;
      try {
        const reply = await post(
          path,
          on,
          Buffer.from(lines.map((line) => JSON.stringify(shape(line))).join('\n')),
          signal,
        );
        const id = acknowledgementId(reply);
        if (id !== null) await acknowledgements.arrived(id, on, signal);
      } catch (error) {
        if (channel === on) channel = randomUUID();
        throw error;
      }
    },
    async close() {
      acknowledgements.close();
      poster.close();
    },
  };
}

/** null: the token was made without acknowledgement, and the answer is all there is. */
function acknowledgementId({ status, text }: Reply): number | null {
  if (status === 413) throw new TooLarge('The collector finds it too large (status 413).');
  const { code, ackId, text: why } = parsed(text);
  if (status === 200 && code === 0) return typeof ackId === 'number' ? ackId : null;
  const said = typeof why === 'string' ? ` (${why.replace(/[^\x20-\x7e]/g, '').slice(0, 80)})` : '';
  throw new Error(`The collector answers with status ${status}${said}.`);
}

function eventShape({ url }: DrainAddress, token: string): (line: DrainLine) => unknown {
  const given = (name: string): string | undefined => url.searchParams.get(name) || undefined;
  const [host, index, sourcetype, source] = ['host', 'index', 'sourcetype', 'source'].map(given);
  return ({ time, source: kind, process, text, sequence }) => ({
    time: Number((time / 1e6).toFixed(6)),
    host: host ?? token,
    source: source ?? `${kind}[${process}]`,
    ...(sourcetype ? { sourcetype } : {}),
    ...(index ? { index } : {}),
    event: text.trim() === '' ? blank : text,
    fields: { kind, process, drain: token, ...(sequence === null ? {} : { sequence }) },
  });
}
