import { limits } from '../base/limits.ts';
import type { FlowLogCut } from '../flowlog/record.ts';
import type { PieceOfLog } from '../flowlog/decode.ts';
import type { ByteStream } from './byte-stream.ts';

/** Bytes to decode, and their offset in the blob. */
export interface Piece extends Required<PieceOfLog> {
  readonly bytes: Uint8Array;
  readonly startByte: number;
}

/** Piece sizes: normally, and at most, for a piece without a complete record. */
export interface PieceSizes {
  readonly pieceBytes: number;
  readonly recordBytes: number;
}

const usualSizes: PieceSizes = { pieceBytes: limits.pieceBytesMax, recordBytes: limits.recordBytesMax };

/**
 * A flow log in pieces. Decoding a piece shows where the next one begins: at the record that its end cuts. A record
 * that is longer than a piece is decoded again in a piece of `recordBytes`; a longer record is cut.
 */
export class LogPieces {
  readonly #stream: ByteStream;
  readonly #startByte: number;
  readonly #sizes: PieceSizes;
  #head = '';
  #size: number;
  /** The next piece cannot grow: the record that its end cuts is lost. */
  #isTorn = false;

  /** @param startByte offset in the blob at which the stream begins */
  constructor(stream: ByteStream, startByte: number, sizes: PieceSizes = usualSizes) {
    this.#stream = stream;
    this.#startByte = startByte - stream.position;
    this.#sizes = sizes;
    this.#size = sizes.pieceBytes;
  }

  /** The next piece; `undefined` after the last. The previous piece must be passed. */
  async next(): Promise<Piece | undefined> {
    const bytes = await this.#stream.look(this.#size);
    if (bytes.length === 0) return undefined;
    const goesOn = (await this.#stream.goesOnBehind(bytes.length)) && !this.#isTorn;
    return { bytes, startByte: this.#startByte + this.#stream.position, head: this.#head, goesOn };
  }

  /**
   * Passes the final part of a piece.
   * @returns these bytes
   */
  pass({ bytes, goesOn }: Piece, cut: FlowLogCut | undefined): Uint8Array {
    if (goesOn && cut?.startByte === 0) {
      if (this.#size < this.#sizes.recordBytes) this.#size = this.#sizes.recordBytes;
      else this.#isTorn = true;
      return bytes.subarray(0, 0);
    }
    this.#isTorn = false;
    const settled = goesOn && cut !== undefined ? bytes.subarray(0, cut.startByte) : bytes;
    if (goesOn) this.#head = cut?.head ?? '';
    this.#size = this.#sizes.pieceBytes;
    this.#stream.pass(settled.length);
    return settled;
  }
}
