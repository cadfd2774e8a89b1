/** What observes: a log's view of a NIC, in one direction; numbers of these, and their order. */
import type { StageTables } from '../staged-rows.ts';
import { groupTexts } from '../staged-rows.ts';

const observerTexts = (['resource_id', 'mac', 'format'] as const).map((name) => groupTexts.indexOf(name));
const unknown = -1;

export class Observers {
  readonly #tables: StageTables;
  readonly #texts: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();
  /** By group of texts, the number of its observer but for the direction. */
  #byGroup = new Int32Array(1024).fill(unknown);

  constructor(tables: StageTables) {
    this.#tables = tables;
  }

  /** Numbers are below this. */
  get end(): number {
    return 2 * this.#texts.length;
  }

  /** Of the observer of tuples of this group of texts and direction. */
  numberOf(group: number, direction: number): number {
    let known = group < this.#byGroup.length ? this.#byGroup[group] : unknown;
    if (known === unknown) known = this.#add(group);
    return 2 * known + direction;
  }

  #add(group: number): number {
    const texts = observerTexts.map((which) => this.#tables.groups[group][which]);
    const key = JSON.stringify(texts);
    const known = this.#numbers.get(key) ?? this.#texts.push(texts) - 1;
    this.#numbers.set(key, known);
    if (group >= this.#byGroup.length) {
      const grown = new Int32Array(2 * group).fill(unknown);
      grown.set(this.#byGroup);
      this.#byGroup = grown;
    }
    this.#byGroup[group] = known;
    return known;
  }

  /** By resource, MAC and format; of one direction. */
  compare(a: number, b: number): number {
    const left = this.#texts[a >> 1];
    const right = this.#texts[b >> 1];
    const i = left.findIndex((text, at) => text !== right[at]);
    return i < 0 ? 0 : compareTexts(left[i], right[i]);
  }
}

/** In order of their bytes; '', which is null, is last. */
export function compareTexts(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
