/**
 * Positions in columns: about 120 bytes a blob in place of 600, since a lake may have read millions.
 *
 *     key     …/NSG-WEB/            y=2026/m=03/d=01/h=10   macAddress=000D3A000001   /PT1H.json
 *             folder, kept once     hour                    two numbers
 *     value   etag as bytes, numbers as doubles, the two digests as 16 bytes each
 *
 * What does not fit that form (another path, rejections, a digest of another form) is kept as it is: a key as a folder of its own, a value as an object.
 * Once asked it is not changed any more; `PositionMap` lays changes over it.
 */
import { assert } from '../../base/assert.ts';
import { hourMillis } from '../../base/time.ts';
import type { BlobPosition } from './position.ts';

/** A key taken apart. */
interface PackedKey {
  readonly folder: string;
  /** Hours since 1970; `noHour` where the folder is the whole key. */
  readonly hour: number;
  readonly macHigh: number;
  readonly macLow: number;
}

const noHour = 0xffffffff;
const hourOfKey = /^(.*\/)y=(\d{4})\/m=(\d\d)\/d=(\d\d)\/h=(\d\d)\/m=00\/macAddress=([0-9A-F]{12})\/PT1H\.json$/s;
const macHalf = 0x1000000;

function packKey(key: string): PackedKey {
  const match = hourOfKey.exec(key);
  if (match !== null) {
    const [year, month, day, hour] = [match[2], match[3], match[4], match[5]].map(Number);
    const date = new Date(Date.UTC(year, month - 1, day, hour));
    // A date that there is not would be another one on its way back.
    if (year >= 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24) {
      const mac = Number.parseInt(match[6], 16);
      return {
        folder: match[1],
        hour: date.getTime() / hourMillis,
        macHigh: Math.floor(mac / macHalf),
        macLow: mac % macHalf,
      };
    }
  }
  return { folder: key, hour: noHour, macHigh: 0, macLow: 0 };
}

function unpackKey({ folder, hour, macHigh, macLow }: PackedKey): string {
  if (hour === noHour) return folder;
  const [year, month, day, hourText] = new Date(hour * hourMillis).toISOString().split(/[-T:]/);
  const mac = (macHigh * macHalf + macLow).toString(16).toUpperCase().padStart(12, '0');
  return `${folder}y=${year}/m=${month}/d=${day}/h=${hourText}/m=00/macAddress=${mac}/PT1H.json`;
}

const digestBytes = 16;
const noBlocks = 0xffffffff;
const hasFingerprint = 1;
const hasContent = 2;
/** The value is an object beside the columns. */
const isOdd = 4;
/** Forgotten: the row means nothing more. */
const isGone = 8;

/** Fields that columns have. */
const columnFields: ReadonlySet<string> = new Set(
  'etag lengthBytes readBytes blocks fingerprint content modifiedMillis createdMillis'.split(' '),
);

function isDigest(text: string | undefined): boolean {
  return text === undefined || (text.length === 22 && Buffer.from(text, 'base64url').toString('base64url') === text);
}

function fitsColumns(position: BlobPosition): boolean {
  const {
    etag,
    lengthBytes,
    readBytes,
    blocks = 0,
    fingerprint,
    content,
    modifiedMillis = 0,
    createdMillis = 0,
  } = position;
  return (
    Object.entries(position).every(([field, value]) => columnFields.has(field) && value !== undefined) &&
    /^[\x20-\x7e]{0,255}$/.test(etag) &&
    [lengthBytes, readBytes, modifiedMillis, createdMillis].every(
      (value) => Number.isFinite(value) && !Object.is(value, -0),
    ) &&
    Number.isInteger(blocks) &&
    blocks >= 0 &&
    blocks < noBlocks &&
    isDigest(fingerprint) &&
    isDigest(content)
  );
}

/** Rows that there is room for at first. */
const rowsInitial = 64;

/** Positions by key, packed, in the order in which they were added: each key once, all before the first is asked for. */
export class PackedPositions {
  /** Rows, those that are gone among them. */
  #rows = 0;
  #gone = 0;
  #etagBytes = 0;
  #folders: string[] = [];
  #folderNumbers = new Map<string, number>();
  #odd = new Map<number, BlobPosition>();
  #columns = createColumns(rowsInitial);
  #etags = Buffer.alloc(1024);
  /** Row + 1 by key, open addressed; none until something is asked for. */
  #buckets: Uint32Array | undefined;

  get size(): number {
    return this.#rows - this.#gone;
  }

  add(key: string, position: BlobPosition): void {
    assert(this.#buckets === undefined, 'positions are packed before they are asked for');
    const row = this.#rows++;
    if (row === this.#columns.flags.length) this.#columns = resize(this.#columns, Math.ceil(row * 1.5));
    const { folder, hour, macHigh, macLow } = packKey(key);
    let number = this.#folderNumbers.get(folder);
    if (number === undefined) this.#folderNumbers.set(folder, (number = this.#folders.push(folder) - 1));
    const columns = this.#columns;
    columns.folder[row] = number;
    columns.hour[row] = hour;
    columns.macHigh[row] = macHigh;
    columns.macLow[row] = macLow;
    this.#put(row, position);
  }

  /** These with some changed, each key once; one that is `undefined` is forgotten. Costs a copy of the columns, and no more for what did not change. */
  with(changes: Iterable<readonly [string, BlobPosition | undefined]>): PackedPositions {
    this.#buckets ??= this.#seal();
    const next = new PackedPositions();
    next.#rows = this.#rows;
    next.#gone = this.#gone;
    next.#etagBytes = this.#etagBytes;
    next.#folders = [...this.#folders];
    next.#folderNumbers = new Map(this.#folderNumbers);
    next.#odd = new Map(this.#odd);
    next.#columns = resize(this.#columns, Math.max(rowsInitial, Math.ceil(this.#rows * 1.25)));
    next.#etags = Buffer.alloc(Math.ceil(this.#etagBytes * 1.25) + 1024);
    this.#etags.copy(next.#etags);
    for (const [key, position] of changes) {
      const row = this.#find(key);
      if (row >= 0) next.#put(row, position);
      else if (position !== undefined) next.add(key, position);
    }
    return next;
  }

  #put(row: number, position: BlobPosition | undefined): void {
    const { flags } = this.#columns;
    this.#gone += Number(position === undefined) - Number((flags[row] & isGone) !== 0);
    this.#odd.delete(row);
    if (position === undefined) flags[row] = isGone;
    else if (fitsColumns(position)) this.#putValue(row, position);
    else {
      flags[row] = isOdd;
      this.#odd.set(row, position);
    }
  }

  has(key: string): boolean {
    const row = this.#find(key);
    return row >= 0 && (this.#columns.flags[row] & isGone) === 0;
  }

  get(key: string): BlobPosition | undefined {
    const row = this.#find(key);
    return row < 0 ? undefined : this.#value(row);
  }

  *entries(): Generator<[string, BlobPosition]> {
    this.#buckets ??= this.#seal();
    for (let row = 0; row < this.#rows; row++) {
      const position = this.#value(row);
      if (position !== undefined) yield [this.#key(row), position];
    }
  }

  #putValue(row: number, position: BlobPosition): void {
    const columns = this.#columns;
    const { etag, fingerprint, content } = position;
    if (etag.length > columns.etagLength[row]) {
      columns.etagStart[row] = this.#etagBytes;
      this.#etagBytes += etag.length;
      if (this.#etagBytes > this.#etags.length) {
        const larger = Buffer.alloc(Math.ceil(this.#etagBytes * 1.5));
        this.#etags.copy(larger);
        this.#etags = larger;
      }
    }
    this.#etags.write(etag, columns.etagStart[row], 'latin1');
    columns.etagLength[row] = etag.length;
    columns.flags[row] = (fingerprint === undefined ? 0 : hasFingerprint) | (content === undefined ? 0 : hasContent);
    if (fingerprint !== undefined) columns.fingerprint.set(Buffer.from(fingerprint, 'base64url'), digestBytes * row);
    if (content !== undefined) columns.content.set(Buffer.from(content, 'base64url'), digestBytes * row);
    columns.lengthBytes[row] = position.lengthBytes;
    columns.readBytes[row] = position.readBytes;
    columns.blocks[row] = position.blocks ?? noBlocks;
    columns.modifiedMillis[row] = position.modifiedMillis ?? Number.NaN;
    columns.createdMillis[row] = position.createdMillis ?? Number.NaN;
  }

  /** Makes what is no longer needed for adding smaller, and the buckets. */
  #seal(): Uint32Array {
    this.#columns = resize(this.#columns, this.#rows);
    this.#etags = Buffer.from(this.#etags.subarray(0, this.#etagBytes));
    const buckets = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(2, 1.5 * this.#rows))));
    const { folder, hour, macHigh, macLow } = this.#columns;
    for (let row = 0; row < this.#rows; row++) {
      let bucket = hashOf(folder[row], hour[row], macHigh[row], macLow[row]) & (buckets.length - 1);
      while (buckets[bucket] !== 0) bucket = (bucket + 1) & (buckets.length - 1);
      buckets[bucket] = row + 1;
    }
    return buckets;
  }

  #find(key: string): number {
    const buckets = (this.#buckets ??= this.#seal());
    const { folder, hour, macHigh, macLow } = packKey(key);
    const number = this.#folderNumbers.get(folder);
    if (number === undefined) return -1;
    const columns = this.#columns;
    for (let bucket = hashOf(number, hour, macHigh, macLow); ; bucket++) {
      const row = buckets[bucket & (buckets.length - 1)] - 1;
      if (row < 0) return row;
      if (
        columns.folder[row] === number &&
        columns.hour[row] === hour &&
        columns.macHigh[row] === macHigh &&
        columns.macLow[row] === macLow
      )
        return row;
    }
  }

  #key(row: number): string {
    const { folder, hour, macHigh, macLow } = this.#columns;
    return unpackKey({
      folder: this.#folders[folder[row]],
      hour: hour[row],
      macHigh: macHigh[row],
      macLow: macLow[row],
    });
  }

  #value(row: number): BlobPosition | undefined {
    const columns = this.#columns;
    const flags = columns.flags[row];
    if ((flags & isGone) !== 0) return undefined;
    if ((flags & isOdd) !== 0) return this.#odd.get(row);
    const digest = (of: Uint8Array): string =>
      Buffer.from(of.buffer, of.byteOffset + digestBytes * row, digestBytes).toString('base64url');
    const start = columns.etagStart[row];
    const blocks = columns.blocks[row];
    const modifiedMillis = columns.modifiedMillis[row];
    const createdMillis = columns.createdMillis[row];
    return {
      etag: this.#etags.toString('latin1', start, start + columns.etagLength[row]),
      lengthBytes: columns.lengthBytes[row],
      readBytes: columns.readBytes[row],
      ...(blocks === noBlocks ? {} : { blocks }),
      ...((flags & hasFingerprint) === 0 ? {} : { fingerprint: digest(columns.fingerprint) }),
      ...((flags & hasContent) === 0 ? {} : { content: digest(columns.content) }),
      ...(Number.isNaN(modifiedMillis) ? {} : { modifiedMillis }),
      ...(Number.isNaN(createdMillis) ? {} : { createdMillis }),
    };
  }
}

function createColumns(rows: number) {
  return {
    folder: new Uint32Array(rows),
    hour: new Uint32Array(rows),
    macHigh: new Uint32Array(rows),
    macLow: new Uint32Array(rows),
    flags: new Uint8Array(rows),
    blocks: new Uint32Array(rows),
    lengthBytes: new Float64Array(rows),
    readBytes: new Float64Array(rows),
    modifiedMillis: new Float64Array(rows),
    createdMillis: new Float64Array(rows),
    fingerprint: new Uint8Array(rows * digestBytes),
    content: new Uint8Array(rows * digestBytes),
    /** A double, since all ETags together may be longer than 4 GiB. */
    etagStart: new Float64Array(rows),
    etagLength: new Uint8Array(rows),
  };
}

type Columns = ReturnType<typeof createColumns>;

/** The columns with room for so many rows, and what of the old ones fits. */
function resize(columns: Columns, rows: number): Columns {
  const resized = createColumns(rows);
  for (const name of Object.keys(resized) as (keyof Columns)[]) {
    const column = resized[name];
    column.set(columns[name].subarray(0, column.length));
  }
  return resized;
}

function hashOf(folder: number, hour: number, macHigh: number, macLow: number): number {
  let hash = Math.imul(folder ^ Math.imul(hour, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ Math.imul(macLow, 0x27d4eb2f), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13) ^ Math.imul(macHigh, 0x165667b1), 0x9e3779b1);
  return hash ^ (hash >>> 16);
}
