/** Addresses of a row group that the kernel has loaded, by the numbers of their texts: each text is read once. */
import type { Family } from '../net/address.ts';
import { ipv4MappedWord, parseAddress } from '../net/address.ts';
import type { ReadKernel } from './read-kernel.ts';

/** Texts that were not read yet, and those that are no addresses. */
const unread = 0;
const noAddress = 255;

export class KernelAddresses {
  /** Four words a text (net/address.ts). */
  words = new Uint32Array(0);
  readonly #kernel: ReadKernel;
  #families = new Uint8Array(0);

  constructor(kernel: ReadKernel) {
    this.#kernel = kernel;
  }

  /** Makes room for these texts. */
  reserve(texts: Uint32Array): void {
    let last = 0;
    for (let row = 0; row < texts.length; row++) if (texts[row] > last) last = texts[row];
    if (last < this.#families.length) return;
    const families = new Uint8Array(last + 1);
    const words = new Uint32Array(4 * (last + 1));
    families.set(this.#families);
    words.set(this.words);
    this.#families = families;
    this.words = words;
  }

  /** The family of the address of a text that there is room for, of which `words` then has the words; `undefined` where it is none. */
  familyOf(text: number): Family | undefined {
    let family = this.#families[text];
    if (family === unread) this.#families[text] = family = this.#read(text);
    return family === 4 || family === 6 ? family : undefined;
  }

  #read(text: number): number {
    const bits = this.#kernel.ipv4Bits(text);
    if (bits >= 0) {
      this.words[4 * text + 2] = ipv4MappedWord;
      this.words[4 * text + 3] = bits;
      return 4;
    }
    const address = parseAddress(this.#kernel.text(text) ?? '');
    if (address === undefined) return noAddress;
    this.words.set(address.words, 4 * text);
    return address.family;
  }
}
