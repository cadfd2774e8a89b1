/** The account of blocks, and the flow log that sends them. */
export interface Destination {
  /** Key of the account, as its flow log names it. */
  readonly storage: string;
  /**
   * GUID of the flow log, if the account's permission depends on it. Blocks of two senders do not wait for each other.
   */
  readonly sender?: string | undefined;
}

/** One data block to append to a blob. */
export interface FlushedBlock extends Destination {
  readonly container: string;
  /** The blob's name in its container. */
  readonly blob: string;
  /** 32 hex digits derived from input, flow log, NIC, minute and part: the same input gives the same block id. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** The same bytes with a comma before them; all blocks of a blob except the first are stored this way. */
  readonly withComma?: Uint8Array;
  readonly tuples: number;
  /** See LentBytes; absent if the block owns its memory. */
  readonly release?: () => void;
  readonly keep?: () => void;
}
