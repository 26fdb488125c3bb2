// What other programs and the kernel say, read; and who gets which cores.
import { describe, expect, it } from 'vitest';
import { divideCores } from '../../bench/cores.ts';
import { lineOf } from '../../bench/drained.ts';
import { parseLoad } from '../../bench/load.ts';
import {
  parentOf,
  parsePss,
  processorSecondsIn,
  processorSecondsWithEndedIn,
  treeOf,
} from '../../bench/processes.ts';
import { sincePrinted } from '../../bench/timed-lines.ts';

const wrk = (more = '') => `Running 5s test @ http://127.0.0.1:18081/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.12ms  494.46us  10.18ms   91.18%
    Req/Sec    57.12k     2.31k   60.02k    84.00%
  284511 requests in 5.00s, 37.18MB read
${more}Requests/sec:  56849.60
Transfer/sec:      7.43MB
`;

describe('load', () => {
  it('is read from what wrk prints', () => {
    expect(parseLoad(wrk())).toEqual({ requests: 284_511, perSecond: 56_849.6, wrong: null });
  });

  it('counts for nothing when requests failed', () => {
    const socket = '  Socket errors: connect 0, read 3, write 0, timeout 12\n';
    expect(parseLoad(wrk(socket)).wrong).toBe('Socket errors: connect 0, read 3, write 0, timeout 12');
    expect(parseLoad(wrk('  Non-2xx or 3xx responses: 7\n')).wrong).toBe('Non-2xx or 3xx responses: 7');
  });

  it('is none when nothing was answered', () => {
    expect(() => parseLoad(wrk().replace('56849.60', '0.00'))).toThrow('measured nothing');
    expect(() => parseLoad('unable to connect to 127.0.0.1:1 Connection refused\n')).toThrow('refused');
  });
});

describe('cores', () => {
  it('are one for what is measured and the rest for all else', () => {
    expect(divideCores(2)).toEqual({ measured: '0', others: '1' });
    expect(divideCores(8)).toEqual({ measured: '0', others: '1-7' });
    expect(() => divideCores(1)).toThrow('two cores');
  });
});

describe('processes', () => {
  const stat = '29640 (a) b (c) S 17 29640 29640 0 -1 4194304 100 0 0 0 1234 566 7 8 20 0 12 0 99 1 2 3';

  it('have a parent and processor time behind a name that may hold anything', () => {
    expect(parentOf(stat)).toBe(17);
    expect(processorSecondsIn(stat)).toBe(18);
    // 7 and 8 hundredths of children that have ended.
    expect(processorSecondsWithEndedIn(stat)).toBeCloseTo(18.15);
    // It ended while we looked.
    expect(parentOf('')).toBeNull();
  });

  it('hold what the kernel says in kilobytes', () => {
    expect(parsePss('00400000-7fff [rollup]\nRss:  120012 kB\nPss:  114474 kB\nPss_Anon:  1 kB\n')).toBe(
      114_474 * 1024,
    );
    expect(() => parsePss('Rss: 1 kB\n')).toThrow('nothing of proportional memory');
  });

  it('are found with their parents', async () => {
    const tree = await treeOf(process.ppid);
    expect(tree[0]).toBe(process.ppid);
    expect(tree).toContain(process.pid);
    expect(tree).not.toContain(1);
  });
});

describe('messages of a drain', () => {
  it('are counted as the lines that they were', () => {
    const head = '<190>1 2026-11-23T04:00:00.123456+00:00 d.1f2e';
    expect(lineOf(`${head} app run.12 - [meta sequenceId="7"] burst 1\n2`)).toBe(
      '2026-11-23T04:00:00.123456+00:00 app[run.12]: burst 1\n2',
    );
    expect(lineOf(`${head} twelve logs - - Error L10`)).toContain(' twelve[logs]: Error L10');
    expect(() => lineOf('<190>1 burst 1')).toThrow('The drain sent this: <190>1 burst 1');
  });
});

describe('a line that tells when it was printed', () => {
  it('is so many seconds old', () => {
    const printed = performance.timeOrigin + performance.now() - 2000;
    expect(sincePrinted(`2026-11-23T04:00:00.1+00:00 app[run.1]: at ${printed}`)).toBeCloseTo(2, 1);
    expect(sincePrinted('2026-11-23T04:00:00.1+00:00 twelve[run.1]: Process exited')).toBeNull();
  });
});
