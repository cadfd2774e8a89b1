/** Names and values in a text, as `parse-kv` reads them. */
import { primitive } from '../rule.ts';
import type { Json } from '../values/json.ts';
import { isArray, jsonText, parseJson } from '../values/json.ts';

interface Form {
  readonly keys: readonly string[];
  /** Between pairs, and between a name and its value; without both, all that is no letter and no digit is a delimiter. */
  readonly pair?: string;
  readonly sign?: string;
  /** One or two characters each. */
  readonly quotes: readonly string[];
  readonly escapes: readonly string[];
  /** A value reaches to the next name. */
  readonly greedy: boolean;
}

interface Piece {
  readonly text: string;
  readonly end: number;
}

class KeyValueReader {
  readonly #text: string;
  readonly #form: Form;
  readonly #found = new Map<string, Json>();

  constructor(text: string, form: Form) {
    this.#text = text;
    this.#form = form;
  }

  delimited(pair: string, sign: string): ReadonlyMap<string, Json> {
    const text = this.#text;
    let at = 0;
    while (at < text.length) {
      at = this.#blanks(at);
      if (text.startsWith(pair, at)) {
        at += pair.length;
        continue;
      }
      const quoted = this.#quoted(at);
      const signAt = text.indexOf(sign, quoted?.end ?? at);
      const pairAt = text.indexOf(pair, quoted?.end ?? at);
      if (signAt < 0) break;
      if (pairAt >= 0 && pairAt < signAt && text.slice(pairAt, signAt).trim() !== '') {
        at = pairAt + pair.length;
        continue;
      }
      const name = quoted?.text ?? text.slice(at, signAt).trim();
      const start = this.#blanks(signAt + sign.length);
      const value = this.#quoted(start);
      const end = value === undefined ? this.#valueEnd(start, pair, sign) : this.#next(value.end, pair);
      this.#add(name, value?.text ?? text.slice(start, end).trim());
      at = Math.max(end, signAt + sign.length);
    }
    return this.#found;
  }

  words(): ReadonlyMap<string, Json> {
    let name: string | undefined;
    for (let at = 0; at < this.#text.length;) {
      const piece = this.#quoted(at) ?? this.#word(at);
      if (piece === undefined) {
        at++;
        continue;
      }
      at = piece.end;
      if (name !== undefined) {
        this.#add(name, piece.text);
        name = undefined;
      } else if (this.#form.keys.includes(piece.text)) name = piece.text;
    }
    return this.#found;
  }

  #add(name: string, value: string): void {
    if (this.#form.keys.includes(name) && !this.#found.has(name)) this.#found.set(name, value);
  }

  #blanks(at: number): number {
    let end = at;
    while (end < this.#text.length && /\s/.test(this.#text[end])) end++;
    return end;
  }

  #next(at: number, pair: string): number {
    const found = this.#text.indexOf(pair, at);
    return found < 0 ? this.#text.length : found;
  }

  /** Where a value without quotes ends. */
  #valueEnd(start: number, pair: string, sign: string): number {
    for (let at = this.#next(start, pair); at < this.#text.length; at = this.#next(at + pair.length, pair))
      if (!this.#form.greedy || this.#isKey(this.#blanks(at + pair.length), sign)) return at;
    return this.#text.length;
  }

  #isKey(at: number, sign: string): boolean {
    const quoted = this.#quoted(at);
    const name = quoted?.text ?? this.#form.keys.find((one) => this.#startsKey(at, one, sign));
    return name !== undefined && this.#form.keys.includes(name);
  }

  #startsKey(at: number, key: string, sign: string): boolean {
    return this.#text.startsWith(key, at) && this.#text.startsWith(sign, this.#blanks(at + key.length));
  }

  #word(at: number): Piece | undefined {
    let end = at;
    while (end < this.#text.length && /[\p{L}\p{N}]/u.test(this.#text[end])) end++;
    return end === at ? undefined : { text: this.#text.slice(at, end), end };
  }

  #quoted(at: number): Piece | undefined {
    const quote = this.#form.quotes.find((one) => one !== '' && this.#text[at] === one[0]);
    if (quote === undefined) return undefined;
    const close = quote[1] ?? quote[0];
    let text = '';
    for (let end = at + 1; end < this.#text.length; end++) {
      const one = this.#text[end];
      if (this.#form.escapes.includes(one) && end + 1 < this.#text.length) text += this.#text[++end];
      else if (one === close) return { text, end: end + 1 };
      else text += one;
    }
    return undefined;
  }
}

export const keyValuePrimitives = {
  /** A bag of texts; of a name that occurs twice the first counts. The form is JSON. */
  key_values: primitive(['text', 'text'], 'dynamic', (text, form) => {
    const parsed = JSON.parse(form) as Form; // written by the lowering
    const reader = new KeyValueReader(text, parsed);
    const { pair, sign } = parsed;
    const isPlain = pair === undefined || sign === undefined || pair === '' || sign === '';
    return jsonText(isPlain ? reader.words() : reader.delimited(pair, sign));
  }),
  /** A bag of an array of names and one of values; of a name that occurs twice the first counts. */
  bag_of_pairs: primitive(['dynamic', 'dynamic'], 'dynamic', (names, items) => {
    const [keys, all] = [names, items].map((one) => parseJson(one));
    if (!isArray(keys) || !isArray(all)) return undefined;
    const found = new Map<string, Json>();
    for (const [i, key] of keys.entries())
      if (typeof key === 'string' && !found.has(key.trim())) {
        const value = all[i] ?? null;
        found.set(key.trim(), typeof value === 'string' ? value.trim() : value);
      }
    return jsonText(found);
  }),
} as const;
