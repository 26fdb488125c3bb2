// Receivers of the protocols that no package of Debian's speaks, made of published code and built by our own Go buildpack:
// Heroku's reader of Logplex batches, Graylog's of GELF datagrams, and VictoriaLogs, which takes what Splunk's collector takes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startBuilds } from '../engine/build/builds.ts';
import { cache } from './cache.ts';
import type { Received } from './log-receivers.ts';
import {
  type CertificateFiles,
  listens,
  type ReceiverProgram,
  startReceiverProgram,
} from './receiver-program.ts';
import { freePorts } from './server-process.ts';

const source = join(import.meta.dirname, 'receivers');

/** A folder with the programs; built once for a source. */
export async function buildReceivers(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(source).sort()) hash.update(name).update(readFileSync(join(source, name)));
  const built = join(cache, `receivers-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(built)) return built;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'receivers-making-'));
  await using builds = await startBuilds();
  try {
    // Alone, whatever system it runs on.
    const { app } = await builds.build(source, { config: { CGO_ENABLED: '0' } });
    await cp(join(app, 'bin'), making, { recursive: true });
    renameSync(making, built);
    return built;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

export interface FileReceiver extends ReceiverProgram {
  port: number;
  /** What was wrong with what came. */
  faults(): string[];
  received(): Received[];
}

interface Kept extends Partial<Received> {
  fault?: string;
  token?: string;
  lines?: Received[] | null;
}

/** @param protocol `logplex` keeps each batch once, as its frame id lets it */
export async function startFileReceiver(
  protocol: 'logplex' | 'gelf-udp',
  folder: string,
  tls: CertificateFiles,
): Promise<FileReceiver> {
  const programs = await buildReceivers();
  const [port] = (await freePorts(1)) as [number];
  const out = join(folder, `${protocol}.out`);
  const program = await startReceiverProgram({
    program: join(programs, 'receivers'),
    args: [
      ...['-protocol', protocol, '-address', `127.0.0.1:${port}`, '-out', out],
      ...['-cert', tls.certFile, '-key', tls.keyFile],
    ],
    env: {},
    isReady: (said) => said.includes('listening'),
  });
  const kept = (): Kept[] =>
    readFileSync(out, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Kept);
  return {
    ...program,
    port,
    faults: () => kept().flatMap(({ fault }) => fault ?? []),
    // Of a batch the drain's token is in its head, and its lines have the word `host`.
    received: () =>
      protocol === 'logplex'
        ? kept().flatMap(({ token = '', lines }) =>
            (lines ?? []).map((line) => ({ ...line, host: `${line.host} of ${token}` })),
          )
        : (kept() as Received[]),
  };
}

export interface VictoriaLogs extends ReceiverProgram {
  ports: { splunk: number; syslog: number; 'syslog+tls': number };
  /** All that it has made searchable, in the order of its sequence numbers. */
  received(): Promise<Received[]>;
}

export async function startVictoriaLogs(folder: string, tls: CertificateFiles): Promise<VictoriaLogs> {
  const programs = await buildReceivers();
  const [splunk, syslog, secure] = (await freePorts(3)) as [number, number, number];
  const pair = (name: string) => [`-${name}CertFile=${tls.certFile}`, `-${name}KeyFile=${tls.keyFile}`];
  const program = await startReceiverProgram({
    program: join(programs, 'victoria-logs'),
    args: [
      ...[`-storageDataPath=${join(folder, 'victoria')}`, '-retentionPeriod=100y'],
      ...[`-httpListenAddr=127.0.0.1:${splunk}`, '-tls', ...pair('tls')],
      ...[`-syslog.listenAddr.tcp=127.0.0.1:${syslog}`, `-syslog.listenAddr.tcp=127.0.0.1:${secure}`],
      // One for each of the addresses.
      ...[
        '-syslog.tls=false,true',
        `-syslog.tlsCertFile=,${tls.certFile}`,
        `-syslog.tlsKeyFile=,${tls.keyFile}`,
      ],
    ],
    env: {},
    isReady: async () => (await Promise.all([splunk, syslog, secure].map(listens))).every(Boolean),
  });
  const ca = readFileSync(tls.caFile);
  return {
    ...program,
    ports: { splunk, syslog, 'syslog+tls': secure },
    async received() {
      const asked = request({
        ...{ host: 'localhost', port: splunk, ca, method: 'GET' },
        path: '/select/logsql/query?query=*',
      });
      asked.end();
      const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
        asked.on('response', resolve);
        asked.on('error', reject);
      });
      const rows = (await text(answer)).split('\n').filter(Boolean);
      return rows
        .map((row) => receivedOf(JSON.parse(row) as Record<string, string>))
        .sort((a, b) => a.sequence! - b.sequence!);
    },
  };
}

/** As syslog's fields are called there, and as Splunk's. */
function receivedOf(row: Record<string, string>): Received {
  return {
    host: row['hostname'] ?? row['host'] ?? '',
    program: row['app_name'] ?? row['fields.kind'] ?? '',
    process: row['proc_id'] ?? row['fields.process'] ?? '',
    sequence: Number(row['meta.sequenceId'] ?? row['fields.sequence']),
    text: row['_msg'] ?? '',
  };
}
