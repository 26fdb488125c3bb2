// Which addresses and URLs a user may name.
import { describe, expect, it } from 'vitest';
import { fetchableUrl, refusalOf, shownUrl } from '../../../platform/domain/address.ts';

describe('an address that may be gone to', () => {
  it.each([
    '1.1.1.1',
    '140.82.121.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.10',
    '100.64.0.1',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.255.255',
    '169.255.0.0',
    '223.255.255.255',
    '2606:50c0:8000::154',
    '[2606:50c0:8000::154]',
    '2001:db8:1:2:3:4:5:6',
    'fd12:3456::1',
    'fd20:ce::253',
    '2a00:1450:4001:82a::200e',
  ])('%s', (address) => {
    expect(refusalOf(address)).toBeNull();
  });
});

describe('an address that may not', () => {
  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.255.254', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['[::1]', 'a loopback address'],
    ['0:0:0:0:0:0:0:1', 'a loopback address'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.1.2.3', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['169.254.0.1', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['FEBF::1', 'a link-local address'],
    ['169.254.169.254', 'a metadata address'],
    ['100.100.100.200', 'a metadata address'],
    ['168.63.129.16', 'a metadata address'],
    ['fd00:ec2::254', 'a metadata address'],
    ['fd20:ce::254', 'a metadata address'],
    ['fd20:00ce:0:0:0:0:0:0254', 'a metadata address'],
    ['fec0::1', 'a site-local address'],
    ['224.0.0.1', 'a multicast address'],
    ['239.255.255.255', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['255.255.255.255', 'the broadcast address'],
    ['240.0.0.1', 'a reserved address'],
    ['192.0.0.8', 'a reserved address'],
    ['100::1', 'a reserved address'],
    ['::ffff:127.0.0.1', 'an IPv4 address in IPv6 form'],
    ['::ffff:7f00:1', 'an IPv4 address in IPv6 form'],
    ['::FFFF:1.1.1.1', 'an IPv4 address in IPv6 form'],
    ['0:0:0:0:0:ffff:10.0.0.1', 'an IPv4 address in IPv6 form'],
    ['::127.0.0.1', 'an IPv4 address in IPv6 form'],
    ['::ffff:0:127.0.0.1', 'an IPv4 address in IPv6 form'],
    ['64:ff9b::7f00:1', 'an IPv4 address in IPv6 form (NAT64)'],
    ['64:ff9b::169.254.169.254', 'an IPv4 address in IPv6 form (NAT64)'],
    ['64:ff9b:1::1', 'an IPv4 address in IPv6 form (NAT64)'],
    ['2002:7f00:1::', 'an IPv4 address in IPv6 form (6to4)'],
    ['2001:0:4136:e378::', 'an IPv4 address in IPv6 form (Teredo)'],
  ])('%s: %s', (address, what) => {
    expect(refusalOf(address)).toBe(what);
  });

  it.each([
    '',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.1.',
    '256.1.1.1',
    '1.2.3',
    'fe80::1%eth0',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    ':1:2:3:4:5:6:7',
    '::1.2.3',
    '::ffff:1.2.3.400',
    '1.1.1.1/32',
    ' 1.1.1.1',
  ])('"%s" is none at all', (text) => {
    expect(refusalOf(text)).toBe('no IP address');
  });
});

describe("the platform's own", () => {
  const own = ['203.0.113.7', '10.213.0.0/16', '2001:db8::7', 'fd77::/16'];

  it.each(['203.0.113.7', '10.213.0.0', '10.213.255.255', '2001:db8::7', '2001:db8:0::0007', 'fd77:1::1'])(
    '%s is refused',
    (address) => {
      expect(refusalOf(address, own)).toBe("an address of the platform's own");
    },
  );

  it.each(['203.0.113.8', '10.212.255.255', '10.214.0.0', '2001:db8::8', 'fd78::1'])(
    '%s is not',
    (address) => {
      expect(refusalOf(address, own)).toBeNull();
    },
  );

  it('has to be written as an address or a range', () => {
    expect(() => refusalOf('1.1.1.1', ['example.com'])).toThrow('no address and no range');
  });
});

describe('a URL', () => {
  it.each([
    ['https://github.com/ada/thing.git', 'https://github.com/ada/thing.git'],
    ['HTTPS://GitHub.com:443/ada', 'https://github.com/ada'],
    [' https://example.com./x#part ', 'https://example.com/x'],
    ['https://0x7f.1/x', 'https://127.0.0.1/x'],
    ['https://2130706433/x', 'https://127.0.0.1/x'],
    ['https://bücher.example/x', 'https://xn--bcher-kva.example/x'],
    ['https://evil.example\\@good.example/x', 'https://evil.example/@good.example/x'],
    ['https://[::FFFF:127.0.0.1]/x', 'https://[::ffff:7f00:1]/x'],
  ])('%s is read as %s', (given, read) => {
    expect(fetchableUrl(given).href).toBe(read);
  });

  it.each([
    [
      'http://example.com/x.git',
      /^It is reached over http\. Only https:\/\/ .* Try https:\/\/example\.com\/x\.git$/,
    ],
    ['git://example.com/x', /^It is reached over git\. .* Try https:\/\/example\.com\/x$/],
    ['ssh://git@example.com/x', /^It is reached over ssh\. .* Try https:\/\/example\.com\/x$/],
    ['git@example.com:ada/x.git', /^It is reached over ssh\. .* Try https:\/\/example\.com\/ada\/x\.git$/],
    ['file:///etc', /^It is a file of the server's own machine\. Only https/],
    ['ext::sh -c id', /^It has no https/],
    ['ftp://example.com/x', /^It is reached over ftp\. Only https:\/\/ is fetched from here\.$/],
    ['../other.git', /^"\.\.\/other\.git" is a path/],
    ['/etc/passwd', /is a path/],
    ['./x', /is a path/],
    ['', /^It has no https/],
    ['https://', /cannot be read/],
    ['https://exa mple.com/', /cannot be read/],
  ])('%s is refused', (given, sentence) => {
    expect(() => fetchableUrl(given)).toThrow(expect.objectContaining({ code: 'invalid_params' }));
    expect(() => fetchableUrl(given)).toThrow(sentence);
  });

  it('never shows a secret', () => {
    const url = fetchableUrl('https://ada:s3cret@example.com:8443/x.git?token=s3cret');
    expect(shownUrl(url)).toBe('https://example.com:8443/x.git');
    for (const given of [
      'http://ada:s3cret@example.com/x',
      'ssh://ada:s3cret@h/x',
      'https://a:s3cret@ex mple/x',
    ])
      expect(() => fetchableUrl(given)).not.toThrow(/s3cret/);
  });
});
