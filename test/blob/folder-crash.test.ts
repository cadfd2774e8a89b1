import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import type { DataBlock } from '../../src/blob/block-blob.ts';
import { FolderContainer } from '../../src/blob/folder.ts';
import { codeOf, collect, id, put, text } from './contract.ts';

/**
 * What a killed process leaves in a folder, made by hand: every state between two steps of a commit. A reader must see the version before or the
 * one after; the writer that comes next must end where an undisturbed one ends, byte for byte.
 */

const root = mkdtempSync(join(tmpdir(), 'nsgflow-crash-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const name = 'y=2026/PT1H.json';
/** Every place of a file in the long run, otherwise some, and never the same remainder alone. */
const stride = process.env['NSGFLOW_LONG'] === '1' ? 1 : 23;
let folders = 0;

function block(n: number): DataBlock {
  return { id: n.toString(16).padStart(32, '0'), bytes: Buffer.from(JSON.stringify({ n, pad: 'x'.repeat(20 + n) })) };
}

interface Place {
  readonly blob: string;
  readonly journal: string;
  readonly temporary: string;
  open(): FolderContainer;
}

function place(): Place {
  const account = join(root, `account-${folders++}`);
  return {
    blob: join(account, 'logs', name),
    journal: join(account, '.nsgflow/blocks/logs', `${name}.jsonl`),
    temporary: join(account, '.nsgflow/temp'),
    open: () => new FolderContainer(join(account, 'logs'), { sync: false, graceMillis: 5 }),
  };
}

async function append(container: FolderContainer, ...numbers: number[]): Promise<void> {
  await new BlockAppender(container).append(name, numbers.map(block));
}

async function numbers(container: FolderContainer): Promise<number[]> {
  return (JSON.parse(await text(container, name)) as { records: { n: number }[] }).records.map((record) => record.n);
}

/** Files of one version. */
interface Files {
  readonly blob: Buffer;
  readonly journal: Buffer;
}

/** Fails unless both files are these, byte for byte. */
function expectFiles(at: Place, { blob, journal }: Files): void {
  expect(readFileSync(at.blob, 'latin1')).toBe(blob.toString('latin1'));
  expect(readFileSync(at.journal, 'latin1')).toBe(journal.toString('latin1'));
}

function snapshot(at: Place): Files {
  return { blob: readFileSync(at.blob), journal: readFileSync(at.journal) };
}

/** Writes both files, with times that no commit has left. */
function restore(at: Place, { blob, journal }: { blob?: Uint8Array; journal?: Uint8Array }): void {
  if (blob !== undefined) writeFileSync(at.blob, blob);
  if (journal !== undefined) writeFileSync(at.journal, journal);
  for (const [n, path] of [at.blob, at.journal].entries()) if (existsSync(path)) utimesSync(path, 1e9 + n, 1e9 + n);
}

/** The blob after its first commit, after its second (block 2), and after its third (block 3). */
async function versions(at: Place): Promise<[Files, Files, Files]> {
  const container = at.open();
  await append(container, 1);
  const first = snapshot(at);
  await append(container, 2);
  const second = snapshot(at);
  await append(container, 3);
  return [first, second, snapshot(at)];
}

describe('an append that was cut short', () => {
  /** Puts the files as given, looks at them as a reader, then goes on as a writer. */
  async function check(at: Place, files: Files, expected: number[], third: Files): Promise<void> {
    restore(at, files);
    const reader = at.open();
    expect(await numbers(reader)).toEqual(expected);
    const { blocks } = (await reader.blocks(name))!;
    expect(blocks).toHaveLength(expected.length + 2);
    const { lengthBytes } = (await reader.properties(name))!;
    expect(blocks.reduce((sum, block) => sum + block.lengthBytes, 0)).toBe(lengthBytes);
    expect(Buffer.from((await reader.read(name, lengthBytes - 5, lengthBytes)).bytes).toString()).toMatch(/x"}\]}$/);
    expectFiles(at, files);
    await append(at.open(), 2);
    await append(at.open(), 3);
    expectFiles(at, third);
  }

  test('leaves the version before, until the blob has all of its bytes', async () => {
    const at = place();
    const [first, second, third] = await versions(at);
    for (let length = first.journal.length; length < second.journal.length; length += stride)
      await check(at, { blob: first.blob, journal: second.journal.subarray(0, length) }, [1], third);
    const start = first.blob.length - 2;
    for (let written = 0; written <= second.blob.length - start; written += written < 5 || written > 30 ? 1 : stride) {
      const blob = Buffer.concat([second.blob.subarray(0, start + written), first.blob.subarray(start + written)]);
      await check(at, { blob, journal: second.journal }, start + written < second.blob.length ? [1] : [1, 2], third);
    }
  });

  test('leaves the version before, when the disk lost what was not yet written', async () => {
    const at = place();
    const [first, second, third] = await versions(at);
    for (const from of [first.blob.length - 2, first.blob.length, second.blob.length - 3]) {
      const blob = Buffer.from(second.blob).fill(0, from);
      await check(at, { blob, journal: second.journal }, [1], third);
    }
  });

  test('leaves the version after, when only the end of the commit is missing', async () => {
    const at = place();
    const [, second, third] = await versions(at);
    await check(at, second, [1, 2], third);
  });

  test('is undone completely, though the undoing is cut short as well', async () => {
    const at = place();
    const [first, second, third] = await versions(at);
    const torn = second.blob.subarray(0, second.blob.length - 7);
    const tail = Buffer.from(torn);
    tail.write(']}', first.blob.length - 2);
    await check(at, { blob: tail, journal: second.journal }, [1], third);
    await check(at, { blob: first.blob, journal: second.journal }, [1], third);
  });

  test('leaves the version that was written, when a racing writer left a line as long', async () => {
    const at = place();
    const [first, second, third] = await versions(at);
    const racing = place();
    await append(racing.open(), 1);
    const data = { id: 'f'.repeat(32), bytes: Buffer.from(block(2).bytes.toString().replace('xxx', 'yyy')) };
    await new BlockAppender(racing.open()).append(name, [data]);
    const line = snapshot(racing).journal.subarray(first.journal.length);
    const files = { blob: second.blob, journal: Buffer.concat([second.journal, line]) };
    await check(at, files, [1, 2], third);
    restore(at, files);
    // As when the first writer ended its commit after the other's line came.
    utimesSync(at.journal, 1e9, 1e9);
    expect((await at.open().blocks(name))!.blocks.map(({ id }) => Buffer.from(id, 'base64').toString())).toContain(
      `D${block(2).id}`,
    );
  });

  test('is undone, though a writer was killed when it had claimed to undo or to replace it', async () => {
    const at = place();
    const [first, second, third] = await versions(at);
    for (const claim of ['{"undo":"1"}\n', '{"replace":"1"}\n', '{"undo":"1"}\n{"undo":"2"}\n', '{"und']) {
      await check(at, { blob: first.blob, journal: Buffer.concat([second.journal, Buffer.from(claim)]) }, [1], third);
      await check(
        at,
        { blob: second.blob, journal: Buffer.concat([second.journal, Buffer.from(claim)]) },
        [1, 2],
        third,
      );
    }
  });

  test('of another writer that still goes on is waited for', async () => {
    const at = place();
    const [first, second, third] = await versions(at);
    restore(at, { blob: first.blob, journal: second.journal });
    const waiting = append(new FolderContainer(join(at.blob, '../..'), { graceMillis: 200 }), 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(at.blob, second.blob);
    await waiting;
    expectFiles(at, third);
  });
});

describe('a new blob', () => {
  test('whose journal alone was written is not there, and is made anew', async () => {
    const at = place();
    const [first] = await versions(at);
    for (let length = 0; length <= first.journal.length; length += 3 * stride) {
      rmSync(at.blob);
      restore(at, { journal: first.journal.subarray(0, length) });
      expect(await at.open().properties(name)).toBeUndefined();
      expect(await collect(at.open().list())).toEqual([]);
      await append(at.open(), 1);
      expectFiles(at, first);
    }
  });

  test('leaves no temporary files: those of dead processes are removed', async () => {
    const at = place();
    await versions(at);
    const host = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_');
    // Process numbers end at 4,194,304 on Linux; these are of no process.
    for (const file of [`${host}-2000000000-0`, `elsewhere-2000000000-0`, `${host}-${process.pid}-77`])
      writeFileSync(join(at.temporary, file), 'x');
    await append(at.open(), 9);
    expect(readdirSync(at.temporary).sort()).toEqual([`elsewhere-2000000000-0`, `${host}-${process.pid}-77`].sort());
  });

  test('that another process has just begun is left to it', async () => {
    const at = place();
    const [first] = await versions(at);
    rmSync(at.blob);
    restore(at, { journal: first.journal });
    const other = new FolderContainer(join(at.blob, '../..'), { sync: false, graceMillis: 200 });
    const waiting = append(other, 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(at.blob, first.blob);
    await waiting;
    expect(await numbers(at.open())).toEqual([1, 2]);
  });
});

describe('a commit that writes the blob anew, cut short', () => {
  test('leaves the version before or after', async () => {
    const at = place();
    const container = at.open();
    const etag = await put(container, name, 'aa', 'b', 'ccc');
    const before = snapshot(at);
    await container.commitBlocks(name, [id('D', 2), id('D', 0)], etag);
    const after = snapshot(at);
    expect(after.journal.toString()).toContain(before.journal.toString());
    restore(at, { blob: before.blob, journal: after.journal });
    expect(await text(at.open(), name)).toBe('aabccc');
    const list = await at.open().blocks(name);
    expect(list?.blocks.map((block) => block.lengthBytes)).toEqual([2, 1, 3]);
    const next = at.open();
    await expect(next.commitBlocks(name, [id('D', 2), id('D', 0)], list!.etag)).rejects.toMatchObject({
      code: 'blob-conflict',
    });
    await next.commitBlocks(name, [id('D', 2), id('D', 0)], (await next.properties(name))!.etag);
    expectFiles(at, after);
    restore(at, after);
    expect((await at.open().blocks(name))?.blocks.map((block) => block.lengthBytes)).toEqual([3, 2]);
  });
});

describe('a blob that somebody else has touched', () => {
  const foreign = '{"records":[{"n":1,"pad":"another"}]}';

  async function expectForeign(at: Place, content: Buffer): Promise<void> {
    const container = at.open();
    expect(Buffer.from((await container.read(name)).bytes)).toEqual(content);
    expect((await container.blocks(name))?.blocks).toEqual([]);
    expect((await container.properties(name))?.lengthBytes).toBe(content.length);
    expect(await codeOf(append(at.open(), 4))).toBe('blob-conflict');
    expect(readFileSync(at.blob)).toEqual(content);
  }

  test('has no block list, another ETag, and is not appended to', async () => {
    const at = place();
    const [first, , third] = await versions(at);
    const middle = Math.floor(third.blob.length / 2);
    for (const content of [
      Buffer.from(foreign),
      Buffer.alloc(0),
      Buffer.concat([third.blob.subarray(0, middle), Buffer.from('#'), third.blob.subarray(middle + 1)]),
      third.blob.subarray(0, middle),
      Buffer.concat([third.blob, Buffer.from('\n')]),
      Buffer.concat([third.blob.subarray(0, -2), Buffer.from(',{"n":9}]}')]),
    ]) {
      restore(at, third);
      const etag = (await at.open().properties(name))?.etag;
      rmSync(at.blob);
      writeFileSync(at.blob, content);
      expect((await at.open().properties(name))?.etag).not.toBe(etag);
      await expectForeign(at, content);
    }
    restore(at, { blob: third.blob, journal: first.journal });
    await expectForeign(at, third.blob);
  });

  test('right after a commit of the same object is noticed too', async () => {
    const at = place();
    const container = at.open();
    const appender = new BlockAppender(container);
    await appender.append(name, [block(1)]);
    const content = Buffer.from(readFileSync(at.blob, 'utf8').replace('xxx', 'yyy'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(at.blob, content);
    expect(await codeOf(appender.append(name, [block(2)]))).toBe('blob-conflict');
    expect(readFileSync(at.blob)).toEqual(content);
  });

  test('is copied with its folder: the block list holds for the copy', async () => {
    const at = place();
    const [, , third] = await versions(at);
    const copy = place();
    cpSync(join(at.blob, '../../..'), join(copy.blob, '../../..'), { recursive: true });
    expect((await copy.open().blocks(name))?.blocks).toHaveLength(5);
    await append(copy.open(), 3);
    expectFiles(copy, third);
  });

  test('without its journal is a blob without a block list', async () => {
    const at = place();
    const [, , third] = await versions(at);
    rmSync(at.journal);
    await expectForeign(at, third.blob);
  });
});

describe('a hostile journal', () => {
  test('changes nothing of what is read, whatever stands in it', async () => {
    const at = place();
    const [first, , third] = await versions(at);
    const other = Buffer.from('{"put":[["QQ==",1000000000000,"00000000"]],"list":"x"}\n');
    const journals: Uint8Array[] = [
      other,
      Buffer.concat([third.journal, other]),
      Buffer.alloc(100_000, '\n'),
      Buffer.alloc(1000, 0xff),
    ];
    for (let at = 0; at < third.journal.length; at += stride) {
      journals.push(third.journal.subarray(0, at));
      const changed = Buffer.from(third.journal);
      changed[at] ^= 1;
      journals.push(changed);
    }
    for (const journal of journals) {
      restore(at, { blob: third.blob, journal });
      const container = at.open();
      expect(third.blob.equals((await container.read(name)).bytes)).toBe(true);
      expect([0, 5]).toContain((await container.blocks(name))?.blocks.length);
    }
    rmSync(at.journal);
    cpSync(join(root, 'account-0'), at.journal, { recursive: true });
    expect((await at.open().blocks(name))?.blocks).toEqual([]);
    rmSync(at.journal, { recursive: true });
    restore(at, first);
    appendFileSync(at.journal, 'torn');
    await append(at.open(), 2, 3);
    expect(await numbers(at.open())).toEqual([1, 2, 3]);
  });

  test('removed or replaced between two appends of one object is a conflict, and damages nothing', async () => {
    const at = place();
    const appender = new BlockAppender(at.open());
    await appender.append(name, [block(1)]);
    const blob = readFileSync(at.blob);
    renameSync(at.journal, `${at.journal}.away`);
    expect(await codeOf(appender.append(name, [block(2)]))).toBe('blob-conflict');
    expect(existsSync(at.journal)).toBe(false);
    expect(readFileSync(at.blob)).toEqual(blob);
    renameSync(`${at.journal}.away`, at.journal);
    await appender.append(name, [block(2)]);
    expect(await numbers(at.open())).toEqual([1, 2]);
    expect(statSync(at.journal).mtimeMs).toBeCloseTo(statSync(at.blob).mtimeMs, 1);
  });
});
