import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { RowGroupPlace } from '../../parquet/footer.ts';
import { footerLength, rowGroupsOf, tailBytes } from '../../parquet/footer.ts';

/** Reads the footer of a file. @returns its row groups; `undefined` where it is none of ours @throws errors of the file system */
export async function readRowGroups(path: string): Promise<readonly RowGroupPlace[] | undefined> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const end = size - tailBytes;
    if (end < 4) return undefined;
    const length = footerLength(await readInto(handle, end, Buffer.allocUnsafe(tailBytes)), size);
    if (length === undefined) return undefined;
    return rowGroupsOf(await readInto(handle, end - length, Buffer.allocUnsafe(length)), size);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    await handle.close();
  }
}

/** Fills a buffer from a place of a file. @throws RangeError where the file ends before */
export async function readInto(handle: FileHandle, position: number, buffer: Buffer): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  if (bytesRead < buffer.length) throw new RangeError('the file ends too early');
  return buffer;
}
