import { describe, expect, test } from 'vitest';
import type { FlowError } from '../../src/base/errors.ts';
import type { Account, BlobItem, Container } from '../../src/blob/container.ts';
import { compareNames } from '../../src/blob/name.ts';

/** What a container under test is made of: `account` gives a fresh one, or the one that all tests share. */
export interface ContractSubject {
  readonly account: () => Promise<Account> | Account;
  /** Blobs of the listing test; more than one page where listings have pages. */
  readonly listedBlobs: number;
  /** Bytes of the large blob. */
  readonly largeBytes: number;
}

export const hourName =
  'resourceId=/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/NSGFLOW/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB/y=2026/m=03/d=01/h=10/m=00/macAddress=000D3AF87856/PT1H.json';

/** Base64 of a letter and 32 digits, as nsgflow's ids are. */
export function id(letter: string, n = 0): string {
  return Buffer.from(letter + n.toString(16).padStart(32, '0')).toString('base64');
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The error code that a promise ends with; `none` where it does not fail. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'none',
    (error: unknown) => (error as FlowError).code ?? String(error),
  );
}

export async function text(container: Container, name: string, start?: number, end?: number): Promise<string> {
  return Buffer.from((await container.read(name, start, end)).bytes).toString('utf8');
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Stages and commits blocks of these texts as a new blob. */
export async function put(container: Container, name: string, ...parts: string[]): Promise<string> {
  for (const [i, part] of parts.entries()) await container.stageBlock(name, id('D', i), bytes(part));
  const ids = parts.map((_, i) => id('D', i));
  return (await container.commitBlocks(name, ids, undefined)).etag;
}

let containers = 0;

/** The rules of `Container`, for any implementation. */
export function containerContract(label: string, subject: ContractSubject): void {
  const fresh = async (): Promise<Container> =>
    (await subject.account()).container(`contract-${process.pid}-${containers++}`);

  describe(`${label}: the container contract`, () => {
    test('a missing container has no blobs, and cannot be listed', async () => {
      const container = await fresh();
      expect(await container.properties('a')).toBeUndefined();
      expect(await container.blocks('a')).toBeUndefined();
      expect(await container.delete('a')).toBe(false);
      expect(await codeOf(container.read('a'))).toBe('not-found');
      expect(await codeOf(collect(container.list()))).toBe('not-found');
    });

    test('a missing blob is undefined, and cannot be read', async () => {
      const container = await fresh();
      await put(container, 'other', 'x');
      expect(await container.properties('a')).toBeUndefined();
      expect(await container.blocks('a')).toBeUndefined();
      expect(await container.delete('a')).toBe(false);
      expect(await codeOf(container.read('a'))).toBe('not-found');
      expect(await codeOf(container.commitBlocks('a', [], '"1"'))).toBe('blob-conflict');
    });

    test('staged blocks are no blob until they are committed', async () => {
      const container = await fresh();
      await put(container, 'other', 'x');
      await container.stageBlock(hourName, id('A'), bytes('head'));
      expect(await container.properties(hourName)).toBeUndefined();
      expect(await container.blocks(hourName)).toBeUndefined();
      expect((await collect(container.list())).map((item) => item.name)).toEqual(['other']);
      await container.stageBlock(hourName, id('Z'), bytes('tail'));
      const before = Math.floor(Date.now() / 1000) * 1000;
      const { etag } = await container.commitBlocks(hourName, [id('A'), id('Z')], undefined);
      expect(await text(container, hourName)).toBe('headtail');
      const properties = await container.properties(hourName);
      expect(properties).toMatchObject({ name: hourName, lengthBytes: 8, etag });
      expect(properties?.lastModifiedMillis).toBeGreaterThanOrEqual(before);
      expect(properties?.lastModifiedMillis).toBeLessThanOrEqual(Date.now());
    });

    test('a block is inserted before the last one, and all versions are whole', async () => {
      const container = await fresh();
      let etag = await put(container, hourName, '{"records":[', '1', ']}');
      const created = (await container.properties(hourName))?.createdMillis;
      const etags = new Set([etag]);
      const ids = [id('D', 0), id('D', 1), id('D', 2)];
      for (let n = 3; n < 12; n++) {
        await container.stageBlock(hourName, id('D', n), bytes(`,${n}`));
        ids.splice(-1, 0, id('D', n));
        ({ etag } = await container.commitBlocks(hourName, ids, etag));
        expect(etags.has(etag)).toBe(false);
        etags.add(etag);
        const properties = await container.properties(hourName);
        expect([properties?.etag, properties?.createdMillis]).toEqual([etag, created]);
      }
      expect((await collect(container.list()))[0].createdMillis).toBe(created);
      expect(await text(container, hourName)).toBe('{"records":[1,3,4,5,6,7,8,9,10,11]}');
      const list = await container.blocks(hourName);
      expect(list?.etag).toBe(etag);
      expect(list?.blocks.map((block) => block.id)).toEqual(ids);
      expect(list?.blocks.map((block) => block.lengthBytes)).toEqual([12, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 2]);
    });

    test('several blocks go in by one commit', async () => {
      const container = await fresh();
      const etag = await put(container, 'a', '[', ']');
      await container.stageBlock('a', id('E', 1), bytes('1'));
      await container.stageBlock('a', id('E', 2), bytes(',2'));
      await container.commitBlocks('a', [id('D', 0), id('E', 1), id('E', 2), id('D', 1)], etag);
      expect(await text(container, 'a')).toBe('[1,2]');
    });

    test('blocks can be reordered, left out, repeated in new content, and put after the last', async () => {
      const container = await fresh();
      let etag = await put(container, 'a', 'aa', 'b', 'ccc');
      const commit = async (...ids: string[]): Promise<string> => {
        ({ etag } = await container.commitBlocks('a', ids, etag));
        return await text(container, 'a');
      };
      expect(await commit(id('D', 2), id('D', 0), id('D', 1))).toBe('cccaab');
      expect(await commit(id('D', 0), id('D', 1))).toBe('aab');
      await container.stageBlock('a', id('D', 7), bytes('end'));
      expect(await commit(id('D', 0), id('D', 1), id('D', 7))).toBe('aabend');
      await container.stageBlock('a', id('D', 1), bytes('BBB'));
      expect(await commit(id('D', 0), id('D', 1), id('D', 7))).toBe('aaBBBend');
      expect((await container.blocks('a'))?.blocks.map((block) => block.lengthBytes)).toEqual([2, 3, 3]);
      await container.stageBlock('a', id('E', 1), bytes('!'));
      expect(await commit(id('D', 0), id('D', 1), id('E', 1), id('D', 7))).toBe('aaBBB!end');
    });

    test('a block staged twice has its later bytes', async () => {
      const container = await fresh();
      await container.stageBlock('a', id('D', 1), bytes('first'));
      await container.stageBlock('a', id('D', 1), bytes('second'));
      await container.commitBlocks('a', [id('D', 1)], undefined);
      expect(await text(container, 'a')).toBe('second');
    });

    test('a commit without ETag creates, and only creates', async () => {
      const container = await fresh();
      await put(container, 'a', 'one');
      expect(await codeOf(put(container, 'a', 'two'))).toBe('blob-conflict');
      expect(await text(container, 'a')).toBe('one');
    });

    test('a commit with an old ETag changes nothing', async () => {
      const container = await fresh();
      const first = await put(container, 'a', '[', ']');
      await container.stageBlock('a', id('E', 1), bytes('1'));
      await container.commitBlocks('a', [id('D', 0), id('E', 1), id('D', 1)], first);
      await container.stageBlock('a', id('E', 2), bytes('2'));
      expect(await codeOf(container.commitBlocks('a', [id('D', 0), id('E', 2), id('D', 1)], first))).toBe(
        'blob-conflict',
      );
      expect(await text(container, 'a')).toBe('[1]');
    });

    test('a commit that names an unknown block is a conflict and changes nothing', async () => {
      const container = await fresh();
      const etag = await put(container, 'a', '[', ']');
      expect(await codeOf(container.commitBlocks('a', [id('D', 0), id('E', 9), id('D', 1)], etag))).toBe(
        'blob-conflict',
      );
      expect(await text(container, 'a')).toBe('[]');
    });

    test('of many commits on one ETag at once, one wins', async () => {
      const container = await fresh();
      const etag = await put(container, 'a', '[', ']');
      const codes = await Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          await container.stageBlock('a', id('E', n), bytes(String(n)));
          return await codeOf(container.commitBlocks('a', [id('D', 0), id('E', n), id('D', 1)], etag));
        }),
      );
      expect(codes.filter((code) => code === 'none')).toHaveLength(1);
      expect(codes.filter((code) => code === 'blob-conflict')).toHaveLength(7);
      expect(await text(container, 'a')).toBe(`[${codes.indexOf('none')}]`);
    });

    test('ranges include the start, exclude the end, and stop at the end of the blob', async () => {
      const container = await fresh();
      const etag = await put(container, 'a', '0123', '4567', '89');
      for (const [start, end, expected] of [
        [0, 10, '0123456789'],
        [3, 5, '34'],
        [7, 9, '78'],
        [8, 9, '8'],
        [9, undefined, '9'],
        [9, 99, '9'],
        [10, 99, ''],
        [99, undefined, ''],
        [4, 4, ''],
      ] as const) {
        expect(await text(container, 'a', start, end)).toBe(expected);
        expect((await container.read('a', start, end)).etag).toBe(etag);
      }
    });

    test('names keep "=", blanks, percent signs, case and letters of any script', async () => {
      const container = await fresh();
      const names = [hourName, 'a=b/c d/%41+&?#.json', 'Grüße/日本語/🙂.json', 'CASE/x', 'case/X2'];
      for (const name of names) await put(container, name, name);
      for (const name of names) expect(await text(container, name)).toBe(name);
      expect((await collect(container.list())).map((item) => item.name)).toEqual([...names].sort(compareNames));
      expect((await collect(container.list('Grüße/日'))).map((item) => item.name)).toEqual([names[2]]);
    });

    test('names that are no path below the container are refused', async () => {
      const container = await fresh();
      for (const name of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/.', 'a\\b', 'a\0b', 'a'.repeat(1025)])
        expect([name, await codeOf(container.stageBlock(name, id('A'), bytes('x')))]).toEqual([name, 'usage']);
    });

    test('a listing gives all blobs of a prefix in order, with their properties', async () => {
      const container = await fresh();
      const names = Array.from({ length: subject.listedBlobs }, (_, n) => `h=${n % 24}/m=00/mac=${n}/PT1H.json`);
      names.push('h=1-/x', 'h=1.json', 'h', 'i');
      for (let n = 0; n < names.length; n += 16)
        await Promise.all(names.slice(n, n + 16).map(async (name) => await put(container, name, name)));
      names.sort(compareNames);
      const all = await collect(container.list());
      expect(all.map((item) => item.name)).toEqual(names);
      for (const item of all.filter((_, n) => n % 50 === 0)) {
        expect(item.lengthBytes).toBe(item.name.length);
        const properties = await container.properties(item.name);
        expect(properties?.etag).toBe(item.etag);
        const [own, listed] = [properties as BlobItem, item].map((one) => Math.floor(one.lastModifiedMillis / 1000));
        expect(own).toBe(listed);
      }
      for (const prefix of ['h=1', 'h=1/', 'h=2', 'h=23/m=00/mac=2', 'i', 'none'])
        expect((await collect(container.list(prefix))).map((item) => item.name)).toEqual(
          names.filter((name) => name.startsWith(prefix)),
        );
    });

    test('what stands directly below a prefix: blobs and folders', async () => {
      const container = await fresh();
      for (const name of ['a/b/c', 'a/b/d', 'a/e', 'a/bb/f', 'g']) await put(container, name, 'x');
      const below = async (prefix: string): Promise<string[]> =>
        (await collect(container.children(prefix))).map((one) => (typeof one === 'string' ? one : one.name)).sort();
      expect(await below('')).toEqual(['a/', 'g']);
      expect(await below('a/')).toEqual(['a/b/', 'a/bb/', 'a/e']);
      expect(await below('a/b/')).toEqual(['a/b/c', 'a/b/d']);
      expect(await below('none/')).toEqual([]);
      const [item] = (await collect(container.children('a/'))).filter((one) => typeof one !== 'string');
      expect(item).toEqual(await container.properties('a/e'));
    });

    test('deleting takes the blob, its block list, and what was left of a conflict', async () => {
      const container = await fresh();
      const etag = await put(container, hourName, 'one');
      await put(container, 'other', 'x');
      expect(await codeOf(container.delete(hourName, '"0x0"'))).toBe('blob-conflict');
      expect(await container.delete(hourName, etag)).toBe(true);
      expect(await container.delete(hourName, etag)).toBe(false);
      expect(await container.properties(hourName)).toBeUndefined();
      expect((await collect(container.list())).map((item) => item.name)).toEqual(['other']);
      await put(container, hourName, 'two');
      expect(await text(container, hourName)).toBe('two');
      expect(await container.delete(hourName)).toBe(true);
    });

    test('a blob holds 1,000 blocks', async () => {
      const container = await fresh();
      const ids = Array.from({ length: 1000 }, (_, n) => id('D', n));
      for (let n = 0; n < ids.length; n += 20)
        await Promise.all(
          ids.slice(n, n + 20).map(async (name, i) => await container.stageBlock('a', name, bytes(`${n + i};`))),
        );
      const { etag } = await container.commitBlocks('a', ids, undefined);
      await container.stageBlock('a', id('E'), bytes('more;'));
      await container.commitBlocks('a', [...ids.slice(0, -1), id('E'), ...ids.slice(-1)], etag);
      const expected = `${ids
        .slice(0, -1)
        .map((_, n) => `${n};`)
        .join('')}more;999;`;
      expect(await text(container, 'a')).toBe(expected);
      expect((await container.blocks('a'))?.blocks).toHaveLength(1001);
    });

    test('a large blob comes back as it went, whole and in ranges', async () => {
      const container = await fresh();
      const half = new Uint8Array(subject.largeBytes / 2);
      for (let i = 0; i < half.length; i++) half[i] = (i * 31 + (i >> 8)) & 255;
      await container.stageBlock('large', id('D', 1), half);
      await container.stageBlock('large', id('D', 2), half.toReversed());
      const { etag } = await container.commitBlocks('large', [id('D', 1), id('D', 2)], undefined);
      const whole = Buffer.concat([half, half.toReversed()]);
      expect(Buffer.compare((await container.read('large')).bytes, whole)).toBe(0);
      const middle = await container.read('large', half.length - 1000, half.length + 1000);
      expect(Buffer.compare(middle.bytes, whole.subarray(half.length - 1000, half.length + 1000))).toBe(0);
      await container.stageBlock('large', id('D', 3), bytes('between'));
      await container.commitBlocks('large', [id('D', 1), id('D', 3), id('D', 2)], etag);
      expect(await text(container, 'large', half.length, half.length + 7)).toBe('between');
      expect((await container.properties('large'))?.lengthBytes).toBe(whole.length + 7);
    });

    test('an account names its containers', async () => {
      const account = await subject.account();
      const name = `contract-names-${process.pid}`;
      await put(account.container(name), 'a', 'x');
      expect(await collect(account.containers())).toContain(name);
      expect(account.container(name)).toBe(account.container(name));
      expect(account.container(name).name).toBe(name);
      for (const bad of ['', '..', 'a', 'Upper', 'a/b', '.nsgflow', 'a--b'])
        expect(() => account.container(bad)).toThrow('is not a valid container name');
    });

    test('an account makes containers, and removes them with all that is in them', async () => {
      const account = await subject.account();
      const name = `contract-made-${process.pid}`;
      const names = async (): Promise<string[]> => (await collect(account.containers())).filter((one) => one === name);
      expect(await account.makeContainer?.(name)).toBe(true);
      expect(await account.makeContainer?.(name)).toBe(false);
      expect(await names()).toEqual([name]);
      expect(await collect(account.container(name).list())).toEqual([]);
      await put(account.container(name), hourName, 'x');
      expect(await account.removeContainer?.(name)).toBe(true);
      expect(await names()).toEqual([]);
      expect(await account.container(name).properties(hourName)).toBeUndefined();
      expect(await account.removeContainer?.(name)).toBe(false);
      for (const bad of ['..', 'a/b', '.nsgflow']) {
        expect(await codeOf(account.makeContainer?.(bad) ?? Promise.resolve())).toBe('usage');
        expect(await codeOf(account.removeContainer?.(bad) ?? Promise.resolve())).toBe('usage');
      }
    });
  });
}
