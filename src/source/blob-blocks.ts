import { FlowError } from '../base/errors.ts';
import type { Block, Container } from '../blob/container.ts';

/**
 * Reads an hourly blob by blocks, as in Microsoft's article on reading NSG flow logs: the block list, one block, or all
 * blocks from one on. Block 0 is `{"records":[`, the last one `]}`. Blocks between them begin with a comma, except the
 * first. Source: facts 2.2.
 */
export interface PlacedBlock extends Block {
  /** 0 for the opening block. */
  readonly index: number;
  /** Bytes of the blob before it. */
  readonly startByte: number;
}

/**
 * The blocks of a blob with their positions.
 * @throws not-found if the blob does not exist or has no block list
 */
export async function placeBlocks(container: Container, name: string): Promise<PlacedBlock[]> {
  const list = await container.blocks(name);
  const label = `${container.location}/${name}`;
  if (list === undefined) throw new FlowError('not-found', `there is no blob ${label}`);
  if (list.blocks.length === 0)
    throw new FlowError('not-found', `the blob ${label} has no block list`, {
      hint: 'Copies have no block list. `nsgflow blob show` without --block and --since shows the whole blob.',
    });
  let startByte = 0;
  return list.blocks.map(({ id, lengthBytes }, index) => {
    const placed = { index, id, startByte, lengthBytes };
    startByte += lengthBytes;
    return placed;
  });
}

/** One block, or all from one on without the closing block; without either, the whole blob. */
export interface BlockRange {
  readonly block?: number | undefined;
  readonly since?: number | undefined;
}

/**
 * Reads bytes unchanged.
 * @throws not-found; usage if there is no such block
 */
export async function readBlocks(container: Container, name: string, range: BlockRange): Promise<Uint8Array> {
  const { block, since } = range;
  if (block === undefined && since === undefined) return (await container.read(name)).bytes;
  const blocks = await placeBlocks(container, name);
  const first = block ?? since ?? 0;
  const last = block ?? blocks.length - 2;
  if (block !== undefined && block >= blocks.length)
    throw new FlowError('not-found', `there is no block ${block}: the last one is ${blocks.length - 1}`);
  if (first > last) return new Uint8Array(0);
  const { startByte } = blocks[first];
  return (await container.read(name, startByte, blocks[last].startByte + blocks[last].lengthBytes)).bytes;
}

const head = Buffer.from('{"records":[');
const tail = Buffer.from(']}');
const comma = 0x2c;

/**
 * The records of some blocks as a complete flow log: without a leading or trailing comma, between `{"records":[` and
 * `]}`.
 */
export function wrapRecords(bytes: Uint8Array): Uint8Array {
  let part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (part.subarray(0, head.length).equals(head)) part = part.subarray(head.length);
  if (part.subarray(-tail.length).equals(tail) && !isRecordEnd(part)) part = part.subarray(0, -tail.length);
  if (part[0] === comma) part = part.subarray(1);
  if (part.at(-1) === comma) part = part.subarray(0, -1);
  return Buffer.concat([head, part, tail]);
}

/** Whether `]}` at the end belongs to a record: brackets outside texts are balanced with it. */
function isRecordEnd(part: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < part.length; i++) {
    const byte = part[i];
    if (isText) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return depth === 0;
}
