import type { Fragments } from './fragments.ts';

/** What the decoders of one batch share, beside the packet itself. */
export interface Decoding {
  /** `undefined` refuses later fragments. */
  readonly fragments: Fragments | undefined;
  /** Whether the innermost addresses count; otherwise the outermost do. */
  readonly inner: boolean;
  /** UDP destination ports of VXLAN. */
  readonly vxlanPorts: ReadonlySet<number>;
  /** Where the payload of the last IP packet that was a tunnel ends, in the capture and on the wire. */
  tunnelEnd: number;
  tunnelOriginalEnd: number;
}
