/**
 * Rows of data files that we wrote, as they were staged when they were read: for compaction, and for files of which some rows go. The kernel
 * that stitches reads the pages (stitch-kernel.ts); a row group at a time, so that questions have their turn.
 */
import { open } from 'node:fs/promises';
import {
  accessAllow,
  accessDeny,
  directionInbound,
  directionOutbound,
  encryptionNames,
  familyOf,
  stateNames,
} from '../flowlog/tuple.ts';
import type { Address } from '../net/address.ts';
import { parseAddress } from '../net/address.ts';
import { formatProtocol } from '../net/protocol.ts';
import type { AddAction } from './delta-log.ts';
import { hasSize } from './file-sizes.ts';
import { readInto, readRowGroups } from './parquet/footer.ts';
import type { RowGroupPlace } from './parquet/footer.ts';
import { RowStage } from './row-stage.ts';
import { storedColumns } from './schema.ts';
import type { DataFile } from './snapshot.ts';
import type { StagedRows, StageTables } from './staged-rows.ts';
import { giveBackRows, groupTexts, takeRows } from './staged-rows.ts';
import type { SlotColumn, StitchKernel } from './stitch-kernel.ts';
import { isUnreadable, slotColumns, withStitchKernel } from './stitch-kernel.ts';
import * as layout from './stitch-kernel-layout.ts';
import type { TablePlace } from './table-place.ts';

/** Which rows of a row group are wanted, by what a look at their addresses tells. Others may come, too. */
export interface AddressChoice {
  isSource(address: Address): boolean;
  isDestination(address: Address): boolean;
}

/** The row groups of a file that we wrote; `undefined` where it is none. */
export async function ownRowGroups(file: DataFile): Promise<readonly RowGroupPlace[] | undefined> {
  if (!file.hasAllColumns || !(await hasSize(file))) return undefined;
  const groups = await readRowGroups(file.path);
  return groups?.every(isReadable) === true ? groups : undefined;
}

/**
 * The rows of a row group of a file that we wrote, as they were staged when they were read, which the caller gives back; with `choice`, those that it may want.
 * @returns `undefined` where a value is none that we write, or there is no WebAssembly @throws errors of the file system; RangeError where bytes are torn
 */
export async function readOwnGroup(
  path: string,
  group: RowGroupPlace,
  tables: StageTables,
  choice?: AddressChoice,
): Promise<StagedRows | undefined> {
  const handle = await open(path, 'r');
  try {
    return await withStitchKernel(async (kernel) => ({
      value: await readGroup(
        kernel,
        group,
        tables,
        () => true,
        (buffer) => readInto(handle, group.startByte, buffer),
        choice,
      ),
      keep: true,
    }));
  } finally {
    await handle.close();
  }
}

/**
 * Writes the rows of files, taken in their order, to new ones by hour and access: those of the blobs that `keeps` holds of, or all.
 * @returns the actions that add them, none where no row is left; `undefined` where a file is none that we wrote, and nothing was written
 * @throws disk-full, permission, io
 */
export async function rewriteOwnRows(
  table: TablePlace,
  files: readonly DataFile[],
  keeps: (blob: string) => boolean = () => true,
): Promise<AddAction[] | undefined> {
  const stage = new RowStage(table);
  let isWhole = false;
  try {
    for (const file of files) {
      const groups = await ownRowGroups(file);
      if (groups === undefined) return undefined;
      const handle = await open(file.path, 'r');
      try {
        for (const group of groups) {
          const rows = await withStitchKernel(async (kernel) => ({
            value: await readGroup(kernel, group, stage.tables, keeps, (buffer) =>
              readInto(handle, group.startByte, buffer),
            ),
            keep: true,
          }));
          if (rows === undefined) return undefined;
          await stage.addRows(rows);
          giveBackRows(rows);
        }
      } finally {
        await handle.close();
      }
    }
    const added = await stage.finish();
    isWhole = true;
    return added;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  } finally {
    if (!isWhole) await stage.abandon();
  }
}

function isReadable({ rows, columns }: RowGroupPlace): boolean {
  return (
    rows <= layout.rowsMax &&
    columns.size === storedColumns.length &&
    storedColumns.every(({ name }) => columns.has(name))
  );
}

async function readGroup(
  kernel: StitchKernel,
  { rows: count, startByte, endByte, columns }: RowGroupPlace,
  tables: StageTables,
  keeps: (blob: string) => boolean,
  read: (buffer: Buffer) => Promise<Buffer>,
  choice?: AddressChoice,
): Promise<StagedRows | undefined> {
  const buffer = kernel.packed(0, endByte - startByte);
  if (buffer === undefined) return undefined;
  const bytes = await read(buffer);
  kernel.run.selectAll();
  const load = (name: SlotColumn): boolean => {
    const place = columns.get(name);
    return (
      place !== undefined &&
      kernel.load(name, bytes.subarray(place.startByte - startByte, place.endByte - startByte), count)
    );
  };
  const reader = new GroupReader(kernel, tables);
  let chosen: Uint8Array | undefined;
  if (choice !== undefined) {
    if (!addressColumns.every(load)) return undefined;
    chosen = reader.choose(choice, count);
    if (chosen === undefined) return takeRows(tables);
  }
  if (!slotColumns.every(load)) return undefined;
  kernel.order(count, 'as read');
  return reader.read(count, keeps, chosen);
}

const addressColumns = ['src_ip', 'dst_ip'] as const;

/** Turns the columns of a row group, which the kernel has, to staged rows. */
class GroupReader {
  readonly #kernel: StitchKernel;
  readonly #tables: StageTables;
  /** By number of a text. */
  readonly #known: (Address | undefined)[] = [];

  constructor(kernel: StitchKernel, tables: StageTables) {
    this.#kernel = kernel;
    this.#tables = tables;
  }

  /** 1 for rows that a choice may want, of which the addresses are loaded; `undefined` where there is none. */
  choose(choice: AddressChoice, count: number): Uint8Array | undefined {
    const sources = this.#wanted('src_ip', count, (address) => choice.isSource(address));
    const destinations = this.#wanted('dst_ip', count, (address) => choice.isDestination(address));
    let any = 0;
    for (let row = 0; row < count; row++) any |= sources[row] &= destinations[row];
    return any === 0 ? undefined : sources;
  }

  #wanted(name: 'src_ip' | 'dst_ip', count: number, isWanted: (address: Address) => boolean): Uint8Array {
    const texts = this.#kernel.words(name, count);
    const known = new Map<number, number>();
    const wanted = new Uint8Array(count);
    let last = -1;
    let is = 0;
    for (let row = 0; row < count; row++) {
      const text = texts[row];
      if (text !== last) {
        last = text;
        const before = known.get(text);
        if (before === undefined) {
          const address = (this.#known[text] ??= parseAddress(this.#kernel.text(text) ?? ''));
          // One that cannot be read is looked at by whoever reads the rest.
          is = address === undefined || isWanted(address) ? 1 : 0;
          known.set(text, is);
        } else is = before;
      }
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
      this.#addresses('src_ip', rows.source, rows.family, kept, count) &&
      this.#addresses('dst_ip', rows.destination, rows.family, kept, count) &&
      takeTimes(kernel.longs('time', count), rows.timeMillis, kept) &&
      this.#counters('packets_forward', rows.packetsForward, kept, count) &&
      this.#counters('bytes_forward', rows.bytesForward, kept, count) &&
      this.#counters('packets_reverse', rows.packetsReverse, kept, count) &&
      this.#counters('bytes_reverse', rows.bytesReverse, kept, count) &&
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
  #addresses(
    name: 'src_ip' | 'dst_ip',
    words: Uint32Array,
    families: Uint8Array,
    kept: Uint32Array,
    count: number,
  ): boolean {
    const texts = this.#kernel.words(name, count);
    for (let i = 0; i < kept.length; i++) {
      const text = texts[kept[i]];
      const address = (this.#known[text] ??= parseAddress(this.#kernel.text(text) ?? ''));
      if (address === undefined) return false;
      const { family, words: its } = address;
      for (let k = 0; k < 4; k++) words[4 * i + k] = its[k];
      // The source's family stands there already.
      families[i] = name === 'src_ip' ? family : familyOf(families[i] === 4 ? 4 : 6, family);
    }
    return true;
  }

  /** @returns whether all are counters */
  #counters(name: SlotColumn, to: Float64Array, kept: Uint32Array, count: number): boolean {
    const counters = this.#kernel.counters(name, count);
    if (counters !== undefined) take(counters, to, kept);
    return counters !== undefined;
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

function take(from: ArrayLike<number>, to: Uint16Array | Int32Array | Float64Array, kept: Uint32Array): void {
  for (let i = 0; i < kept.length; i++) to[i] = from[kept[i]];
}

/** @returns whether all are whole milliseconds */
function takeTimes(micros: Float64Array, to: Float64Array, kept: Uint32Array): boolean {
  let isWhole = true;
  for (let i = 0; i < kept.length; i++) {
    to[i] = micros[kept[i]] / 1000;
    isWhole &&= Number.isInteger(to[i]);
  }
  return isWhole;
}

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
  kernel: StitchKernel,
  tables: StageTables,
  rows: StagedRows,
  count: number,
  keeps: (blob: string) => boolean,
  chosen: Uint8Array | undefined,
): Uint32Array | undefined {
  const columns = groupTexts.map((name) => kernel.words(name, count));
  const micros = kernel.longs('record_time', count);
  const offsets = kernel.longs('record_offset', count);
  const order = kernel.rowOrder(count);
  const kept = new Uint32Array(count);
  const groups = new Map<string, { readonly id: number; readonly isKept: boolean }>();
  let group = { id: 0, isKept: false };
  const blobs = kernel.words('blob', count);
  let record = 0;
  /** The row whose group stands, and the one whose record does. */
  let last = -1;
  let before = -1;
  let n = 0;
  for (let i = 0; i < count; i++) {
    const row = order[i];
    if (chosen?.[row] === 0) continue;
    let isSame = last >= 0;
    for (let k = 0; isSame && k < columns.length; k++) isSame = columns[k][row] === columns[k][last];
    if (!isSame) {
      const key = columns.map((texts) => texts[row]).join();
      const known = groups.get(key);
      if (known === undefined) {
        const texts = columns.map((its) => kernel.text(its[row]) ?? '');
        group = { id: tables.groupId(texts), isKept: keeps(texts[groupTexts.indexOf('blob')]) };
        groups.set(key, group);
      } else group = known;
    }
    last = row;
    if (!group.isKept) continue;
    const isRecord =
      before >= 0 &&
      Object.is(micros[row], micros[before]) &&
      offsets[row] === offsets[before] &&
      blobs[row] === blobs[before];
    if (!isRecord) {
      const millis = micros[row] / 1000;
      if (!Number.isNaN(millis) && !Number.isInteger(millis)) return undefined;
      record = tables.recordId(millis, offsets[row]);
      before = row;
    }
    rows.addRun(1, group.id, record);
    kept[n++] = row;
  }
  return kept.subarray(0, n);
}
