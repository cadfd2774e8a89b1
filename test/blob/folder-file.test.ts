import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writePieces } from '../../src/blob/folder-file.ts';

/** A file system that writes at most `most` bytes at once. */
function slowly(handle: FileHandle, most: number): FileHandle {
  const writev = async (pieces: readonly Uint8Array[], position: number) => {
    const bytes = Buffer.concat(pieces).subarray(0, most);
    return await handle.write(bytes, 0, bytes.length, position);
  };
  return { writev } as unknown as FileHandle;
}

test('pieces stand one behind the other however much the file system takes at once, and however many there are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-pieces-'));
  const path = join(folder, 'file');
  const handle = await open(path, 'w+');
  try {
    const few = ['ab', '', 'cde', 'f', 'ghij', ''].map((text) => Buffer.from(text));
    for (let most = 1; most <= 11; most++) {
      await handle.truncate(0);
      await handle.write('..', 0);
      await writePieces(slowly(handle, most), few, 2);
      expect(await readFile(path, 'latin1')).toBe('..abcdefghij');
    }
    const many = Array.from({ length: 3000 }, (_, i) => Buffer.from(`${i},`));
    await writePieces(handle, many, 0);
    expect(await readFile(path)).toEqual(Buffer.concat(many));
  } finally {
    await handle.close();
    await rm(folder, { recursive: true });
  }
});
