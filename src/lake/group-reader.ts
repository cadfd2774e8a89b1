/** Rows of a row group that we wrote, as they were staged when they were read, from the columns that the kernel has loaded. */
import {
  accessAllow,
  accessDeny,
  directionInbound,
  directionOutbound,
  encryptionNames,
  familyOf,
  stateNames,
} from '../flowlog/tuple.ts';
import type { Family } from '../net/address.ts';
import { formatProtocol } from '../net/protocol.ts';
import { KernelAddresses } from './kernel-addresses.ts';
import type { StagedRows, StageTables } from './staged-rows.ts';
import { giveBackRows, groupTexts, takeRows } from './staged-rows.ts';
import type { ReadKernel } from './read-kernel.ts';
import * as layout from './read-kernel-layout.ts';

/** Which rows of a row group are wanted, by what a look at their addresses tells. Others may come, too. */
export interface AddressChoice {
  /** Of the address whose four words are those of row `at`. */
  isSource(words: Uint32Array, at: number, family: Family): boolean;
  isDestination(words: Uint32Array, at: number, family: Family): boolean;
}

/** Turns the columns of a row group, which the kernel has, to staged rows. */
export class GroupReader {
  readonly #kernel: ReadKernel;
  readonly #tables: StageTables;
  readonly #addresses: KernelAddresses;

  constructor(kernel: ReadKernel, tables: StageTables) {
    this.#kernel = kernel;
    this.#tables = tables;
    this.#addresses = new KernelAddresses(kernel);
  }

  /** 1 for rows that a choice may want, of which the addresses are loaded; `undefined` where there is none. */
  choose(choice: AddressChoice, count: number): Uint8Array | undefined {
    const sources = this.#wanted('src_ip', count, choice);
    const destinations = this.#wanted('dst_ip', count, choice);
    let any = 0;
    for (let row = 0; row < count; row++) any |= sources[row] &= destinations[row];
    return any === 0 ? undefined : sources;
  }

  #wanted(name: 'src_ip' | 'dst_ip', count: number, choice: AddressChoice): Uint8Array {
    const texts = this.#kernel.words(name, count);
    const addresses = this.#addresses;
    addresses.reserve(texts);
    const isWanted = (text: number): boolean => {
      const family = addresses.familyOf(text);
      // One that cannot be read is looked at by whoever reads the rest.
      if (family === undefined) return true;
      const { words } = addresses;
      return name === 'src_ip' ? choice.isSource(words, text, family) : choice.isDestination(words, text, family);
    };
    const known = new Map<number, number>();
    const wanted = new Uint8Array(count);
    for (let row = 0; row < count; row++) {
      let is = known.get(texts[row]);
      if (is === undefined) known.set(texts[row], (is = isWanted(texts[row]) ? 1 : 0));
      wanted[row] = is;
    }
    return wanted;
  }

  /** @returns `undefined` where a value is none that we write */
  read(count: number, keeps: (blob: string) => boolean, chosen?: Uint8Array): StagedRows | undefined {
    const kernel = this.#kernel;
    const rows = takeRows(this.#tables);
    rows.reserve(count);
    const kept = takeRuns(kernel, this.#tables, rows, count, keeps, chosen);
    rows.count = kept?.length ?? 0;
    const isWhole =
      kept !== undefined &&
      this.#takeAddresses('src_ip', rows.source, rows.family, kept, count) &&
      this.#takeAddresses('dst_ip', rows.destination, rows.family, kept, count) &&
      takeTimes(kernel, kept, rows.timeMillis) &&
      kernel.takeCounters('packets_forward', kept, rows.packetsForward) &&
      kernel.takeCounters('bytes_forward', kept, rows.bytesForward) &&
      kernel.takeCounters('packets_reverse', kept, rows.packetsReverse) &&
      kernel.takeCounters('bytes_reverse', kept, rows.bytesReverse) &&
      Object.entries(codes).every(([name, codeOf]) =>
        this.#codes(name as CodeColumn, rows[name as CodeColumn], codeOf, kept, count),
      );
    if (kept === undefined || !isWhole) {
      giveBackRows(rows);
      return undefined;
    }
    take(kernel.words('src_port', count), rows.sourcePort, kept);
    take(kernel.words('dst_port', count), rows.destinationPort, kept);
    take(kernel.words('tuple_index', count), rows.tupleIndex, kept);
    return rows;
  }

  /** Words of one side's addresses, sources first. @returns whether all are addresses */
  #takeAddresses(
    name: 'src_ip' | 'dst_ip',
    to: Uint32Array,
    families: Uint8Array,
    kept: Uint32Array,
    count: number,
  ): boolean {
    const texts = this.#kernel.words(name, count);
    const addresses = this.#addresses;
    addresses.reserve(texts);
    const { words } = addresses;
    for (let i = 0; i < kept.length; i++) {
      const text = texts[kept[i]];
      const family = addresses.familyOf(text);
      if (family === undefined) return false;
      for (let word = 0; word < 4; word++) to[4 * i + word] = words[4 * text + word];
      // The source's family stands there already.
      families[i] = name === 'src_ip' ? family : familyOf(families[i] === 4 ? 4 : 6, family);
    }
    return true;
  }

  /** @returns whether all texts have a code */
  #codes(
    name: CodeColumn,
    to: Uint8Array,
    codeOf: (text: string) => number,
    kept: Uint32Array,
    count: number,
  ): boolean {
    const texts = this.#kernel.words(name, count);
    const known = new Map<number, number>();
    let last = -1;
    let code = 0;
    for (let i = 0; i < kept.length; i++) {
      const text = texts[kept[i]];
      if (text !== last) {
        code = known.get(text) ?? codeOf(this.#kernel.text(text) ?? '');
        if (code < 0) return false;
        known.set(text, code);
        last = text;
      }
      to[i] = code;
    }
    return true;
  }
}

function take(from: Uint32Array, to: Uint16Array | Int32Array, kept: Uint32Array): void {
  for (let i = 0; i < kept.length; i++) to[i] = from[kept[i]];
}

/** @returns whether all are whole milliseconds */
function takeTimes(kernel: ReadKernel, kept: Uint32Array, to: Float64Array): boolean {
  kernel.takeLongs('time', kept, to);
  let isWhole = true;
  for (let i = 0; i < kept.length; i++) {
    to[i] /= 1000;
    isWhole &&= Number.isInteger(to[i]);
  }
  return isWhole;
}

/** Records of the rows of a row group, in the order in which they were read; kept for the next one. */
const recordMicros = new Float64Array(layout.rowsMax);
const recordOffsets = new Float64Array(layout.rowsMax);

const directions: string[] = [];
directions[directionInbound] = 'inbound';
directions[directionOutbound] = 'outbound';
const accesses: string[] = [];
accesses[accessAllow] = 'allow';
accesses[accessDeny] = 'deny';
const protocolNames = new Map(Array.from({ length: 256 }, (_, number) => [formatProtocol(number), number]));

type CodeColumn = 'protocol' | 'direction' | 'access' | 'state' | 'encryption';

/** Columns of a few names: the code of each, or less than 0. */
const codes: Readonly<Record<CodeColumn, (text: string) => number>> = {
  protocol: (text) => protocolNames.get(text) ?? -1,
  direction: (text) => directions.indexOf(text),
  access: (text) => accesses.indexOf(text),
  state: (text) => (stateNames as readonly string[]).indexOf(text),
  encryption: (text) => (encryptionNames as readonly string[]).indexOf(text),
};

/** Groups and records of the rows that are kept, as runs. @returns these rows, in the order in which they were read; `undefined` where a record's time is none that we write */
function takeRuns(
  kernel: ReadKernel,
  tables: StageTables,
  rows: StagedRows,
  count: number,
  keeps: (blob: string) => boolean,
  chosen: Uint8Array | undefined,
): Uint32Array | undefined {
  const columns = groupTexts.map((name) => kernel.words(name, count));
  const blobs = kernel.words('blob', count);
  const order = kernel.rowOrder(count);
  kernel.takeLongs('record_time', order, recordMicros);
  kernel.takeLongs('record_offset', order, recordOffsets);
  const kept = new Uint32Array(count);
  const groups = new Map<string, { readonly id: number; readonly isKept: boolean }>();
  const startsGroup = new Uint8Array(count);
  for (const texts of columns)
    for (let i = 1; i < count; i++) startsGroup[i] |= differ(texts[order[i]], texts[order[i - 1]]);
  const startsRecord = new Uint8Array(count);
  for (let i = 1; i < count; i++)
    startsRecord[i] =
      differ(blobs[order[i]], blobs[order[i - 1]]) |
      differ(recordOffsets[i], recordOffsets[i - 1]) |
      differ(recordMicros[i], recordMicros[i - 1]);
  let group = { id: 0, isKept: false };
  let record = 0;
  let isGroup = false;
  let isRecord = false;
  let n = 0;
  for (let i = 0; i < count; i++) {
    const row = order[i];
    if (startsGroup[i] === 1) isGroup = false;
    if (startsRecord[i] === 1) isRecord = false;
    if (chosen?.[row] === 0) continue;
    if (!isGroup) {
      isGroup = true;
      const key = columns.map((texts) => texts[row]).join();
      const known = groups.get(key);
      if (known === undefined) {
        const texts = columns.map((its) => kernel.text(its[row]) ?? '');
        group = { id: tables.groupId(texts), isKept: keeps(texts[groupTexts.indexOf('blob')]) };
        groups.set(key, group);
      } else group = known;
    }
    if (!group.isKept) continue;
    if (!isRecord) {
      isRecord = true;
      const millis = recordMicros[i] / 1000;
      if (!Number.isNaN(millis) && !Number.isInteger(millis)) return undefined;
      record = tables.recordId(millis, recordOffsets[i]);
    }
    rows.addRun(1, group.id, record);
    kept[n++] = row;
  }
  return kept.subarray(0, n);
}

/** 1 where values are not the same; NaN, which stands for none, is the same as NaN. */
function differ(a: number, b: number): 0 | 1 {
  return a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : 1;
}
