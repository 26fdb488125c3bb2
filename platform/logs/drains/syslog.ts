// syslog:// and syslog+tls://: RFC 5424 messages with octet counting (RFC 6587, RFC 5425).
import { formatMicros } from '../../domain/log-line.ts';
import { createByteStream } from './byte-stream.ts';
import type { DrainLine, DrainTarget, TargetNeeds } from './target.ts';

/** Facility × 8 + severity, as on Heroku: local7.info, local3.info, syslog.notice. */
const priorities = { app: 190, router: 158, platform: 45 } as const;
/** Sequence numbers of RFC 5424 begin at 1 again after this one. */
const mostSequence = 2_147_483_647;

export function createSyslogTarget({ token, connect, onBroken }: TargetNeeds): DrainTarget {
  const stream = createByteStream({ connect, onBroken });
  return {
    window: 1,
    lingerMs: 20,
    repeatable: false,
    send: ({ lines, before }, signal) =>
      stream.write(counted(lines.map((line) => syslogMessage(line, token))), before, signal),
    close: stream.close,
  };
}

export function syslogMessage(line: DrainLine, token: string): string {
  const { sequence } = line;
  const data = sequence === null ? '-' : `[meta sequenceId="${((sequence - 1) % mostSequence) + 1}"]`;
  return `${syslogHead(line, token)} - ${data} ${line.text}`;
}

/** Up to the process. @param host the word that says where it comes from */
export function syslogHead({ source, process, time }: DrainLine, host: string): string {
  const priority =
    source === 'app' ? priorities.app : process === 'router' ? priorities.router : priorities.platform;
  return `<${priority}>1 ${formatMicros(time)} ${host} ${source} ${word(process)}`;
}

/** Each with its length before it, so that no byte in it can end it. */
export function counted(messages: readonly string[]): Buffer {
  let text = '';
  for (const message of messages) text += `${Buffer.byteLength(message)} ${message}`;
  return Buffer.from(text);
}

function word(process: string): string {
  return process.replace(/[^\x21-\x7e]/g, '?').slice(0, 128) || '-';
}
