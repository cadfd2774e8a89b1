/**
 * Decodes flow logs from bytes to columns: NSG version 1 and 2 and VNet version 4, also mixed. An input is decoded whole, or in pieces that are cut at any
 * byte; decoder.ts reads its structure, log-draft.ts holds what was read, and cut.ts says how the next piece begins.
 */
import { Decoder } from './decoder.ts';
import { LogDraft } from './log-draft.ts';
import type { FlowLog } from './record.ts';
import { copyTupleColumns, TupleScanner } from './tuple-scanner.ts';

/** Decodes inputs one after another and reuses its columns: no object is created per tuple, and few per input. */
export class FlowLogDecoder {
  readonly #scanner = new TupleScanner();

  /** The same as `decodeFlowLog`, but the tuples are valid only until the next call. */
  decode(bytes: Uint8Array, { head = '', goesOn = false }: PieceOfLog = {}): FlowLog {
    const before = new TextEncoder().encode(head);
    const all = before.length === 0 ? bytes : joined(before, bytes);
    const draft = new LogDraft({
      records: [],
      groups: [],
      tuples: this.#scanner.columns(),
      rejections: [],
      mended: 0,
    });
    new Decoder(all, draft, this.#scanner).decode();
    this.#scanner.forget();
    if (goesOn) draft.dropUnsettled();
    const log = { ...draft.log, cut: draft.cut };
    return before.length === 0 ? log : shifted(log, before.length, head);
  }
}

/**
 * How an input continues others. The pieces are decoded separately; together they give the same result as the whole.
 */
export interface PieceOfLog {
  /** The `head` of the previous piece's cut; this piece begins at that cut. */
  readonly head?: string;
  /** Whether more bytes follow: then the part that the end cuts is left to the next piece. */
  readonly goesOn?: boolean;
}

function joined(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}

/** The log with positions relative to the bytes after a head of `length` bytes. */
function shifted(log: FlowLog, length: number, head: string): FlowLog {
  const moved = <Range extends { readonly startByte: number; readonly endByte: number }>(range: Range): Range => ({
    ...range,
    startByte: Math.max(0, range.startByte - length),
    endByte: Math.max(0, range.endByte - length),
  });
  const { cut } = log;
  return {
    ...log,
    records: log.records.map(moved),
    rejections: log.rejections.map(moved),
    cut: cut && (cut.startByte < length ? { startByte: 0, head } : { ...cut, startByte: cut.startByte - length }),
  };
}

let shared: FlowLogDecoder | undefined;

/**
 * Decodes a whole input or a piece of one. Never throws for bad input: unusable bytes are in `rejections`, by byte
 * range and reason. Cost is linear in the input.
 */
export function decodeFlowLog(bytes: Uint8Array, piece?: PieceOfLog): FlowLog {
  shared ??= new FlowLogDecoder();
  const log = shared.decode(bytes, piece);
  return { ...log, tuples: copyTupleColumns(log.tuples) };
}
