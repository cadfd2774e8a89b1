import { limits } from '../base/limits.ts';
import { AddressTable } from './address-table.ts';

/** Texts that the rows of a group share, in this order. */
export const groupTexts = ['rule', 'nsg', 'mac', 'format', 'resource_id', 'target_id', 'acl_id', 'blob'] as const;

export type GroupText = (typeof groupTexts)[number];

/**
 * What staged rows name by number: addresses, groups of texts, records. Texts are kept once. All are shared by the rows of one
 * append, whatever their date.
 */
export class StageTables {
  readonly addresses = new AddressTable();
  /** Texts by number; 0 is ''. */
  readonly texts: string[] = [''];
  /** Numbers of texts by group, for each of `groupTexts`. */
  readonly groups: readonly number[][] = groupTexts.map(() => []);
  /** By record. */
  readonly recordTimeMillis: number[] = [];
  readonly recordOffset: number[] = [];
  #textIds = new Map<string, number>([['', 0]]);
  #groupIds = new Map<string, number>();

  /** The number of a group with these texts, in the order of `groupTexts`. */
  groupId(texts: readonly string[]): number {
    const ids = texts.map((text) => this.#textId(text));
    const key = ids.join();
    let id = this.#groupIds.get(key);
    if (id === undefined) {
      id = this.#groupIds.size;
      this.#groupIds.set(key, id);
      ids.forEach((textId, i) => this.groups[i].push(textId));
    }
    return id;
  }

  recordId(timeMillis: number, offset: number): number {
    this.recordOffset.push(offset);
    return this.recordTimeMillis.push(timeMillis) - 1;
  }

  /** Entries of the largest table: what memory grows with. */
  get entries(): number {
    return Math.max(this.addresses.count, this.#groupIds.size, this.recordOffset.length);
  }

  /** Forgets everything; no staged row may be left. */
  clear(): void {
    this.addresses.clear();
    this.texts.length = 1;
    for (const ids of this.groups) ids.length = 0;
    this.recordTimeMillis.length = 0;
    this.recordOffset.length = 0;
    this.#textIds = new Map([['', 0]]);
    this.#groupIds = new Map();
  }

  #textId(text: string): number {
    let id = this.#textIds.get(text);
    if (id === undefined) {
      id = this.texts.push(text) - 1;
      this.#textIds.set(text, id);
    }
    return id;
  }
}

/** Rows of one UTC date that become a row group together, as columns; addresses, groups and records are numbers of `tables`. */
export class StagedRows {
  count = 0;
  readonly tables: StageTables;
  timeMillis = new Float64Array(64);
  source = new Uint32Array(64);
  destination = new Uint32Array(64);
  sourcePort = new Uint16Array(64);
  destinationPort = new Uint16Array(64);
  protocol = new Uint8Array(64);
  direction = new Uint8Array(64);
  access = new Uint8Array(64);
  state = new Uint8Array(64);
  encryption = new Uint8Array(64);
  /** NaN: not counted. */
  packetsForward = new Float64Array(64);
  bytesForward = new Float64Array(64);
  packetsReverse = new Float64Array(64);
  bytesReverse = new Float64Array(64);
  group = new Uint32Array(64);
  record = new Uint32Array(64);
  /** Which tuple of its record it is. */
  tupleIndex = new Float64Array(64);

  constructor(tables: StageTables) {
    this.tables = tables;
  }

  /** Makes room for so many rows more. */
  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.timeMillis.length) return;
    const length = Math.min(Math.max(needed, 2 * this.timeMillis.length), Math.max(needed, limits.rowGroupRows));
    for (const [name, column] of Object.entries(this)) {
      if (!ArrayBuffer.isView(column)) continue;
      const from = column as Float64Array;
      const grown = new (from.constructor as Float64ArrayConstructor)(length);
      grown.set(from.subarray(0, this.count));
      Object.assign(this, { [name]: grown });
    }
  }

  /** Of each row, the number of one of its group's texts. */
  textIds(which: GroupText): Uint32Array {
    return lookUp(this.group, this.tables.groups[groupTexts.indexOf(which)], new Uint32Array(this.count));
  }

  /** Texts of the distinct addresses. */
  *addressTexts(): Generator<string> {
    const { addresses } = this.tables;
    const seen = new Uint8Array(addresses.count);
    for (const ids of [this.source, this.destination])
      for (let row = 0; row < this.count; row++) {
        const id = ids[row];
        if (seen[id] === 1) continue;
        seen[id] = 1;
        yield addresses.text(id);
      }
  }

  recordTimes(): Float64Array {
    return lookUp(this.record, this.tables.recordTimeMillis, new Float64Array(this.count));
  }

  recordOffsets(): Float64Array {
    return lookUp(this.record, this.tables.recordOffset, new Float64Array(this.count));
  }
}

function lookUp<T extends Uint32Array | Float64Array>(ids: Uint32Array, values: readonly number[], out: T): T {
  for (let row = 0; row < out.length; row++) out[row] = values[ids[row]];
  return out;
}
