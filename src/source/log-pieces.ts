import { limits } from '../base/limits.ts';
import type { FlowLogCut } from '../flowlog/record.ts';
import type { PieceOfLog } from '../flowlog/decode.ts';
import type { ByteStream } from './byte-stream.ts';

/** Bytes to decode, and the byte of the blob at which they begin. */
export interface Piece extends Required<PieceOfLog> {
  readonly bytes: Uint8Array;
  readonly startByte: number;
}

/** How long pieces are: at first, and at the most where not even one record ends in a piece. */
export interface PieceSizes {
  readonly pieceBytes: number;
  readonly recordBytes: number;
}

const usualSizes: PieceSizes = { pieceBytes: limits.pieceBytesMax, recordBytes: limits.recordBytesMax };

/**
 * A flow log in pieces. Each is decoded, and says where the next one begins: at the record that its end cuts. A record that is longer than a piece is
 * decoded again in a piece of `recordBytes`; one that is longer than that is read torn.
 */
export class LogPieces {
  readonly #stream: ByteStream;
  readonly #startByte: number;
  readonly #sizes: PieceSizes;
  #head = '';
  #size: number;
  /** The next piece is too long to grow: what is cut by its end is lost. */
  #isTorn = false;

  /** @param startByte of the blob, at which the stream begins */
  constructor(stream: ByteStream, startByte: number, sizes: PieceSizes = usualSizes) {
    this.#stream = stream;
    this.#startByte = startByte - stream.position;
    this.#sizes = sizes;
    this.#size = sizes.pieceBytes;
  }

  /** The next piece, `undefined` behind the last. The one before must be passed. */
  async next(): Promise<Piece | undefined> {
    const bytes = await this.#stream.look(this.#size);
    if (bytes.length === 0) return undefined;
    const goesOn = (await this.#stream.goesOnBehind(bytes.length)) && !this.#isTorn;
    return { bytes, startByte: this.#startByte + this.#stream.position, head: this.#head, goesOn };
  }

  /** Passes a piece as far as it is settled. @returns those bytes */
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
