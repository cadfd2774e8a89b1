import { mkdtemp, open, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { removeStaleTemporaries, temporaryPath, writePieces } from '../../src/blob/folder-file.ts';

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

test('temporary files of an earlier process with the same number are not in the way, and go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-temporaries-'));
  try {
    const own = temporaryPath(folder);
    const [host] = basename(own).split('-');
    const earlier = [
      ...Array.from({ length: 20 }, (_, n) => `${host}-${process.pid}-${n}`),
      `${host}-${process.pid}-0123abcd-0`,
    ];
    for (const name of earlier) {
      await writeFile(join(folder, name), '');
      await utimes(join(folder, name), 1_000_000_000, 1_000_000_000);
    }
    expect(earlier).not.toContain(basename(temporaryPath(folder)));
    await writeFile(own, '');
    await removeStaleTemporaries(folder, folder);
    expect(await readdir(folder)).toEqual([basename(own)]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
