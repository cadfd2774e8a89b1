/** Addresses of a row group that the kernel has loaded, by the numbers of their texts: each text is read once. */
import { ipv4MappedWord, parseAddress } from '../../net/address.ts';
import type { ReadKernel } from './read-kernel.ts';

export class KernelAddresses {
  /** By text, four words (net/address.ts) and the family, 4 or 6; 0 where it was not read. */
  words = new Uint32Array(0);
  families = new Uint8Array(0);
  readonly #kernel: ReadKernel;

  constructor(kernel: ReadKernel) {
    this.#kernel = kernel;
  }

  /** Reads the texts of the rows `kept`. @returns whether all are addresses */
  read(texts: Uint32Array, kept: Uint32Array): boolean {
    this.#reserve(greatestOf(texts, kept) + 1);
    const { families } = this;
    for (let i = nextUnread(families, texts, kept, 0); i < kept.length; i = nextUnread(families, texts, kept, i)) {
      const text = texts[kept[i]];
      const family = this.#readText(text);
      if (family === undefined) return false;
      families[text] = family;
    }
    return true;
  }

  #readText(text: number): number | undefined {
    const bits = this.#kernel.ipv4Bits(text);
    if (bits >= 0) {
      this.words[4 * text + 2] = ipv4MappedWord;
      this.words[4 * text + 3] = bits;
      return 4;
    }
    const address = parseAddress(this.#kernel.text(text) ?? '');
    if (address !== undefined) this.words.set(address.words, 4 * text);
    return address?.family;
  }

  #reserve(texts: number): void {
    if (texts <= this.families.length) return;
    const families = new Uint8Array(texts);
    const words = new Uint32Array(4 * texts);
    families.set(this.families);
    words.set(this.words);
    this.families = families;
    this.words = words;
  }
}

// Functions of their own, small ones: a process that reads a few row groups spends much of its time on compiling such loops.

function greatestOf(texts: Uint32Array, kept: Uint32Array): number {
  let greatest = 0;
  for (let i = 0; i < kept.length; i++) if (texts[kept[i]] > greatest) greatest = texts[kept[i]];
  return greatest;
}

function nextUnread(families: Uint8Array, texts: Uint32Array, kept: Uint32Array, from: number): number {
  let i = from;
  while (i < kept.length && families[texts[kept[i]]] !== 0) i++;
  return i;
}
