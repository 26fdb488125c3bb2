// URLs of drains: what may be sent to, what is refused with advice, and what of one is shown.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDrainUrl, shownDrainUrl } from '../../../platform/domain/log-drain.ts';

describe('a drain URL', () => {
  it.each([
    ['syslog://Logs.Example', 'syslog', 'logs.example', 514],
    ['syslog+tls://logs.example', 'syslog+tls', 'logs.example', 6514],
    ['SYSLOG+TLS://logs.example:443/', 'syslog+tls', 'logs.example', 443],
    ['https://logs.example/in?key=1', 'https', 'logs.example', 443],
    ['https://logs.example.:8443/', 'https', 'logs.example', 8443],
    ['gelf+tcp://[2001:db8::1]', 'gelf+tcp', '[2001:db8::1]', 12201],
    ['gelf+udp://logs.example:1?host=hello', 'gelf+udp', 'logs.example', 1],
    ['splunk+https://0a1b@logs.example', 'splunk+https', 'logs.example', 8088],
    // As every other program reads it, so that it is judged as what it is.
    ['syslog://0x7f000001', 'syslog', '127.0.0.1', 514],
    ['syslog://2130706433:1', 'syslog', '127.0.0.1', 1],
  ])('%s', (text, kind, hostname, port) => {
    const address = parseDrainUrl(text);
    expect([address.kind, address.url.hostname, address.port]).toEqual([kind, hostname, port]);
  });

  it.each([
    ['logs.example:514', 'It has no scheme.'],
    ['', 'It has no scheme.'],
    ['http://logs.example', 'try https://'],
    ['udp://logs.example', 'Nothing is sent over udp://'],
    ['syslog://', 'cannot be read'],
    ['syslog://a b', 'cannot be read'],
    ['syslog://logs.example:99999', 'cannot be read'],
    ['syslog://ada:hunter2@logs.example', 'has no login'],
    ['syslog://logs.example/path', 'has a host and a port and no path'],
    ['syslog://logs.example?insecure=true', '"insecure" means nothing here'],
    ['gelf+tcp://logs.example?hots=x', 'may have "host" in its query'],
    ['splunk+https://logs.example', 'goes before the host: splunk+https://<token>@'],
    [`https://logs.example/${'x'.repeat(2000)}`, 'may have 2000 characters'],
  ])('refuses %j', (text, advice) => {
    expect(() => parseDrainUrl(text)).toThrow(advice);
    try {
      parseDrainUrl(text);
    } catch (error) {
      expect(String(error)).not.toContain('hunter2');
    }
  });
});

it.each([
  ['syslog+tls://Logs.Example:6514', 'syslog+tls://logs.example:6514'],
  ['https://logs.example', 'https://logs.example'],
  ['https://logs.example:443/in/app', 'https://logs.example:443/in/app'],
  ['https://ada:hunter2@logs.example/', 'https://***@logs.example'],
  ['https://logs.example/in?token=hunter2&x=1', 'https://logs.example/in?token=***&x=***'],
  ['https://logs.example/v1/0123456789abcdef/x', 'https://logs.example/v1/***/x'],
  ['https://logs.example/abcdefghABCDEFGHIJ/x', 'https://logs.example/***/x'],
  ['https://logs.example/1WNvQjvGkX9r', 'https://logs.example/***'],
  ['https://logs.example/api/key/abc123DEF/', 'https://logs.example/api/key/***/'],
  ['https://logs.example/v2/raw-logs/in.bulk', 'https://logs.example/v2/raw-logs/in.bulk'],
  ['https://logs.example/qpwoeirutyalskdjfhg', 'https://logs.example/***'],
  ['https://logs.example/in?hunter2', 'https://logs.example/in?***'],
  ['https://logs.example/in?hunter2=&=hunter2&x', 'https://logs.example/in?***&=***&***'],
  ['https://logs:12345678secret@logs.example/p', 'https://***@logs.example/p'],
  ['https://logs:12345678secret@logs.example:6514/p', 'https://***@logs.example:6514/p'],
  ['https://ada:pa@ss:123@logs.example', 'https://***@logs.example'],
  ['https://:8443@logs.example', 'https://***@logs.example'],
  ['https://logs.example:0443/', 'https://logs.example:443'],
  ['splunk+https://0a1b:8088@logs.example', 'splunk+https://***@logs.example'],
  ['https://logs.example/#hunter2', 'https://logs.example'],
  ['splunk+https://0a1b-2c3d@logs.example?index=main', 'splunk+https://***@logs.example?index=main'],
  ['gelf+udp://[2001:DB8::1]:1?host=hello', 'gelf+udp://[2001:db8::1]:1?host=hello'],
  // It is said in the app's stream, where it must not begin a line of its own.
  ['gelf+udp://logs.example?host=a%0ab%1b', 'gelf+udp://logs.example?host=a%0Ab%1B'],
  ['https://logs.example/in?a%0ab=1', 'https://logs.example/in?a%0Ab=***'],
])('shows %s as %s', (text, shown) => {
  expect(shownDrainUrl(text)).toBe(shown);
});

it('shows nothing of a login or of what a query says, whatever stands in them', () => {
  // Not of the letters that the rest of the URL has.
  const secret = fc.string({
    unit: fc.constantFrom(...'12345ABCDEFG:@[].%~!$'),
    minLength: 3,
    maxLength: 24,
  });
  const value = fc.string({ unit: fc.constantFrom(...'12345ABCDEFG:@.~!$'), minLength: 3, maxLength: 24 });
  const port = fc.constantFrom('', ':6789', ':8000', ':443', ':');
  const path = fc.constantFrom('', '/', '/in', '/in/app:7/x@y');
  const query = fc.oneof(
    value.map((one) => ({ text: `?${one}`, values: [one] })),
    fc
      .array(value, { maxLength: 3 })
      .map((values) => ({ text: `?${values.map((one, at) => `q${at}=${one}`).join('&')}`, values })),
  );
  fc.assert(
    fc.property(secret, port, path, query, (login, at, where, { text, values }) => {
      const url = `https://${login}@logs.example${at}${where}${text}`;
      fc.pre(URL.canParse(url));
      const shown = shownDrainUrl(url);
      const rest = `https://logs.example${at}${where}`;
      for (const one of [login, ...values])
        for (let i = 0; i + 3 <= one.length; i++) {
          const piece = one.slice(i, i + 3);
          if (!rest.includes(piece)) expect(shown).not.toContain(piece);
        }
    }),
    { numRuns: 2000 },
  );
});
