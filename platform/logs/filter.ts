// Which lines are wanted, judged on their bytes: nothing is decoded for lines that are not.
import type { LogFilter } from '../domain/log-line.ts';
import type { Block } from './blocks.ts';
import { itemKind, lineHead } from './format.ts';

export interface ByteFilter {
  /** Whether the line at a place of a block is wanted. */
  line(bytes: Buffer, at: number): boolean;
  /** False when no line of this block can be. */
  block(bytes: Buffer): boolean;
}

/** Whether a line of this block can have a time that is wanted. */
export function mayMatch({ lines, earliest, latest }: Block, { since, until }: LogFilter): boolean {
  return lines > 0 && latest >= (since ?? latest) && earliest <= (until ?? earliest);
}

type Test = (bytes: Buffer, at: number) => boolean;

export function byteFilter(filter: LogFilter): ByteFilter {
  const needle = filter.text === undefined ? undefined : Buffer.from(filter.text);
  const tests = [
    sourceTest(filter),
    processTest(filter),
    releaseTest(filter),
    timeTest(filter),
    needle && textTest(needle),
  ].filter((test): test is Test => test !== undefined);
  const [only] = tests;
  return {
    line: tests.length === 1 && only ? only : (bytes, at) => tests.every((test) => test(bytes, at)),
    block: (bytes) => needle === undefined || bytes.includes(needle),
  };
}

function sourceTest({ source }: LogFilter): Test | undefined {
  if (source === undefined) return undefined;
  const kind = source === 'app' ? itemKind.app : itemKind.twelve;
  return (bytes, at) => bytes[at] === kind;
}

/** `web` is `web`, `web.1` and each with a release behind it. */
function processTest({ process }: LogFilter): Test | undefined {
  if (process === undefined) return undefined;
  const name = Buffer.from(process);
  return (bytes, at) => {
    const length = bytes[at + 11]!;
    const start = at + lineHead;
    if (length < name.length) return false;
    for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
    const behind = bytes[start + name.length];
    return length === name.length || behind === 0x2e || behind === 0;
  };
}

function releaseTest({ release }: LogFilter): Test | undefined {
  if (release === undefined) return undefined;
  const ending = Buffer.from(`\0${release}`);
  return (bytes, at) => {
    const start = at + lineHead + bytes[at + 11]! - ending.length;
    if (start < at + lineHead) return false;
    for (let i = 0; i < ending.length; i++) if (bytes[start + i] !== ending[i]) return false;
    return true;
  };
}

function timeTest({ since, until }: LogFilter): Test | undefined {
  if (since === undefined && until === undefined) return undefined;
  const [from, to] = [since ?? Number.NEGATIVE_INFINITY, until ?? Number.POSITIVE_INFINITY];
  return (bytes, at) => {
    const time = bytes.readDoubleLE(at + 3);
    return time >= from && time <= to;
  };
}

/** One search finds the next line that holds it; those before need no search of their own. */
function textTest(needle: Buffer): Test {
  let searched: Buffer | undefined;
  let from = 0;
  let hit = 0;
  return (bytes, at) => {
    const start = at + lineHead + bytes[at + 11]!;
    const end = start + bytes[at + 12]! + (bytes[at + 13]! << 8);
    if (bytes !== searched || start < from || hit < start) {
      const found = bytes.indexOf(needle, start);
      hit = found < 0 ? Number.POSITIVE_INFINITY : found;
      searched = bytes;
      from = start;
    }
    return hit + needle.length <= end;
  };
}
