/** The account that blocks go to, and which flow log brings them there. */
export interface Destination {
  /** Key of the account, as its flow log names it. */
  readonly storage: string;
  /** GUID of the flow log, where the account decides by it what it takes. Blocks of two senders do not wait for each other. */
  readonly sender?: string | undefined;
}

/** One data block, ready to be appended to its blob. */
export interface FlushedBlock extends Destination {
  readonly container: string;
  /** The blob's name in the container. */
  readonly blob: string;
  /** 32 hex digits that the input, flow log, NIC, minute and part decide: the same input gives the same block again. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** The same memory with a comma before it, as all blocks of a blob but the first are stored. */
  readonly withComma?: Uint8Array;
  readonly tuples: number;
  /** See LentBytes; absent where the memory is the block's own. */
  readonly release?: () => void;
  readonly keep?: () => void;
}
