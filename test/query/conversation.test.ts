import { describe, expect, test } from 'vitest';
import type { PlainTuple } from '../lake/build-flow-log.ts';
import { ask, where, withRecords, top } from './ask.ts';

const start = Date.parse('2023-11-14T12:00:00Z');
const pair = { src: '10.0.0.1', srcPort: 50_000, dst: '10.0.0.2', dstPort: 443 } as const;
const source = { ...pair, mac: '000D3A000001', direction: 'outbound', rule: 'Out' } as const;
const destination = { ...pair, mac: '000D3A000002', direction: 'inbound', rule: 'In' } as const;

function flow(at: object, beginMillis: number, endMillis: number, bytes = 100): PlainTuple[] {
  return [
    { ...pair, ...at, time: start + beginMillis, state: 'begin' },
    { ...pair, ...at, time: start + endMillis, state: 'end', counters: [1, bytes, 1, bytes] },
  ];
}

describe('a conversation counts once', () => {
  test('when both NICs logged it', async () => {
    const tuples = [...flow(source, 0, 5000), ...flow(destination, 3, 5003)];
    await withRecords([{ tuples }], async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 4, conversations: 1 }]);
      expect(await ask(engine, { ask: 'count', observations: true })).toEqual([{ tuples: 4, conversations: 2 }]);
      expect(await ask(engine, { ask: 'conversations' })).toMatchObject([
        {
          time: '2023-11-14T12:00:00.000Z',
          last_time: '2023-11-14T12:00:05.003Z',
          direction: 'outbound',
          rule: 'Out',
          state: 'end',
          bytes_forward: 100,
          continued: false,
          tuples: 4,
          observers: 2,
        },
      ]);
    });
  });

  test('when both NICs give the same times, as logs of whole seconds mostly do', async () => {
    // So many, and so mixed with flows that one NIC alone saw, that sorting does not leave them as they came.
    const tuples = Array.from({ length: 3000 }, (_, i) => {
      const its = { srcPort: 1024 + i, src: `10.0.${(7 * i) % 200}.1` };
      const at = 1000 * ((31 * i) % 700);
      const one = flow({ ...destination, ...its }, at, at);
      return i % 3 === 0 ? [...one, ...flow({ ...source, ...its }, at, at)] : one;
    }).flat();
    await withRecords([{ tuples }], async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 8000, conversations: 3000 }]);
    });
  });

  test('when an NSG log and a VNet log of the same NIC have it', async () => {
    const vnet = flow(source, 137, 5137).map((tuple) => ({ ...tuple, encryption: 'NX' as const }));
    const records = [
      { tuples: flow(source, 0, 5000) },
      { format: 'vnet' as const, resourceId: '/FLOWLOGS/A', startByte: 9, tuples: vnet },
    ];
    await withRecords(records, async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 4, conversations: 1 }]);
      expect(await ask(engine, top({ by: ['src'], metric: 'bytes', limit: 1 }))).toEqual([
        { src_ip: '10.0.0.1', flows: 1, packets: 2, bytes: 200 },
      ]);
    });
  });

  test('for each time that its ports are used again', async () => {
    const tuples = [
      ...flow(source, 0, 5000),
      ...flow(source, 6000, 7000),
      ...flow(destination, 1, 5001),
      ...flow(destination, 6001, 7001),
    ];
    await withRecords([{ tuples }], async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 8, conversations: 2 }]);
    });
  });

  test('for flows of two observers that lie further apart than clocks do', async () => {
    await withRecords([{ tuples: [...flow(source, 0, 1000), ...flow(destination, 3000, 4000)] }], async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 4, conversations: 1 }]);
    });
    await withRecords([{ tuples: [...flow(source, 0, 1000), ...flow(destination, 3001, 4000)] }], async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 4, conversations: 2 }]);
    });
  });
});

describe('of a conversation allowed at its source and denied at its destination', () => {
  const denied: PlainTuple = { ...destination, time: start + 1, state: 'denied', access: 'deny', rule: 'DenyIn' };
  const records = [{ tuples: [...flow(source, 0, 5000), denied] }];

  test('the denial is shown, with the counters of the source', async () => {
    await withRecords(records, async (engine) => {
      expect(await ask(engine, { ask: 'conversations' })).toMatchObject([
        { access: 'deny', rule: 'DenyIn', direction: 'inbound', state: 'denied', bytes_forward: 100, observers: 2 },
      ]);
    });
  });

  test('it is denied, by whichever side it is found', async () => {
    await withRecords(records, async (engine) => {
      for (const filter of ['access = deny', 'rule = Out', 'rule = DenyIn', 'direction = in', 'bytes > 0'])
        expect(await ask(engine, { ask: 'count', ...where(filter) }), filter).toMatchObject([{ conversations: 1 }]);
      for (const filter of ['access = allow', 'not access = deny', 'rule = Out and rule = DenyIn'])
        expect(await ask(engine, { ask: 'count', ...where(filter) }), filter).toMatchObject([{ conversations: 0 }]);
      expect(await ask(engine, { ask: 'conversations', ...where('rule = Out') })).toMatchObject([
        { access: 'deny', rule: 'Out', direction: 'outbound', bytes_forward: 100, observers: 2 },
      ]);
    });
  });

  test('groups by access count it where the filter finds it', async () => {
    await withRecords(records, async (engine) => {
      const rows = await ask(engine, top({ by: ['access'], metric: 'flows', limit: 9 }));
      expect(rows).toEqual([{ access: 'deny', flows: 1, packets: 2, bytes: 200 }]);
    });
  });
});

describe('a flow', () => {
  test('keeps all its tuples when the filter asks for the rule of its first', async () => {
    const [begin, end] = flow(source, 0, 5000);
    const tuples = [begin, { ...end, rule: 'Renamed' }];
    await withRecords([{ tuples }], async (engine) => {
      expect(await ask(engine, { ask: 'conversations', ...where('rule = Out') })).toMatchObject([
        { bytes_forward: 100, tuples: 2 },
      ]);
      expect(await ask(engine, { ask: 'conversations', ...where('rule = Renamed') })).toEqual([]);
      expect(await ask(engine, { ask: 'count', ...where('rule = Renamed') })).toEqual([
        { tuples: 1, conversations: 0 },
      ]);
    });
  });

  test('is put together in the order of the log where times are equal', async () => {
    const tuples = [...flow(source, 0, 0, 1), ...flow(source, 0, 0, 2)];
    await withRecords([{ tuples }], async (engine) => {
      const rows = await ask(engine, { ask: 'conversations' });
      expect(rows.map((row) => [row['bytes_forward'], row['state']])).toEqual([
        [1, 'end'],
        [2, 'end'],
      ]);
    });
  });

  test('is put together by where its tuples stand in the blob, in whatever order they were read', async () => {
    const [begin, end] = flow(source, 0, 0);
    const records = [
      { time: start, startByte: 50, tuples: [end] },
      { time: start, startByte: 10, tuples: [begin] },
    ];
    await withRecords(records, async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 2, conversations: 1 }]);
    });
  });

  test('whose begin lies before the range has its own times, and the counters in the range', async () => {
    await withRecords([{ tuples: flow(source, 0, 300_000) }], async (engine) => {
      const range = { start: start + 60_000 };
      expect(await ask(engine, { ask: 'conversations', range })).toMatchObject([
        { time: '2023-11-14T12:00:00.000Z', bytes_forward: 100 },
      ]);
      expect(await ask(engine, { ask: 'count', range: { end: start } })).toEqual([{ tuples: 0, conversations: 0 }]);
    });
  });

  test('of NSG version 1 is one tuple', async () => {
    const one: PlainTuple = { ...source, time: start, state: '' };
    await withRecords([{ format: 'nsg1', tuples: [one, one, one] }], async (engine) => {
      expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 3, conversations: 3 }]);
    });
  });
});

describe('sums', () => {
  test('say how many flows carry counters, of all that were selected', async () => {
    const counted = flow(source, 0, 5000);
    const uncounted: PlainTuple = { ...pair, srcPort: 1, time: start, state: 'begin', src: '10.0.0.9' };
    await withRecords([{ tuples: [...counted, uncounted] }], async (engine) => {
      const best = await engine.ask(top({ by: ['src.ip'], metric: 'bytes', limit: 1 }));
      expect(best.summary).toEqual({ basis: 'conversations', flows: 2, counted: 1 });
      const all = await engine.ask(top({ by: ['src.ip'], metric: 'bytes', limit: 1, observations: true }));
      expect(all.summary).toEqual({ basis: 'tuples', flows: 3, counted: 1 });
      const rows = await ask(engine, top({ by: ['src.ip'], metric: 'bytes', limit: 5 }));
      expect(rows[1]).toEqual({ src_ip: '10.0.0.9', flows: 1, packets: null, bytes: null });
    });
  });

  test('of the article are 9125 packets and 5256000 bytes', async () => {
    const tuples: PlainTuple[] = [
      { ...source, time: start, state: 'begin' },
      { ...source, time: start + 300_000, state: 'continuing', counters: [1021, 588_096, 8005, 4_610_880] },
      { ...source, time: start + 600_000, state: 'end', counters: [52, 29_952, 47, 27_072] },
    ];
    await withRecords([{ tuples }], async (engine) => {
      expect(await ask(engine, top({ by: ['dst.port'], metric: 'packets', limit: 1 }))).toEqual([
        { dst_port: 443, flows: 1, packets: 9125, bytes: 5_256_000 },
      ]);
    });
  });

  test('beyond 64 bits are whole', async () => {
    const huge = 2 ** 63 - 1024;
    const tuples: PlainTuple[] = [1, 2, 3].map((port) => ({
      ...source,
      srcPort: port,
      time: start,
      state: 'end',
      counters: [1, huge, 1, 0],
    }));
    await withRecords([{ tuples }], async (engine) => {
      const [row] = await ask(engine, top({ by: ['src.ip'], metric: 'bytes', limit: 1 }));
      expect(row['bytes']).toBe((3n * BigInt(huge)).toString());
    });
  });
});
