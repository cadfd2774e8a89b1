/** JSON of dynamic values: whole numbers are exact, reals stay reals, and members keep their order. */
import { limits } from '../../../base/limits.ts';

export type Json = null | boolean | bigint | number | string | readonly Json[] | JsonBag;
export type JsonBag = ReadonlyMap<string, Json>;

/** The value of a JSON text; `undefined` if it is none, or nested too deep. */
export function parseJson(text: string): Json | undefined {
  const reader = new Reader(text);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof NoJson) return undefined;
    throw error;
  }
}

/** The compact text of a value. */
export function jsonText(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return realJson(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (isBag(value)) return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${jsonText(one)}`).join(',')}}`;
  return `[${value.map(jsonText).join(',')}]`;
}

export function isBag(value: Json | undefined): value is JsonBag {
  return value instanceof Map;
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isNumeric(value: Json | undefined): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

/** Numbers that are none in JSON are texts. */
function realJson(value: number): string {
  return Number.isFinite(value) ? realText(value) : `"${realText(value)}"`;
}

/** A real's text: `1.5`, `42.0`, `1e+21`, `NaN`. */
export function realText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Each member of the bags of an array: its name, and the compact text of its value. What is no bag is passed over. */
export function visitMembers(array: string, visit: (name: string, value: string) => void): void {
  try {
    new Reader(array).members(visit);
  } catch (error) {
    if (!(error instanceof NoJson)) throw error;
  }
}

class NoJson extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw new NoJson();
    return value;
  }

  members(visit: (name: string, value: string) => void): void {
    this.#expect('[');
    if (this.#skips(']')) return;
    do {
      if (!this.#skips('{')) this.#value();
      else if (!this.#skips('}')) this.#eachMember(visit);
    } while (this.#skips(','));
  }

  #eachMember(visit: (name: string, value: string) => void): void {
    do {
      this.#space();
      const name = this.#string();
      this.#expect(':');
      this.#space();
      visit(name, this.#compactText());
    } while (this.#skips(','));
    this.#expect('}');
  }

  /** The compact text of a value: that of a short whole number or a plain string is what stands there. */
  #compactText(): string {
    plain.lastIndex = this.#at;
    const [found] = plain.exec(this.#text) ?? [];
    if (found === undefined) return jsonText(this.#value());
    this.#at += found.length;
    return found;
  }

  #value(): Json {
    this.#space();
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === '[' || first === '{') {
      this.#depth += 1;
      if (this.#depth > limits.kqlDynamicDepthMax) throw new NoJson();
      const value = first === '[' ? this.#array() : this.#bag();
      this.#depth -= 1;
      return value;
    }
    for (const [word, value] of words)
      if (this.#text.startsWith(word, this.#at)) return this.#after(word.length, value);
    return this.#number();
  }

  #number(): Json {
    number.lastIndex = this.#at;
    const [found] = number.exec(this.#text) ?? [];
    if (found === undefined) throw new NoJson();
    this.#at += found.length;
    if (/^-?\d+$/.test(found) && BigInt.asIntN(64, BigInt(found)) === BigInt(found)) return BigInt(found);
    return Number(found);
  }

  #string(): string {
    string.lastIndex = this.#at;
    const [found] = string.exec(this.#text) ?? [];
    if (found === undefined) throw new NoJson();
    this.#at += found.length;
    try {
      return JSON.parse(found) as string; // a quoted text is one
    } catch {
      throw new NoJson();
    }
  }

  #array(): Json {
    const items: Json[] = [];
    this.#at += 1;
    if (this.#skips(']')) return items;
    do items.push(this.#value());
    while (this.#skips(','));
    this.#expect(']');
    return items;
  }

  #bag(): Json {
    const members = new Map<string, Json>();
    this.#at += 1;
    if (this.#skips('}')) return members;
    do {
      this.#space();
      const key = this.#string();
      this.#expect(':');
      members.set(key, this.#value());
    } while (this.#skips(','));
    this.#expect('}');
    return members;
  }

  #expect(sign: string): void {
    if (!this.#skips(sign)) throw new NoJson();
  }

  #skips(sign: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #after(length: number, value: Json): Json {
    this.#at += length;
    return value;
  }
}

const words: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const plain = /(?:(?:0|-?[1-9]\d{0,17})|"[^"\\]*")(?=[,}])/y;
const string = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
