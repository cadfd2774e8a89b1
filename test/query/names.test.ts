/** What names say of addresses, in questions over an engine. */
import { describe, expect, test, vi } from 'vitest';
import type { AddressAttribute } from '../../src/enrich/attribute.ts';
import type { Names } from '../../src/enrich/names.ts';
import type { PlainTuple } from '../lake/build-flow-log.ts';

// A further attribute is one entry of the table: the rest of this file finds it everywhere.
vi.mock('../../src/enrich/attribute.ts', async (original) => {
  const real = await original<{ addressAttributes: readonly AddressAttribute[] }>();
  return {
    ...real,
    addressAttributes: [...real.addressAttributes, { name: 'zone', label: 'Zone', meaning: 'A zone.' }],
  };
});

const { lazyNames } = await import('../../src/enrich/names.ts');
const { completeFilter } = await import('../../src/query/filter/complete-filter.ts');
const { ask, top, where, withRecords } = await import('./ask.ts');

const time = Date.parse('2023-11-14T22:00:00Z');

function tuple(src: string, dst: string, more: Partial<PlainTuple> = {}): PlainTuple {
  return { time, src, dst, srcPort: 1024, dstPort: 443, state: 'begin', counters: [1, 100, 1, 50], ...more };
}

const records = [
  {
    tuples: [
      tuple('10.0.0.4', '8.8.8.8'),
      tuple('10.0.0.4', '193.0.6.139', { counters: [2, 900, 1, 50] }),
      tuple('10.0.0.5', '10.0.0.4', { time: time + 60_000 }),
    ],
  },
];

describe('countries', () => {
  test('filter, group and show conversations and tuples', () =>
    withRecords(records, async (engine) => {
      expect(
        await ask(engine, top({ by: ['dst.country', 'dst.continent'], metric: 'bytes', limit: 10 })),
      ).toMatchObject([
        { dst_country: 'NL', dst_continent: 'EU', bytes: 950 },
        { dst_country: 'US', dst_continent: 'NA', bytes: 150 },
        { dst_country: null, dst_continent: null, bytes: 150 },
      ]);
      for (const observations of [false, true]) {
        const count = async (text: string): Promise<unknown> =>
          (await ask(engine, { ask: 'count', observations, ...where(text) }))[0]['conversations'];
        expect(await count('dst.country = us')).toBe(1);
        expect(await count('country in (us, NL)')).toBe(2);
        expect(await count('not dst.country = us')).toBe(2);
        expect(await count('dst.continent = eu')).toBe(1);
        expect(await count('dst.country = null')).toBe(1);
        expect(await count('src.country = u*')).toBe(0);
      }
      for (const kind of ['tuples', 'conversations'] as const)
        expect(await ask(engine, { ask: kind, names: ['dst_country'], ...where('dst.country != nl') })).toMatchObject([
          { dst_ip: '8.8.8.8', dst_country: 'US' },
          { dst_ip: '10.0.0.4', dst_country: null },
        ]);
      expect(await ask(engine, top({ by: ['country'], metric: 'flows', limit: 10 }))).toMatchObject([
        { country: 'NL', flows: 1 },
        { country: 'US', flows: 1 },
      ]);
    }));
});

describe('an entry of the table of attributes', () => {
  const names: Names = {
    changes: [time + 30_000],
    applications: () => Promise.resolve(new Map()),
    look: (address, period) => ({ zone: address === '10.0.0.4' ? ['old', 'new'][period] : undefined }),
  };

  test('is a field that completion offers', async () => {
    const none = (): Promise<readonly string[]> => Promise.resolve([]);
    expect((await completeFilter('dst.zo', none)).words).toEqual(['dst.zone']);
    expect((await completeFilter('zo', none)).words).toEqual(['zone']);
  });

  test('filters, groups and is shown, as it was at the time of the flow', () =>
    withRecords(
      records,
      async (engine) => {
        expect(await ask(engine, top({ by: ['dst.zone'], metric: 'flows', limit: 10 }))).toMatchObject([
          { dst_zone: null, flows: 2 },
          { dst_zone: 'new', flows: 1 },
        ]);
        expect(
          await ask(engine, { ask: 'conversations', names: ['src_zone'], ...where('src.zone = old') }),
        ).toMatchObject([
          { dst_ip: '193.0.6.139', src_zone: 'old' },
          { dst_ip: '8.8.8.8', src_zone: 'old' },
        ]);
        expect(await ask(engine, { ask: 'count', ...where('zone = null') })).toMatchObject([{ conversations: 3 }]);
      },
      () => Promise.resolve(names),
    ));
});

test('names are opened by a question that asks for them, and by no other', async () => {
  let opened = 0;
  const names = lazyNames();
  await withRecords(
    records,
    async (engine) => {
      await ask(engine, { ask: 'conversations' });
      await ask(engine, top({ by: ['src.ip'], metric: 'bytes', limit: 1 }));
      await ask(engine, { ask: 'count', observations: true });
      expect(opened).toBe(0);
      await ask(engine, { ask: 'count', ...where('country = us') });
      expect(opened).toBeGreaterThan(0);
    },
    () => {
      opened++;
      return names();
    },
  );
});

test('each address of a question is looked up once', async () => {
  const looked: string[] = [];
  const names: Names = {
    changes: [],
    applications: () => Promise.resolve(new Map()),
    look: (address) => {
      looked.push(address);
      return {};
    },
  };
  await withRecords(
    records,
    async (engine) => {
      await ask(engine, top({ by: ['dst.country', 'src.continent'], metric: 'bytes', limit: 1 }));
      expect(looked.sort()).toEqual(['10.0.0.4', '10.0.0.5', '193.0.6.139', '8.8.8.8']);
    },
    () => Promise.resolve(names),
  );
});
