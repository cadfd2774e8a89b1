import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { parseFilter } from '../../../src/query/filter/filter.ts';
import { formatFilter } from '../../../src/query/filter/format-filter.ts';
import { condition } from '../arbitrary.ts';

const now = Date.parse('2023-11-15T00:00:00Z');
const long = process.env['NSGFLOW_LONG'] === '1';

function canonical(expression: string): string {
  const parsed = parseFilter(expression, now);
  return parsed === undefined ? '' : formatFilter(parsed);
}

function messageOf(expression: string): string {
  try {
    parseFilter(expression, now);
  } catch (error) {
    if (error instanceof FlowError && error.code === 'filter-syntax') return error.message;
    throw error;
  }
  return 'no error';
}

describe('a filter expression reads as', () => {
  test.each([
    ['', ''],
    ['  ', ''],
    ['src = 10.0.0.1', 'src.ip in 10.0.0.1'],
    ['src in 10.0.0.0/8', 'src.ip in 10.0.0.0-10.255.255.255'],
    ['SRC.IP=10.1.2.3/16', 'src.ip in 10.1.0.0-10.1.255.255'],
    ['ip in 10.0.0.1-10.0.0.9', 'ip in 10.0.0.1-10.0.0.9'],
    ['dst_ip in (10.0.0.1, 2001:DB8::/127)', 'dst.ip in (10.0.0.1, 2001:db8::-2001:db8::1)'],
    ['dst.port in (22, rdp, 1024-65535)', 'dst.port in (22, 3389, 1024-65535)'],
    ['port = https', 'port in 443'],
    ['port = ftp-data', 'port in 20'],
    ['src.port > 1023', 'src.port > 1023'],
    ['protocol = 6 or proto = UDP', 'protocol in "tcp" or protocol in "udp"'],
    ['access = denied and direction = in', 'access in "deny" and direction in "inbound"'],
    ['state != END', 'not state in "end"'],
    ['bytes > 1MB', 'bytes > 1000000'],
    ['bytes >= 1.5KiB', 'bytes >= 1536'],
    ['packets in 10-2k', 'packets in 10-2000'],
    ['bytes.reverse = 0', 'bytes.reverse in 0'],
    ['rule = AllowHttp', 'rule in "AllowHttp"'],
    ['rule = Allow*', 'rule like "Allow*"'],
    ['rule = "Allow*"', 'rule in "Allow*"'],
    ['rule in (Allow*, DenyAll)', 'rule in (Allow*, "DenyAll")'],
    ["nsg like 'web-?'", 'nsg like "web-?"'],
    ['rule not like *Deny*', 'not rule like "*Deny*"'],
    ['rule ~ "^(User|Default)Rule_"', 'rule ~ "^(User|Default)Rule_"'],
    ['rule !~ Http$', 'not rule ~ "Http$"'],
    ['mac = 00-0d-3a-f8-78-56', 'mac in "000D3AF87856"'],
    ['mac = 000D3A*', 'mac like "000D3A*"'],
    ['encryption = null', 'encryption in null'],
    ['rule = "null"', 'rule in "null"'],
    ['bytes != null', 'not bytes in null'],
    ['src = dst', 'src.ip = dst.ip'],
    ['bytes.forward > bytes.reverse', 'bytes.forward > bytes.reverse'],
    ['time >= 2023-11-14', 'time >= 2023-11-14T00:00:00.000Z'],
    ['time < 2023-11-14T08:00:00+01:00', 'time < 2023-11-14T07:00:00.000Z'],
    ['time > -6h', 'time > 2023-11-14T18:00:00.000Z'],
    ['time > 1d12h', 'time > 2023-11-13T12:00:00.000Z'],
    ['time = 1700000000', 'time = 2023-11-14T22:13:20.000Z'],
    ['a = 1', '!'],
    ['host 10.0.0.1', 'ip in 10.0.0.1'],
    ['src host 10.0.0.1 and dst host 2001:db8::1', 'src.ip in 10.0.0.1 and dst.ip in 2001:db8::1'],
    ['src 10.0.0.1', 'src.ip in 10.0.0.1'],
    ['ip 10.0.0.1', 'ip in 10.0.0.1'],
    ['net 10.0.0.0/8', 'ip in 10.0.0.0-10.255.255.255'],
    [
      'net 10/8 or src net 172.16/12 or dst net 192.168.1',
      'ip in 10.0.0.0-10.255.255.255 or src.ip in 172.16.0.0-172.31.255.255 or dst.ip in 192.168.1.0-192.168.1.255',
    ],
    ['src net 2001:db8::/127', 'src.ip in 2001:db8::-2001:db8::1'],
    ['port 443', 'port in 443'],
    ['dst port https', 'dst.port in 443'],
    ['src portrange 1-1023', 'src.port in 1-1023'],
    ['portrange 1024-65535', 'port in 1024-65535'],
    ['tcp', 'protocol in "tcp"'],
    ['icmp or icmp6 or UDP', 'protocol in "icmp" or protocol in "icmpv6" or protocol in "udp"'],
    ['proto gre', 'protocol in "47"'],
    ['tcp port 443 and not host 10.0.0.1', '(protocol in "tcp" and port in 443) and not ip in 10.0.0.1'],
    ['udp and (dst port 53 or src port 53)', 'protocol in "udp" and (dst.port in 53 or src.port in 53)'],
    ['not udp dst port 53', 'not (protocol in "udp" and dst.port in 53)'],
    ['port 22 or 3389 or rdp', 'port in 22 or port in 3389 or port in 3389'],
    ['host 10.0.0.1 and 10.0.0.2', 'ip in 10.0.0.1 and ip in 10.0.0.2'],
    ['port in 22 and src in 10.0.0.1 and proto = tcp', 'port in 22 and src.ip in 10.0.0.1 and protocol in "tcp"'],
    ['port not in (22) and ip not in 10.0.0.1', 'not port in 22 and not ip in 10.0.0.1'],
    ['port > 1023 and src = dst', 'port > 1023 and src.ip = dst.ip'],
    ['access = deny and dst port 22', 'access in "deny" and dst.port in 22'],
    ['src = 10.0.0.1 and dst = 10.0.0.2 or port = 1', 'src.ip in 10.0.0.1 and dst.ip in 10.0.0.2 or port in 1'],
    ['src = 10.0.0.1 && (dst = 10.0.0.2 || port = 1)', 'src.ip in 10.0.0.1 and (dst.ip in 10.0.0.2 or port in 1)'],
    ['not not port = 1', 'not not port in 1'],
    ['!(port=1)', 'not port in 1'],
    ['not port = 1 and port = 2', 'not port in 1 and port in 2'],
    ['port not in (1,2)', 'not port in (1, 2)'],
    ['((port = 1))', 'port in 1'],
    [String.raw`rule = "a \"b\" \\c"`, String.raw`rule in "a \"b\" \\c"`],
  ])('%s → %s', (expression, expected) => {
    if (expected === '!') expect(messageOf(expression)).toContain('unknown field "a"');
    else expect(canonical(expression)).toBe(expected);
  });
});

/** What each mistake is answered with, whole: sentence, expression, caret. */
const mistakes: readonly (readonly [expression: string, ...message: string[]])[] = [
  ['dst.prot = 22', 'unknown field "dst.prot" (column 1); did you mean "dst.port"?', 'dst.prot = 22', '^'],
  [
    'access = allow and brule = x',
    'unknown field "brule" (column 20); did you mean "rule"?',
    'access = allow and brule = x',
    '                   ^',
  ],
  [
    '10.0.0.1',
    'expected a field, found the address "10.0.0.1" (column 1); did you mean "ip in 10.0.0.1"?',
    '10.0.0.1',
    '^',
  ],
  [
    'src = 10.0.0',
    '"10.0.0" is no address, block (10.0.0.0/8) or range (10.0.0.1-10.0.0.9) (column 7)',
    'src = 10.0.0',
    '      ^',
  ],
  ['host', 'expected an address after "host", found the end (column 5)', 'host', '    ^'],
  [
    'src port htps',
    '"htps" is no port for "src.port" (column 10); did you mean "https"?',
    'src port htps',
    '         ^',
  ],
  [
    'net 10.0.0.0/33',
    '"10.0.0.0/33" is no address, block (10.0.0.0/8) or range (10.0.0.1-10.0.0.9) (column 5)',
    'net 10.0.0.0/33',
    '    ^',
  ],
  ['hots 10.0.0.1', 'unknown field "hots" (column 1); did you mean "host"?', 'hots 10.0.0.1', '^'],
  ['access = deny and 22', 'unknown field "22" (column 19)', 'access = deny and 22', '                  ^'],
  ['src = 10.*', '"10.*" is a pattern (column 7); did you mean "src.ip like 10.*"?', 'src = 10.*', '      ^'],
  ['src > 10.0.0.1', '"src.ip" has no order: use =, !=, in or like (column 7)', 'src > 10.0.0.1', '      ^'],
  ['src in 10.0.0.9-10.0.0.1', 'the range ends before it begins (column 8)', 'src in 10.0.0.9-10.0.0.1', '       ^'],
  ['dst.port = 70000', 'port 70000 is above 65535 (column 12)', 'dst.port = 70000', '           ^'],
  [
    'dst.port = htps',
    '"htps" is no port for "dst.port" (column 12); did you mean "https"?',
    'dst.port = htps',
    '           ^',
  ],
  [
    'access = dney',
    '"dney" is no access: allow, deny (column 10); did you mean "deny"?',
    'access = dney',
    '         ^',
  ],
  ['protocol = tpc', '"tpc" is no protocol (column 12); did you mean "tcp"?', 'protocol = tpc', '           ^'],
  [
    'bytes > 1XB',
    '"XB" is no unit: k, M, G, T, KB, MB, GB, TB (by 1000), KiB, MiB, GiB, TiB (by 1024) (column 9)',
    'bytes > 1XB',
    '        ^',
  ],
  [
    'time > whenever',
    '"whenever" is no time for "time": 2024-05-01T08:00:00Z, 2024-05-01, epoch seconds or 6h (ago) (column 8)',
    'time > whenever',
    '       ^',
  ],
  ['port = 1 port = 2', 'expected "and" or "or", found "port" (column 10)', 'port = 1 port = 2', '         ^'],
  ['port = 1 and', 'expected a field, found the end (column 13)', 'port = 1 and', '            ^'],
  ['port', 'expected =, !=, <, <=, >, >=, in, like or ~ after "port", found the end (column 5)', 'port', '    ^'],
  [
    'src.port 22',
    'expected =, !=, <, <=, >, >=, in, like or ~ after "src.port", found "22" (column 10)',
    'src.port 22',
    '         ^',
  ],
  ['(port = 1', 'this "(" is not closed (column 1)', '(port = 1', '^'],
  ['port = 1)', 'there is no "(" for this ")" (column 9)', 'port = 1)', '        ^'],
  ['port in (1, 2', 'this "(" is not closed (column 9)', 'port in (1, 2', '        ^'],
  ['port in (1 2)', 'expected "," or ")", found "2" (column 12)', 'port in (1 2)', '           ^'],
  ['rule = "x', 'this " is not closed (column 8)', 'rule = "x', '       ^'],
  ['rule ~ "(x"', '"(x" is no regular expression (column 8)', 'rule ~ "(x"', '       ^'],
  ['rule ~ "(?=x)"', 'regular expressions have no look-around here (column 8)', 'rule ~ "(?=x)"', '       ^'],
  ['port ~ 2', '"port" is a number: use =, <, > or in (column 8)', 'port ~ 2', '       ^'],
  ['ip = src', '"ip" means both sides; compare src.ip or dst.ip (column 6)', 'ip = src', '     ^'],
  [
    'src = dst.port',
    '"src.ip" and "dst.port" cannot be compared: they are of different kinds (column 7)',
    'src = dst.port',
    '      ^',
  ],
  [
    'mac = 12',
    '"12" is no MAC address: twelve hexadecimal digits, with or without separators (column 7)',
    'mac = 12',
    '      ^',
  ],
];

describe('a mistake in a filter expression is shown with its place', () => {
  test.each(mistakes)('%s', (expression, ...message) => {
    expect(messageOf(expression)).toBe(`${message[0]}\n  ${message[1]}\n  ${message[2]}`);
  });

  test('in a long expression, with what stands around it', () => {
    const expression = `${'port = 1 or '.repeat(20)}prt = 2 or ${'port = 3 or '.repeat(20)}port = 4`;
    expect(messageOf(expression)).toBe(
      [
        'unknown field "prt" (column 241); did you mean "port"?',
        `  …${'port = 1 or '.repeat(5)}prt = 2 or port = 3 or port = 3 or port …`,
        `  ${' '.repeat(61)}^`,
      ].join('\n'),
    );
  });
});

test('a formatted condition reads back as itself', () => {
  fc.assert(
    fc.property(condition, (made) => {
      expect(parseFilter(formatFilter(made), now), formatFilter(made)).toEqual(made);
    }),
    { seed: 3, numRuns: long ? 20_000 : 500 },
  );
});

test('whatever is typed gives a condition or an error that names a place', () => {
  const words = [
    'src',
    'ip',
    'port',
    'and',
    'or',
    'not',
    'in',
    'like',
    '(',
    ')',
    ',',
    '=',
    '!=',
    '~',
    '!',
    '<=',
    '10.0.0.0/8',
    '22',
    '"',
    "'",
    'null',
    '*',
    '1-2',
    '::',
    '\u0000',
    'é',
    '&',
    '|',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 })
    .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(text, (expression) => {
      expect(messageOf(expression)).toMatch(/^no error$|\(column \d+\)/);
    }),
    { seed: 5, numRuns: long ? 50_000 : 2000 },
  );
});

test('a filter that is too deep or too long is refused', () => {
  expect(messageOf(`${'('.repeat(5000)}port = 1`)).toContain('too deep');
  expect(messageOf(`${'not '.repeat(5000)}port = 1`)).toContain('too deep');
  expect(messageOf('x'.repeat(2_000_000))).toContain('longer than');
  expect(messageOf(`port in (${Array.from({ length: 65_536 }, (_, i) => i).join(',')})`)).toBe('no error');
});
