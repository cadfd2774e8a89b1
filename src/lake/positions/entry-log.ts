/**
 * Positions of blobs as bytes, one entry behind the other: about 140 bytes in place of 600.
 *
 *     length of the key (1), of the value (4)
 *     key     …/NSG-WEB | y=2026 | m=03 | d=01 | h=10 | m=00 | macAddress=000D3A000001 | PT1H.json      numbers of words, each kept once
 *     value   ["0x8DC…",5420,5418,3,"fingerprint","content",1772366460000,1772362800000]               nothing: the blob is forgotten
 */
import type { BlobPosition } from './position.ts';

/** Fields in the order of a value; an object with all others follows. */
const fields = [
  'etag',
  'lengthBytes',
  'readBytes',
  'blocks',
  'fingerprint',
  'content',
  'modifiedMillis',
  'createdMillis',
] as const satisfies readonly (keyof BlobPosition)[];
const fieldNames: ReadonlySet<string> = new Set(fields);

/** The last parts of a key are words by themselves, all before them is one. */
const lastParts = 7;
const headBytes = 5;
const chunkBytesMin = 4096;
const chunkBytesMax = 1 << 20;
/** A place is a chunk's number times this, and the byte in it. */
const placeUnit = 2 ** 32;

/** Only grows: versions of a map share it. */
export class EntryLog {
  /** Entries that were added. */
  count = 0;
  readonly #words: Map<string, number>;
  readonly #texts: string[];
  readonly #chunks: { readonly bytes: Buffer; end: number }[] = [];

  /** With the words of another, whose keys are the same in both then. */
  constructor(other?: EntryLog) {
    this.#words = other === undefined ? new Map<string, number>() : other.#words;
    this.#texts = other === undefined ? [] : other.#texts;
  }

  /** Room that was taken for entries. */
  get bytes(): number {
    return this.#chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** The bytes of a key; where `adds` is not set, `undefined` for one that no entry has. */
  keyOf(key: string, adds: boolean): Uint8Array | undefined {
    const parts = key.split('/');
    const words = [parts.splice(0, Math.max(1, parts.length - lastParts)).join('/'), ...parts];
    const bytes: number[] = [];
    for (const word of words) {
      let number = this.#words.get(word);
      if (number === undefined) {
        if (!adds) return undefined;
        number = this.#texts.push(word) - 1;
        this.#words.set(word, number);
      }
      for (; number > 127; number >>>= 7) bytes.push((number & 127) | 128);
      bytes.push(number);
    }
    return Uint8Array.from(bytes);
  }

  textOfKey(key: Uint8Array): string {
    const words: string[] = [];
    for (let i = 0, number = 0, shift = 0; i < key.length; i++) {
      number |= (key[i] & 127) << shift;
      shift += 7;
      if (key[i] > 127) continue;
      words.push(this.#texts[number]);
      number = shift = 0;
    }
    return words.join('/');
  }

  /** Adds an entry; `undefined` forgets a blob. @returns its place */
  add(key: Uint8Array, position: BlobPosition | undefined): number {
    return this.#add(key, position === undefined ? noBytes : Buffer.from(formatPosition(position)));
  }

  /** Adds an entry of another log with the same words. */
  copy(other: EntryLog, place: number): number {
    return this.#add(other.key(place), other.#value(place));
  }

  /** The places of all entries, in the order in which they were added. */
  *places(): Generator<number> {
    for (const [i, { bytes, end }] of this.#chunks.entries())
      for (let at = 0; at < end; at += headBytes + bytes[at] + bytes.readUInt32LE(at + 1)) yield i * placeUnit + at;
  }

  key(place: number): Uint8Array {
    const { bytes, at } = this.#entry(place);
    return bytes.subarray(at + headBytes, at + headBytes + bytes[at]);
  }

  hasKey(place: number, key: Uint8Array): boolean {
    const { bytes, at } = this.#entry(place);
    if (bytes[at] !== key.length) return false;
    let i = 0;
    while (i < key.length && bytes[at + headBytes + i] === key[i]) i++;
    return i === key.length;
  }

  /** `undefined` of an entry that forgets a blob. */
  position(place: number): BlobPosition | undefined {
    const value = this.#value(place);
    return value.length === 0 ? undefined : parsePosition(value.toString());
  }

  isForgotten(place: number): boolean {
    return this.#value(place).length === 0;
  }

  #value(place: number): Buffer {
    const { bytes, at } = this.#entry(place);
    const start = at + headBytes + bytes[at];
    return bytes.subarray(start, start + bytes.readUInt32LE(at + 1));
  }

  #entry(place: number): { readonly bytes: Buffer; readonly at: number } {
    return { bytes: this.#chunks[Math.floor(place / placeUnit)].bytes, at: place % placeUnit };
  }

  #add(key: Uint8Array, value: Uint8Array): number {
    const length = headBytes + key.length + value.length;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.end + length > chunk.bytes.length) {
      const room = Math.min(chunkBytesMax, Math.max(chunkBytesMin, 2 * (chunk?.bytes.length ?? 0)));
      chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(length, room)), end: 0 };
      this.#chunks.push(chunk);
    }
    const { bytes, end: at } = chunk;
    bytes[at] = key.length;
    bytes.writeUInt32LE(value.length, at + 1);
    bytes.set(key, at + headBytes);
    bytes.set(value, at + headBytes + key.length);
    chunk.end += length;
    this.count++;
    return (this.#chunks.length - 1) * placeUnit + at;
  }
}

const noBytes = new Uint8Array();

function formatPosition(position: BlobPosition): string {
  const others = Object.entries(position).filter(([name]) => !fieldNames.has(name));
  const values = fields.map((name) => position[name]);
  return JSON.stringify(others.length === 0 ? values : [...values, Object.fromEntries(others)]);
}

function parsePosition(text: string): BlobPosition {
  const values = JSON.parse(text) as unknown[];
  const known = fields.flatMap((name, i) => (values[i] === null ? [] : [[name, values[i]]]));
  // As formatPosition had it.
  return { ...Object.fromEntries(known), ...(values[fields.length] as object | undefined) } as BlobPosition;
}
