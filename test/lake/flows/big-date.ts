/** A date of millions of tuples, made without a blob: seen by one or two NICs, of connections that a number decides. */
import type { Lake } from '../../../src/lake/lake.ts';
import { stateNames, createTupleColumns } from '../../../src/flowlog/tuple.ts';
import { plainResource } from '../build-flow-log.ts';

/** One tuple; the maker sets what differs from the tuple before. */
export interface BigTuple {
  timeMillis: number;
  /** Below 2^24: the last three bytes of the source address, and below 2^16. */
  source: number;
  destination: number;
  sourcePort: number;
  state: (typeof stateNames)[number];
  isDenied: boolean;
  isOutbound: boolean;
  bytes: number;
}

const tuplesPerBlob = 50_000;

/** Commits `count` tuples: `make` fills in the nth one. Blobs are of `tuplesPerBlob` tuples, with a record a minute or so. */
export async function ingestBig(
  lake: Lake,
  name: string,
  count: number,
  make: (tuple: BigTuple, n: number) => void,
  perCommit = 1_000_000,
): Promise<void> {
  const tuple: BigTuple = {
    timeMillis: 0,
    source: 1,
    destination: 1,
    sourcePort: 1024,
    state: 'begin',
    isDenied: false,
    isOutbound: true,
    bytes: 0,
  };
  for (let from = 0; from < count; from += perCommit) {
    const append = await lake.beginAppend();
    for (let first = from; first < Math.min(count, from + perCommit); first += tuplesPerBlob) {
      const rows = Math.min(tuplesPerBlob, count - first, from + perCommit - first);
      const columns = createTupleColumns(rows);
      const records = [];
      const groups = [];
      for (let row = 0; row < rows; row++) {
        make(tuple, first + row);
        if (row % 1000 === 0) {
          const startByte = row * 100;
          records.push({
            format: 'nsg2' as const,
            timeMillis: tuple.timeMillis,
            time: '',
            resourceId: plainResource,
            systemId: '',
            macAddress: '',
            flowLogGuid: '',
            targetResourceId: '',
            startByte,
            endByte: startByte + 1,
          });
          for (const mac of ['000D3A000001', '000D3A000002'])
            groups.push({ record: records.length - 1, rule: 'UserRule_A', aclId: '', mac });
        }
        columns.timeMillis[row] = tuple.timeMillis;
        columns.family[row] = 4;
        columns.source.set([0, 0, 0xffff, 0x0a000000 + tuple.source], 4 * row);
        columns.destination.set([0, 0, 0xffff, 0x0b000000 + tuple.destination], 4 * row);
        columns.sourcePort[row] = tuple.sourcePort;
        columns.destinationPort[row] = 443;
        columns.protocol[row] = 6;
        columns.direction[row] = tuple.isOutbound ? 1 : 0;
        columns.access[row] = tuple.isDenied ? 1 : 0;
        columns.state[row] = stateNames.indexOf(tuple.state);
        const isCounted = tuple.state === 'continuing' || tuple.state === 'end';
        columns.packetsForward[row] = isCounted ? 1 + (tuple.bytes >> 10) : Number.NaN;
        columns.bytesForward[row] = isCounted ? tuple.bytes : Number.NaN;
        columns.packetsReverse[row] = isCounted ? 1 : Number.NaN;
        columns.bytesReverse[row] = isCounted ? 60 : Number.NaN;
        columns.group[row] = 2 * (records.length - 1) + (tuple.isOutbound ? 0 : 1);
      }
      columns.count = rows;
      const log = { records, groups, tuples: columns, rejections: [], mended: 0 };
      await append.addFlowLog(log, { blob: `${name}/${first}` });
    }
    await append.commit([]);
  }
}

/** A number of 32 bits that another one decides. */
export function scramble(n: number): number {
  let hash = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Connections of four tuples, seen by two NICs; one of seven is denied. `count` tuples lie evenly over `spanMillis` from `startMillis` on; between two
 * tuples of a connection passes one of `parts` parts of the span.
 */
export function connectionsOf(
  count: number,
  startMillis: number,
  spanMillis: number,
  parts: number,
): (tuple: BigTuple, n: number) => void {
  return (tuple, n) => {
    const [pair, stage] = [n >> 1, (n >> 1) % 4];
    const connection = (pair >> 2) + 1_000_000 - stage * Math.floor(count / 8 / parts);
    tuple.timeMillis = startMillis + Math.floor((n / count) * spanMillis);
    tuple.source = scramble(connection) % 5000;
    tuple.destination = scramble(connection + 1) % 200;
    tuple.sourcePort = 1024 + (connection % 60_000);
    tuple.isDenied = connection % 7 === 0;
    tuple.state = tuple.isDenied ? 'denied' : (['begin', 'continuing', 'continuing', 'end'] as const)[stage];
    tuple.isOutbound = n % 2 === 0;
    tuple.bytes = scramble(n) % 1_000_000;
  };
}
