// Whose a stretch of time is, by what a server wrote down of it.
import { describe, expect, it } from 'vitest';
import { attribute, covered, parseTrace, type Span, shareOf } from '../../bench/spans.ts';

const second = 1e9;
const span = (what: string, from: number, to: number): Span => ({
  ...{ what, from: from * second, to: to * second },
});

describe('shares', () => {
  it.each([
    ['program git rev-parse HEAD', 'git'],
    ['program /usr/bin/git --no-replace-objects cat-file', 'git'],
    ['program gitk', 'other'],
    // As long as the deploy that its hook waits for.
    ['program git -c core.hooksPath=/x receive-pack', 'other'],
    ['program git receive-pack --stateless-rpc', 'other'],
    ['program git -c pack.threads=1 unpack-objects', 'git'],
    ['program tar --create', 'other'],
    ['engine POST /containers/create?name=x', 'engine'],
    ['engine POST /images/create?fromImage=y', 'engine'],
    ['engine GET /containers/abc/json', 'engine'],
    // As long as what runs in the container, which may be ours.
    ['engine POST /containers/abc/wait?condition=next-exit', 'other'],
    ['engine POST /exec/abc/start', 'other'],
    ['engine POST /containers/abc/attach?stream=1', 'other'],
    ['engine GET /events?filters=z', 'other'],
    ['step built', 'other'],
  ] as const)('%s: %s', (what, share) => {
    expect(shareOf(span(what, 0, 1))).toBe(share);
  });
});

describe('attribution', () => {
  it('counts time once, however many are at work in it', () => {
    expect(covered([])).toBe(0);
    expect(
      covered([
        { from: 4, to: 6 },
        { from: 1, to: 3 },
        { from: 2, to: 5 },
        { from: 2, to: 2.5 },
        { from: 8, to: 9 },
      ]),
    ).toBe(6);
  });

  it('takes what lies inside, and leaves to us the time in which neither is at work', () => {
    const spans = [
      span('program git cat-file', 0, 2),
      span('engine POST /containers/create', 1.5, 4),
      span('engine POST /exec/a/start', 4, 6),
      span('engine POST /containers/a/start', 9, 20),
      span('step up', 7, 7),
      span('program git fetch', 30, 40),
    ];
    expect(attribute(spans, 1 * second, 10 * second)).toEqual({
      ...{ whole: 9, git: 1, engine: 3, buildpack: 0, ours: 5 },
    });
  });

  it('sets apart what a buildpack takes beside them', () => {
    const spans = [span('program git fetch', 0, 2), span('buildpack', 1, 5), span('engine GET /info', 4, 7)];
    expect(attribute(spans, 0, 10 * second)).toEqual({
      ...{ whole: 10, git: 2, engine: 3, buildpack: 2, ours: 3 },
    });
  });

  it('reads the lines of a trace', () => {
    expect(parseTrace('{"what":"step up","from":1,"to":2}\n')).toEqual([{ what: 'step up', from: 1, to: 2 }]);
  });
});
