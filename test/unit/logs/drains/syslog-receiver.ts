// A syslog server that takes nothing but what the standards say: RFC 6587 octet counting around RFC 5424 messages.
import { type Receiver, startReceiver } from './receiver.ts';

export interface SyslogMessage {
  priority: number;
  time: string;
  host: string;
  app: string;
  process: string;
  /** Of the structured data; null where there is none. */
  sequence: number | null;
  text: string;
}

export interface SyslogReceiver extends Receiver {
  messages: SyslogMessage[];
  /** What it could not take. */
  faults: string[];
}

export async function startSyslogReceiver(tls?: { key: string; cert: string }): Promise<SyslogReceiver> {
  const messages: SyslogMessage[] = [];
  const faults: string[] = [];
  const receiver = await startReceiver({
    ...(tls ? { tls } : {}),
    accept(socket) {
      let left: Buffer = Buffer.alloc(0);
      return (bytes) => {
        left = Buffer.concat([left, bytes]);
        try {
          left = takeFrames(left, (text) => messages.push(readMessage(text)));
        } catch (error) {
          faults.push(String(error));
          socket.destroy();
        }
      };
    },
  });
  return Object.assign(receiver, { messages, faults });
}

/** SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG; MSG-LEN begins with no zero. @returns what is no whole frame yet */
export function takeFrames(bytes: Buffer, take: (text: string) => void): Buffer {
  let at = 0;
  for (;;) {
    const space = bytes.indexOf(0x20, at);
    if (space < 0) {
      if (bytes.length - at > 10) throw new Error(`no length in ${bytes.toString('latin1', at, at + 20)}`);
      return bytes.subarray(at);
    }
    const length = bytes.toString('latin1', at, space);
    if (!/^[1-9]\d{0,6}$/.test(length)) throw new Error(`"${length}" is no length`);
    const end = space + 1 + Number(length);
    if (end > bytes.length) return bytes.subarray(at);
    take(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(space + 1, end)));
    at = end;
  }
}

const form =
  /^<(0|[1-9]\d{0,2})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (-|(?:\[[^\]]+\])+)(?: ([\s\S]*))?$/;

export function readMessage(text: string): SyslogMessage {
  const match = form.exec(text);
  if (!match) throw new Error(`no RFC 5424 message: ${text.slice(0, 120)}`);
  const [, priority, time, host, app, process, , data, said = ''] = match;
  if (Number(priority) > 191) throw new Error(`priority ${priority}`);
  const sequence = data === '-' ? null : /^\[meta sequenceId="([1-9]\d*)"\]$/.exec(data!)?.[1];
  if (sequence === undefined) throw new Error(`structured data ${data}`);
  return {
    ...{ priority: Number(priority), time: time!, host: host!, app: app!, process: process!, text: said },
    sequence: sequence === null ? null : Number(sequence),
  };
}
