/** Values that are written as no format has them: what is read, what is mended, and what is reported. */
import { describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import { counterMax, packCounter, unpackCounter } from '../../src/flowlog/counter.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { plainOf } from './plain.ts';

function decode(text: string): FlowLog {
  return decodeFlowLog(new TextEncoder().encode(text));
}

function logOf(flowTuples: unknown, time: unknown = '2025-11-20T10:01:00Z'): string {
  return JSON.stringify({
    records: [
      {
        time,
        category: 'NetworkSecurityGroupFlowEvent',
        resourceId: '/SUBSCRIPTIONS/0/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N',
        properties: { Version: 2, flows: [{ rule: 'UserRule_a', flows: [{ mac: '000D3A112233', flowTuples }] }] },
      },
    ],
  });
}

function reasons(log: FlowLog): string[] {
  return log.rejections.map(({ reason }) => reason);
}

const tuple = '1763632800,10.0.0.5,203.0.113.9,1000,443,T,O,A,E,1,2,3,4';
const other = '1763632801,10.0.0.5,203.0.113.9,1001,443,T,O,A,B,,,,';

describe('the time of a record', () => {
  test.each([
    ['/Date(1763632860000)/', 1_763_632_860_000],
    ['/Date(1763632860000+0100)/', 1_763_632_860_000],
    ['/Date(-1)/', -1],
    [1_763_632_860, 1_763_632_860_000],
    [1_763_632_860_123, 1_763_632_860_123],
    [1_763_632_860.25, 1_763_632_860_250],
    ['1763632860', 1_763_632_860_000],
    ['2025-11-20T10:01:00.1234567Z', 1_763_632_860_123],
    ['2025-11-20 11:01:00 +01:00', 1_763_632_860_000],
    ['2025-11-20T10:01Z', 1_763_632_860_000],
    ['2025-11-20 10:01:00 UTC', 1_763_632_860_000],
    ['Thu, 20 Nov 2025 10:01:00 GMT', 1_763_632_860_000],
  ])('%s is read', (time, timeMillis) => {
    const log = decode(logOf([tuple], time));
    expect(log.rejections).toEqual([]);
    expect(log.records[0]).toMatchObject({ timeMillis, time: String(time) });
  });

  test.each(['11/20/2025 10:01:00 AM', '20.11.2025 10:01:00', '10:01:00', '20251120', 20251120, 1e20, -5, 'noon'])(
    '%s is reported, and the tuples are kept',
    (time) => {
      const text = logOf([tuple], time);
      const log = decode(text);
      expect(log.tuples.count).toBe(1);
      expect(log.records[0].timeMillis).toBeNaN();
      expect(log.rejections.map(({ startByte, endByte }) => text.slice(startByte, endByte))).toEqual([
        JSON.stringify(time),
      ]);
      expect(reasons(log)).toEqual(['field-unreadable']);
    },
  );

  test('the fields of an event that only wraps records are no concern of theirs', () => {
    const event = { time: '11/20/2025', rule: { name: 'x' }, ecs: { version: '8.0.0' }, message: logOf([tuple]) };
    expect(decode(JSON.stringify(event))).toMatchObject({ rejections: [], tuples: { count: 1 } });
  });

  test('a report before a cut leaves the cut last', () => {
    const text = logOf([tuple, other], 'noon');
    expect(reasons(decode(text.slice(0, text.indexOf(other) + 20)))).toEqual(['field-unreadable', 'truncated']);
  });
});

describe('counters', () => {
  const values = [
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 62n + 3n,
    2n ** 63n - 2n ** 53n,
    counterMax - 1n,
    counterMax,
  ];

  test.each(values)('%s is exact as a double and back, and neither NaN nor zero', (value) => {
    const packed = packCounter(value);
    expect(unpackCounter(packed)).toBe(value);
    expect(unpackCounter(Float64Array.of(packed).slice()[0])).toBe(value);
    expect(Math.abs(packed)).toBeGreaterThan(0);
  });

  const flat = (counters: readonly unknown[]): string => {
    const [a, b, c, d] = counters;
    return `{"time":"1737500459279","src_ip":"91.118.39.74","src_port":"1000","dest_IP":"10.2.0.4","dest_port":"22","protocol":"6",
      "flow_direction":"I","flow_state":"E","flow_encryption_status":"NX","num_packets_sent_src_to_dest":${String(a)},"bytes_sent_src_to_dest":${String(b)},
      "num_packets_sent_dest_to_src":${String(c)},"bytes_sent_dest_to_src":${String(d)}}`;
  };
  const forms: [string, (counters: readonly unknown[]) => string][] = [
    ['NSG version 2', (counters) => logOf([other, `${tuple.slice(0, -8)},${counters.join(',')}`])],
    ['VNet', (counters) => logOf([`1763632800000,10.0.0.5,203.0.113.9,1000,443,6,O,C,X,${counters.join(',')}`])],
    [
      'VNet, begin',
      (counters) => logOf([`1763632800000,10.0.0.5,203.0.113.9,1000,443,6,O,B,NX,${counters.join(',')}`]),
    ],
    ['a flat event', flat],
  ];

  describe.each(forms)('%s', (_name, form) => {
    test.each([0, 1, 2, 3])('each of the four may be up to 2^63 - 1 (%d)', (which) => {
      for (const value of values) {
        const counters: (number | bigint)[] = [0, 0, 0, 0];
        counters[which] = value > Number.MAX_SAFE_INTEGER ? value : Number(value);
        const log = decode(form(counters));
        expect(log.rejections).toEqual([]);
        expect(plainOf(log)[0].tuples.at(-1)?.counters).toEqual(counters);
      }
    });

    test.each([2n ** 63n, 18_446_744_073_709_551_677n, 10n ** 40n])('%s is null and reported', (value) => {
      const text = form([1, value, 3, 2n ** 60n]);
      const log = decode(text);
      expect(plainOf(log)[0].tuples.at(-1)?.counters).toEqual([1, Number.NaN, 3, 2n ** 60n]);
      expect(reasons(log)).toEqual(['counter-too-large']);
      const [{ startByte, endByte }] = log.rejections;
      expect(text.slice(startByte, endByte)).toContain(String(value));
    });
  });

  test('the range of a counter too large is its digits', () => {
    const text = logOf([`${tuple.slice(0, -8)},1,${2n ** 64n},3,4`]);
    const [{ startByte, endByte }] = decode(text).rejections;
    expect(text.slice(startByte, endByte)).toBe(String(2n ** 64n));
  });

  test('with an encryption state that is not known, too', () => {
    const log = decode(
      logOf([`1763632800000,10.0.0.5,203.0.113.9,1000,443,6,O,E,NX_NEW,1,${2n ** 64n},3,${2n ** 60n}`]),
    );
    expect(reasons(log).sort()).toEqual(['counter-too-large', 'encryption-unknown']);
    expect(plainOf(log)[0].tuples[0].counters).toEqual([1, Number.NaN, 3, 2n ** 60n]);
  });
});

describe('tuples that are mended', () => {
  const [head] = tuple.split(',E,');
  const expected = plainOf(decode(logOf([tuple])))[0].tuples;

  test.each([
    ['a line end inside', [tuple.replace('203.0.', '203.0.\n')]],
    ['a line end and white space', [tuple.replace('203.0.', '203.0.\r\n   ')]],
    ['a 14th field, empty', [`${tuple},`]],
    ['several empty fields behind', [`${tuple},,,`]],
  ])('%s', (_name, flowTuples) => {
    // Raw line ends, as no JSON has them in texts.
    const log = decode(logOf(flowTuples).replaceAll('\\n', '\n').replaceAll('\\r', '\r'));
    expect(plainOf(log)[0].tuples).toEqual(expected);
    expect(log).toMatchObject({ rejections: [], mended: 1 });
  });

  test.each([`${head},B,`, `${head},B,,`, `${head},B,,,`, `${head},B,,,,,`, `${head},E,,,`])('%s', (text) => {
    const log = decode(logOf([text]));
    expect(log).toMatchObject({ rejections: [], mended: 1, tuples: { count: 1 } });
    expect(plainOf(log)[0].tuples[0].counters).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  test('ICMP without ports has port 0', () => {
    const log = decode(logOf(['1763632800000,10.0.0.5,203.0.113.9,,,1,O,B,NX,0,0,0,0']));
    expect(log).toMatchObject({ rejections: [], mended: 1 });
    expect(plainOf(log)[0].tuples[0]).toMatchObject({ protocol: 1, sourcePort: 0, destinationPort: 0 });
  });

  test('several tuples in one text, as a list that was joined', () => {
    for (const between of [' ', '\n', '\r\n', ' \t '])
      for (const flowTuples of [[tuple, other].join(between), [[tuple, other].join(between)]]) {
        const log = decode(logOf(flowTuples));
        expect(log).toMatchObject({ rejections: [], mended: 2, tuples: { count: 2 } });
      }
    const many = decode(logOf(Array(1000).fill(tuple).join(' ')));
    expect(many).toMatchObject({ rejections: [], mended: 1000, tuples: { count: 1000 } });
  });

  test.each([
    ['TCP without ports', '1763632800,10.0.0.5,203.0.113.9,,,T,O,A,B,,,,'],
    ['three counters', `${head},E,1,2,3`],
    ['a 14th field that says something', `${tuple},5`],
    ['a blank in an address', tuple.replace('203.0.', '203. 0.')],
    ['two tuples, one of them bad', `${tuple} ${tuple.slice(0, -9)}`],
  ])('%s is reported', (_name, text) => {
    const log = decode(logOf([text]));
    expect(log).toMatchObject({ mended: 0, tuples: { count: 0 } });
    expect(reasons(log)).toEqual(['tuple-malformed']);
  });

  test('what was mended in an object that is no record does not count', () => {
    expect(decode(JSON.stringify({ x: { flowTuples: [`${tuple},`] } }))).toMatchObject({
      mended: 0,
      tuples: { count: 0 },
    });
  });
});

test('one tuple as a text, and lists in lists, are read as they are', () => {
  for (const flowTuples of [tuple, [[tuple]], [[[tuple], []]]])
    expect(decode(logOf(flowTuples))).toMatchObject({ rejections: [], mended: 0, tuples: { count: 1 } });
});

test('an object among tuples costs itself only', () => {
  for (const object of [{ a: 1 }, { value: '1763632800,x', 'a"b': [[{}], '}'] }, { a: { b: { c: null } } }])
    for (const flowTuples of [
      [object, tuple, other],
      [tuple, object, other],
      [[tuple], [other, object]],
    ]) {
      const text = logOf(flowTuples);
      const start = text.indexOf(JSON.stringify(object));
      expect(decode(text)).toMatchObject({
        tuples: { count: 2 },
        rejections: [{ reason: 'flows-unreadable', startByte: start, endByte: start + JSON.stringify(object).length }],
      });
    }
  expect(decode(logOf([{}, tuple, [{}], other]))).toMatchObject({ tuples: { count: 2 }, rejections: [] });
  // Brackets that were lost: what follows is another rule's.
  const lost = logOf([tuple, '}]}@']).replace(
    '"}]}@"]}]}',
    `{"rule":"UserRule_b","flows":[{"flowTuples":["${other}"]}]}`,
  );
  const read = plainOf(decode(lost));
  expect(read.flatMap(({ tuples }) => tuples.map(({ rule }) => rule))).toEqual(['UserRule_a', 'UserRule_b']);
});

test('tuples of a list under a wrong key are reported as far as they go, where the log is cut', () => {
  const text = logOf([tuple, other]).replace('flowTuples', 'tuples');
  const cut = text.slice(0, text.indexOf(other) + 20);
  const log = decode(cut);
  expect(log.tuples.count).toBe(0);
  for (const start of [cut.indexOf(tuple), cut.indexOf(other.slice(0, 20))])
    expect(log.rejections.some(({ startByte, endByte }) => startByte <= start && start < endByte)).toBe(true);
});
