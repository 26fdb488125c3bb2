// `cron` of app.json: what is read of it, and how a build is refused by what cannot be used.
import { describe, expect, it } from 'vitest';
import { parseAppJson } from '../../../platform/build/app-json.ts';

function read(cron: unknown) {
  const warnings: string[] = [];
  const { declared } = parseAppJson(JSON.stringify({ cron }), (sentence) => warnings.push(sentence));
  return { cron: declared.cron, warnings };
}
const one = (more: object) => [{ command: 'bin/send', schedule: '@daily', ...more }];

describe('cron of app.json', () => {
  it("is read in Dokku's form, with what it leaves out", () => {
    const { cron, warnings } = read([
      { command: ' npm run send ', schedule: ' 0  3 * * mon-FRI ' },
      {
        command: 'bin/tidy',
        schedule: '@Hourly',
        timezone: 'Europe/Berlin',
        concurrency_policy: 'forbid',
        maintenance: true,
      },
    ]);
    expect(warnings).toEqual([]);
    expect(cron).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{8}$/),
        command: 'npm run send',
        schedule: '0 3 * * mon-FRI',
        timezone: 'UTC',
        policy: 'allow',
        maintenance: false,
      },
      {
        id: expect.stringMatching(/^[0-9a-f]{8}$/),
        command: 'bin/tidy',
        schedule: '@hourly',
        timezone: 'Europe/Berlin',
        policy: 'forbid',
        maintenance: true,
      },
    ]);
  });

  it.each([[undefined], [null], [[]]])('may be left out: %j', (cron) => {
    expect(read(cron)).toEqual({ cron: undefined, warnings: [] });
  });

  it('names an entry by what it runs and when, whatever else changes', () => {
    const id = (more: object) => read(one(more)).cron![0]!.id;
    expect(id({ concurrency_policy: 'replace', maintenance: true })).toBe(id({}));
    const others = [{ command: 'bin/other' }, { schedule: '@hourly' }, { timezone: 'Europe/Berlin' }].map(id);
    expect(new Set([id({}), ...others]).size).toBe(4);
  });

  it('has a field that nobody knows told, and is used', () => {
    const { cron, warnings } = read(one({ concurrencyPolicy: 'forbid' }));
    expect(cron).toMatchObject([{ policy: 'allow' }]);
    expect(warnings).toEqual([
      'app.json: cron entry 1 ("bin/send"): concurrencyPolicy is not used: no field of a cron entry has that name.',
    ]);
  });

  const schedule = (text: string) => one({ schedule: text });
  it.each<[unknown, string | RegExp]>([
    [{}, 'cron must be a list of entries, each with "command" and "schedule".'],
    [['@daily'], 'cron entry 1: it must be an object with "command" and "schedule".'],
    [[{ schedule: '@daily' }], 'cron entry 1: command: it must be a command, or the name of a process type.'],
    [one({ command: ' ' }), /^cron entry 1: command: it must be a command, .* not empty\.$/],
    [one({ command: 'a\0b' }), /NUL byte/],
    [one({ command: 'x'.repeat(5000) }), /more than 4096 characters/],
    [[{ command: 'bin/send' }], /^cron entry 1 \("bin\/send"\): schedule: it must be five fields/],
    [schedule('* * * *'), /has 4 fields where five are expected: minute, hour, /],
    [schedule('* * * * * *'), /has 6 fields .*; seconds are not supported\.$/],
    [
      schedule('61 * * * *'),
      /schedule: "61 \* \* \* \*" cannot be read \(Invalid value for minute: 61\)\. Expected: minute/,
    ],
    [schedule('0 0 L * *'), /numbers, names of months and days, and \* , - \/\.$/],
    [schedule('? * * * *'), /cannot be read/],
    [schedule('0 0 * * foo'), /cannot be read/],
    [
      schedule('0 0 30 2 *'),
      'cron entry 1 ("bin/send"): schedule: "0 0 30 2 *" names a time that never comes.',
    ],
    [schedule(`${'1,'.repeat(1000)}1 * * * *`), /schedule: it has more than 1000 characters\.$/],
    [schedule('*/0 * * * *'), /cannot be read/],
    [schedule('-5 * * * *'), /cannot be read/],
    [one({ timezone: null }), /timezone: it must be the name of a time zone/],
    [schedule('@reboot'), /there is no "@reboot"\. Macros: @yearly, /],
    [
      one({ timezone: 'Europe/Berln' }),
      /timezone: there is no time zone "Europe\/Berln"\. Did you mean Europe\/Berlin\? /,
    ],
    [one({ timezone: '+02:00' }), /there is no time zone "\+02:00"\. Expected is an IANA name/],
    [one({ timezone: 2 }), /timezone: it must be the name of a time zone/],
    [one({ concurrency_policy: 'never' }), /concurrency_policy: it must be one of allow, forbid, replace\.$/],
    [one({ maintenance: 'no' }), /maintenance: it must be true or false\.$/],
    [
      [...one({}), ...one({ concurrency_policy: 'forbid' })],
      /^cron entry 2 \("bin\/send"\) is the same as entry 1: /,
    ],
    [
      Array.from({ length: 101 }, (_, n) => ({ command: `c${n}`, schedule: '@daily' })),
      /101 entries; 100 are the most/,
    ],
  ])('refuses %j', (cron, sentence) => {
    const said = typeof sentence === 'string' ? `app.json: ${sentence}` : sentence;
    const refusal = (): string => {
      try {
        return `read as ${JSON.stringify(read(cron))}`;
      } catch (error) {
        expect(error).toMatchObject({ code: 'build_failed' });
        return (error as Error).message;
      }
    };
    if (typeof said === 'string') expect(refusal()).toBe(said);
    else expect(refusal().replace(/^app\.json: /, '')).toMatch(said);
  });
});
