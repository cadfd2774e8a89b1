import type { Fragments } from './fragments.ts';

/** What the decoders of one batch share, beside the packet itself. */
export interface Decoding {
  /** `undefined` refuses later fragments. */
  readonly fragments: Fragments | undefined;
}
