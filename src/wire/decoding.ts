import type { Fragments } from './fragments.ts';

/** State that the decoders of one batch share. */
export interface Decoding {
  /** `undefined`: later fragments are refused. */
  readonly fragments: Fragments | undefined;
  /** Whether the innermost addresses count, not the outermost. */
  readonly inner: boolean;
  /** UDP destination ports of VXLAN. */
  readonly vxlanPorts: ReadonlySet<number>;
  /** Where the payload of the last tunnel packet ends, in the capture and on the wire. */
  tunnelEnd: number;
  tunnelOriginalEnd: number;
}
