// The questions of bench/query-clickhouse.bench.mjs.
import { dist } from './built.mjs';

/** Questions by name: what nsgflow asks, of both. Those of an hour begin at `start`; `rare` and `fixed` are addresses of a few tuples. */
export async function questions(rare, fixed, start) {
  const range = { start, end: start + 3_600_000 };
  const { parseFilter } = await dist('query/filter/filter.js');
  const { parseMeasure } = await dist('query/measure.js');
  const where = (text) => ({ where: parseFilter(text, 0) });
  const groups = (more = {}) => ({
    ask: 'groups',
    axes: [{ by: ['src.ip'], limit: 10 }],
    measures: ['bytes', 'flows', 'packets'].map(parseMeasure),
    ...more,
  });
  const series = { ...groups({ axes: [], bucketMillis: 600_000 }), atReport: true, observations: true };
  return [
    ['top sources, every tuple', groups({ observations: true })],
    ['series of 10 minutes, every tuple', series],
    [
      'denied by port, every tuple',
      groups({ ...where('access = deny'), axes: [{ by: ['dst.port'], limit: 10 }], observations: true }),
    ],
    ['one block (10.1.0.0/16), every tuple', groups({ ...where('ip in 10.1.0.0/16'), observations: true })],
    ['one hour, top sources, every tuple', groups({ range, observations: true })],
    ['one hour, top sources, conversations', groups({ range })],
    ['one hour, first 50 conversations', { ask: 'conversations', limit: 50, range }],
    ['one rare address, its tuples', { ask: 'tuples', ...where(`ip = ${rare}`) }],
    ['one rare address, its conversations', { ask: 'conversations', ...where(`ip = ${rare}`) }],
    ['one address of four tuples in all, its tuples', { ask: 'tuples', ...where(`ip = ${fixed}`) }],
    ['top sources, conversations', groups()],
    ['top sources, dst.port = 443', groups(where('dst.port = 443'))],
    ['top sources, access = deny', groups(where('access = deny'))],
    ['top rules, conversations', groups({ axes: [{ by: ['rule'], limit: 10 }] })],
    [
      'matrix of sources and destinations',
      groups({ axes: ['src.ip', 'dst.ip'].map((by) => ({ by: [by], limit: 8 })) }),
    ],
    ['either side', groups({ axes: [{ by: ['ip'], limit: 10 }] })],
    ['different destinations of sources', groups({ measures: ['distinct:dst.ip', 'flows'].map(parseMeasure) })],
    ['percentiles', groups({ measures: ['p95:bytes', 'flows'].map(parseMeasure) })],
    ['one hour, compared with the hour before', groups({ range, compareMillis: 3_600_000 })],
    ['series of 10 minutes, spread', groups({ axes: [], bucketMillis: 600_000 })],
    ['count', { ask: 'count' }],
  ];
}
