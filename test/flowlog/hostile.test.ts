import { describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

const nsgRecord = (minute: number, rules: [rule: string, tuples: string[]][]): string =>
  JSON.stringify({
    time: `2018-11-13T12:0${minute}:35.3899262Z`,
    systemId: `a0fca5ce-022c-47b1-9735-89943b42f2f${minute}`,
    macAddress: `000D3AF878${minute}${minute}`,
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: `/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/NSG-${'ABC'[minute].repeat(3)}`,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: {
      Version: 2,
      flows: rules.map(([rule, flowTuples]) => ({
        rule,
        flows: [{ mac: `000D3AF878${minute}${minute}`, flowTuples }],
      })),
    },
  });

const nsgLog = `{"records":[${[
  nsgRecord(0, [
    ['DefaultRule_DenyAllInBound', ['1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,']],
    [
      'UserRule_web',
      [
        '1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,',
        '1542110379,2001:db8::1:2,fd00::4,59932,443,T,O,A,E,1,66,1,66',
        '1542110379,10.5.16.4,13.67.143.115,44931,443,T,O,A,C,30,16978,24,14008',
      ],
    ],
  ]),
  nsgRecord(1, [
    ['UserRule_other', ['1542110437,125.64.94.197,10.5.16.4,59752,18264,T,I,A,B,,,,']],
    ['PlatformThing', ['1542110475,80.211.72.221,10.5.16.4,37433,8088,T,I,A,E,11,2572,9,880']],
  ]),
  nsgRecord(2, [['TheLastOfThem', ['1542110490,176.119.4.30,10.5.16.4,57067,52801,T,I,D,B,,,,']]]),
].join(',')}]}`;

const vnetRecord = (minute: number, acls: [aclId: string, rules: [string, string[]][]][]): string =>
  JSON.stringify({
    time: `2022-09-14T09:0${minute}:52.5625085Z`,
    flowLogVersion: 4,
    flowLogGUID: `abcdef01-2345-6789-0abc-def01234567${minute}`,
    macAddress: `00224871C2${minute}${minute}`,
    category: 'FlowLogFlowEvent',
    flowLogResourceID: `/SUBSCRIPTIONS/S/X/FLOWLOGS/VNET-${'ABC'[minute].repeat(3)}`,
    targetResourceID: '/subscriptions/s/virtualNetworks/myVNet',
    operationName: 'FlowLogFlowEvent',
    flowRecords: {
      flows: acls.map(([aclID, rules]) => ({
        aclID,
        flowGroups: rules.map(([rule, flowTuples]) => ({ rule, flowTuples })),
      })),
    },
  });

const vnetLog = `{"records":[${[
  vnetRecord(0, [
    [
      '00000000-1234-abcd-ef00-c1c2c3c4c5c6',
      [
        [
          'DefaultRule_AllowInternetOutBound',
          [
            '1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0',
            '1663146003606,10.0.0.6,52.239.184.181,23956,443,6,O,E,NX_HW_NOT_SUPPORTED,3,767,2,1580',
          ],
        ],
        ['UserRule_ssh', ['1663146003637,40.74.146.17,10.0.0.6,22730,22,6,I,C,X,3,705,4,4569']],
      ],
    ],
    ['/subscriptions/other/acl', [['PlatformThing', ['1663146003700,10.0.0.6,40.74.146.99,123,123,17,O,B,NX,,,,']]]],
  ]),
  vnetRecord(1, [
    [
      '01020304-abcd-ef00-1234-102030405060',
      [['Internet', ['1663145998065,101.33.218.153,10.0.0.6,55188,22,6,I,D,NX,0,0,0,0']]],
    ],
  ]),
].join(',')}]}`;

interface Seen {
  text: string;
  owner: string[];
}

/** Each tuple of a log as text, and whose it is: NSG or flow log, NIC, ACL, rule. */
function seen(log: FlowLog): Seen[] {
  const { tuples, groups, records } = log;
  const all: Seen[] = [];
  for (let row = 0; row < tuples.count; row++) {
    const { record, rule, aclId, mac } = groups[tuples.group[row]];
    let text = `${tuples.timeMillis[row]} ${tuples.sourcePort[row]} ${tuples.destinationPort[row]} ${tuples.protocol[row]}`;
    for (let i = row * 4; i < row * 4 + 4; i++) text += ` ${tuples.source[i]} ${tuples.destination[i]}`;
    text += ` ${tuples.family[row]} ${tuples.direction[row]} ${tuples.access[row]} ${tuples.state[row]} ${tuples.encryption[row]}`;
    text += ` ${tuples.packetsForward[row]} ${tuples.bytesForward[row]} ${tuples.packetsReverse[row]} ${tuples.bytesReverse[row]}`;
    all.push({ text, owner: [records[record].resourceId, mac, aclId, rule] });
  }
  return all;
}

const encoder = new TextEncoder();

describe.each([
  ['NSG', nsgLog],
  ['VNet', vnetLog],
])('a damaged %s log', (_name, text) => {
  const bytes = encoder.encode(text);
  const whole = decodeFlowLog(bytes);
  const original = seen(whole);
  const ownerOf = new Map(original.map((tuple) => [tuple.text, tuple.owner]));
  const names = [0, 1, 2, 3].map((i) => new Set(original.map((tuple) => tuple.owner[i])));

  /** No tuple may come out under a name that belongs to another tuple. */
  function expectOwnersRight(tuples: Seen[], where: string): void {
    for (const tuple of tuples) {
      const owner = ownerOf.get(tuple.text);
      if (owner === undefined) continue;
      for (const [i, name] of tuple.owner.entries())
        if (name !== owner[i] && name !== '' && names[i].has(name))
          throw new Error(`${where}: ${tuple.text} of ${owner.join(' ')} is said to be of ${tuple.owner.join(' ')}`);
    }
  }

  test('undamaged gives everything', () => {
    expect(whole.rejections).toEqual([]);
    expect(ownerOf.size).toBe(original.length);
  });

  test('cut anywhere gives the tuples before the cut and a rejection for the rest', () => {
    for (let end = 0; end < bytes.length; end++) {
      const log = decodeFlowLog(bytes.subarray(0, end));
      const tuples = seen(log);
      const complete = whole.records.filter((record) => record.endByte <= end).length;
      const inside = whole.records.some((record) => record.startByte < end && end < record.endByte);
      expect(log.tuples.count, `cut at ${end}`).toBe(tuplesBefore(text, end));
      expect(log.records.length).toBeGreaterThanOrEqual(complete);
      expect(log.rejections.length, `cut at ${end}`).toBe(inside || (end > 0 && end < 12) ? 1 : 0);
      for (const rejection of log.rejections) {
        expect(rejection.reason).toBe('truncated');
        expect(rejection.endByte).toBe(end);
      }
      expectOwnersRight(tuples, `cut at ${end}`);
    }
  });

  test('beginning anywhere, as a range of a blob does, gives the whole records behind', () => {
    for (let start = 1; start < bytes.length; start++) {
      const log = decodeFlowLog(bytes.subarray(start));
      const behind = whole.records.filter((record) => record.startByte >= start).length;
      expect(log.records.length, `from ${start}`).toBe(behind);
      const inside = whole.records.some(
        (record) => record.startByte < start && start < text.lastIndexOf('"', record.endByte),
      );
      if (inside) expect(log.rejections.length, `from ${start}`).toBeGreaterThan(0);
      expectOwnersRight(seen(log), `from ${start}`);
    }
  });

  const replacements = long
    ? Array.from({ length: 256 }, (_, i) => i)
    : [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x30, 0x41, 0x78, 0x20, 0x00, 0xff];

  test('with one byte changed loses nothing silently, nothing of another record, and mistakes no owner', () => {
    for (let at = 0; at < bytes.length; at++) {
      const before = bytes[at];
      for (const [i, replacement] of replacements.entries()) {
        // Short runs try one or two of the replacements at each byte, and all of them every nine bytes.
        if (replacement === before || (!long && (at + i) % 9 !== 0)) continue;
        bytes[at] = replacement;
        const log = decodeFlowLog(bytes);
        const where = `byte ${at} → ${replacement}`;
        const tuples = seen(log);
        if (log.tuples.count !== original.length && log.rejections.length === 0)
          throw new Error(`${where}: ${log.tuples.count} tuples of ${original.length} and no rejection`);
        expectOwnersRight(tuples, where);
        const left = new Set(tuples.map((tuple) => tuple.text));
        const hit = whole.records.findIndex((record) => record.startByte <= at && at < record.endByte);
        for (const [row, tuple] of original.entries())
          if (whole.groups[whole.tuples.group[row]].record !== hit && !left.has(tuple.text))
            throw new Error(`${where}: lost ${tuple.text} of another record; ${JSON.stringify(log.rejections)}`);
        for (const { startByte, endByte } of log.rejections)
          if (!(startByte >= 0 && startByte <= endByte && endByte <= bytes.length)) throw new Error(`${where}: range`);
      }
      bytes[at] = before;
    }
  });

  test('with one byte missing or doubled it does the same', () => {
    for (let at = 1; at < bytes.length; at++) {
      for (const changed of [text.slice(0, at) + text.slice(at + 1), text.slice(0, at) + text.slice(at - 1)]) {
        const log = decodeFlowLog(encoder.encode(changed));
        if (log.tuples.count !== original.length && log.rejections.length === 0)
          throw new Error(`byte ${at}: ${log.tuples.count} tuples of ${original.length} and no rejection`);
        expectOwnersRight(seen(log), `byte ${at}`);
      }
    }
  });
});

/** Tuples of `text` whose closing quote lies before `end`. */
function tuplesBefore(text: string, end: number): number {
  let count = 0;
  for (const match of text.matchAll(/"\d{10,13},[^"]*"/g)) if (match.index + match[0].length <= end) count++;
  return count;
}

describe('input made to hurt', () => {
  const size = long ? 4_000_000 : 200_000;
  test.each([
    ['open brackets', '['],
    ['open braces', '{'],
    ['objects in objects', '{"a":'],
    ['records in records', '{"records":['],
    ['records in times', '{"time":'],
    ['arrays of records in keys', '{"a":1,"records":['],
    ['records in records by time', '{"time":1,"records":['],
    ['quotes', '"'],
    ['escaped quotes', '"1\\",'],
    ['backslashes', '\\'],
    ['tuples never closed', '{"flowTuples":["1\\",'],
    ['half tuples', '"1542110402,1.2.3.4,'],
    ['empty tuples', '"",'],
    ['commas', ','],
    ['white space', ' \n'],
    ['messages in messages', '{"message":"{\\"flow'],
    ['rules', '{"rule":"x","flows":['],
    ['zeros', '\0'],
    ['closing brackets', ']}'],
    ['byte order marks', '\uFEFF'],
  ])('%s: ends soon, throws nothing, keeps few rejections', (_name, piece) => {
    for (const head of [
      '',
      '{"records":[{"time":"t","properties":{"Version":2,"flows":[{"rule":"r","flows":[{"flowTuples":[',
    ]) {
      const log = decodeFlowLog(encoder.encode(head + piece.repeat(Math.ceil(size / piece.length))));
      expect(log.tuples.count).toBe(0);
      expect(log.rejections.length).toBeLessThanOrEqual(10_000);
    }
  });

  test('a million bad tuples are counted up to the limit, then in one range', () => {
    const bad = '"1542110402,1.2.3.4,bad"'.concat(',').repeat(20_000);
    const good = '"1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,"';
    const log = decodeFlowLog(
      encoder.encode(
        `{"time":"t","properties":{"Version":2,"flows":[{"rule":"r","flows":[{"flowTuples":[${bad}${good}]}]}]}}`,
      ),
    );
    expect(log.tuples.count).toBe(1);
    expect(log.rejections.length).toBe(10_000);
    expect(log.rejections[9_999].reason).toBe('too-many');
    expect(log.rejections[9_999].endByte).toBeGreaterThan(20_000 * 25);
  });
});
