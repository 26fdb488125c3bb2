// Debian's rsyslog and syslog-ng, unpacked beside the machine's own programs and run as they are, without being installed:
// the two packages exclude each other, and a machine has its own to log with.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cache } from './cache.ts';
import {
  type CertificateFiles,
  listens,
  type ReceiverProgram,
  startReceiverProgram,
} from './receiver-program.ts';
import { freePorts } from './server-process.ts';

const packages = { rsyslog: ['rsyslog', 'rsyslog-openssl'], 'syslog-ng': ['syslog-ng-core'] } as const;

/** `gelf`: rsyslog, which reads JSON that ends in a null byte as well. */
export type ReceiverName = keyof typeof commands;

export interface Received {
  host: string;
  program: string;
  process: string;
  sequence: number | null;
  text: string;
}

export interface LogReceiver extends ReceiverProgram {
  port: number;
  /** All that stands in its file by now. */
  received(): Received[];
}

/** @param tls files of a certificate; without it plain TCP */
export async function startLogReceiver(
  name: ReceiverName,
  folder: string,
  tls?: CertificateFiles,
): Promise<LogReceiver> {
  const root = unpacked(name === 'gelf' ? 'rsyslog' : name);
  const [port] = (await freePorts(1)) as [number];
  const out = join(folder, `${name}.out`);
  const { program, args, settings } = commands[name]({ root, folder, out, port, tls });
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, settings);
  const receiver = await startReceiverProgram({
    program,
    args: [...args, '-f', file],
    env: { PATH: process.env['PATH'] ?? '', LD_LIBRARY_PATH: libraries(root) },
    isReady: () => listens(port),
  });
  return {
    ...receiver,
    port,
    received: () => (existsSync(out) ? readFileSync(out, 'utf8') : '').split('\n').slice(0, -1).map(readLine),
  };
}

interface Place {
  root: string;
  folder: string;
  out: string;
  port: number;
  tls: CertificateFiles | undefined;
}

const commands = {
  rsyslog: ({ root, folder, out, port, tls }: Place) => ({
    program: join(root, 'usr/sbin/rsyslogd'),
    args: ['-n', '-i', join(folder, 'rsyslog.pid'), '-M', folderOf('lmnet.so', root)],
    settings: `global(workDirectory="${folder}" maxMessageSize="16k"${
      tls
        ? ` defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="${tls.caFile}" defaultNetstreamDriverCertFile="${tls.certFile}" defaultNetstreamDriverKeyFile="${tls.keyFile}"`
        : ''
    } parser.escapeControlCharactersOnReceive="off")
module(load="imtcp"${tls ? ' streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon"' : ''})
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="fields" type="string" string="%hostname%|%app-name%|%procid%|%structured-data%|%msg%\\n")
action(type="omfile" file="${out}" template="fields")
`,
  }),
  gelf: ({ root, folder, out, port }: Place) => ({
    program: join(root, 'usr/sbin/rsyslogd'),
    args: ['-n', '-i', join(folder, 'rsyslog.pid'), '-M', folderOf('lmnet.so', root)],
    settings: `global(workDirectory="${folder}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")
module(load="imtcp" addtlFrameDelimiter="0" disableLFDelimiter="on")
module(load="mmjsonparse")
input(type="imtcp" address="127.0.0.1" port="${port}" supportOctetCountedFraming="off")
template(name="fields" type="string" string="%$!host%|%$!_source_kind%|%$!_process%|%$!_sequence%|%$!short_message%\\n")
action(type="mmjsonparse" cookie="" useRawMsg="on")
action(type="omfile" file="${out}" template="fields")
`,
  }),
  'syslog-ng': ({ root, folder, out, port, tls }: Place) => ({
    program: join(root, 'usr/sbin/syslog-ng'),
    args: [
      ...['-F', '--no-caps', '--module-path', folderOf('libafsocket.so', root)],
      ...['--persist-file', join(folder, 'ng.persist'), '--pidfile', join(folder, 'ng.pid')],
      ...['--control', join(folder, 'ng.ctl')],
    ],
    settings: `@version: 3.38
options { keep-hostname(yes); use-dns(no); };
source s { syslog(ip(127.0.0.1) port(${port}) log-msg-size(16384) flags(no-multi-line) transport("${tls ? 'tls' : 'tcp'}")${
      tls
        ? ` tls(key-file("${tls.keyFile}") cert-file("${tls.certFile}") peer-verify(optional-untrusted))`
        : ''
    }); };
destination d { file("${out}" template("$HOST|$PROGRAM|$PID|\${.SDATA.meta.sequenceId}|$MSG\\n")); };
log { source(s); destination(d); };
`,
  }),
};

function readLine(line: string): Received {
  const [host = '', program = '', process = '', data = '', ...text] = line.split('|');
  const sequence = /^(?:\[meta sequenceId="(\d+)"\]|(\d+))$/.exec(data);
  return {
    host,
    program,
    process,
    sequence: sequence ? Number(sequence[1] ?? sequence[2]) : null,
    text: text.join('|'),
  };
}

/** Fetched once. @throws Error with what apt-get said */
function unpacked(name: keyof typeof packages): string {
  // What they need besides is the machine's own, so those of another release are others.
  const release = /^VERSION_ID="?([\w.]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unstable';
  const root = join(cache, `receiver-${name}-${release}`);
  if (existsSync(root)) return root;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'receiver-making-'));
  try {
    const archives = join(making, 'archives');
    mkdirSync(join(archives, 'partial'), { recursive: true });
    const options = [`Dir::Cache::archives=${archives}/`, 'Debug::NoLocking=1'].flatMap((one) => ['-o', one]);
    const order = ['install', '--download-only', '--reinstall', '--no-install-recommends', '-y', '-q'];
    execFileSync('apt-get', [...order, ...options, ...packages[name]], { stdio: 'pipe' });
    for (const file of readdirSync(archives).filter((one) => one.endsWith('.deb')))
      execFileSync('dpkg-deb', ['-x', join(archives, file), join(making, 'root')], { stdio: 'pipe' });
    renameSync(join(making, 'root'), root);
    return root;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function libraries(root: string): string {
  const own = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.includes('.so'))
    .map(({ parentPath }) => parentPath);
  return [...new Set(own)].join(':');
}

function folderOf(file: string, root: string): string {
  const found = readdirSync(root, { recursive: true, withFileTypes: true }).find(({ name }) => name === file);
  if (!found) throw new Error(`there is no ${file} below ${root}`);
  return found.parentPath;
}
