/** What every storage of a lake must do: each implementation runs this suite. */
import { describe, expect, test } from 'vitest';
import type { Storage } from '../../../src/lake/storage/storage.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : new TextDecoder().decode(found);

/** `make` gives empty storage, and a second view of it, as another process has one. */
export function storageContract(name: string, make: () => Promise<{ storage: Storage; other: Storage }>): void {
  describe(`${name}: storage`, () => {
    test('lists names that begin with a prefix, ascending, also in folders below', async () => {
      const { storage, other } = await make();
      expect(await storage.list('')).toEqual([]);
      const names = ['log/2.json', 'log/10.json', 'log/1.json', 'log/sub/x', 'log-other/1.json', 'top'];
      for (const one of names) await storage.put(one, bytes(one));
      expect(await other.list('')).toEqual([...names].sort());
      expect(await other.list('log/')).toEqual(['log/1.json', 'log/10.json', 'log/2.json', 'log/sub/x']);
      expect(await other.list('log/1')).toEqual(['log/1.json', 'log/10.json']);
      expect(await other.list('log')).toEqual([
        'log-other/1.json',
        'log/1.json',
        'log/10.json',
        'log/2.json',
        'log/sub/x',
      ]);
      expect(await other.list('log/sub/x')).toEqual(['log/sub/x']);
      expect(await other.list('none/')).toEqual([]);
      expect(await other.list('log/3')).toEqual([]);
    });

    test('reads a file and ranges of it; behind its end there is nothing', async () => {
      const { storage, other } = await make();
      await storage.put('a/b', bytes('0123456789'));
      await storage.put('empty', bytes(''));
      expect(text(await other.read('a/b'))).toBe('0123456789');
      expect(text(await other.read('a/b', 3))).toBe('3456789');
      expect(text(await other.read('a/b', 0, 4))).toBe('0123');
      expect(text(await other.read('a/b', 3, 5))).toBe('34');
      expect(text(await other.read('a/b', 5, 5))).toBe('');
      expect(text(await other.read('a/b', 8, 100))).toBe('89');
      expect(text(await other.read('a/b', 10, 12))).toBe('');
      expect(text(await other.read('a/b', 50, 60))).toBe('');
      expect(text(await other.read('empty'))).toBe('');
      for (const none of ['none', 'a/none', 'a/b/c', 'a']) expect(await other.read(none), none).toBeUndefined();
      expect(await other.read('none', 1, 2)).toBeUndefined();
    });

    test('puts bytes as they are, and replaces a file whole', async () => {
      const { storage, other } = await make();
      const all = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 256);
      expect(await storage.put('x', all)).toBe(true);
      expect(Buffer.from((await other.read('x'))!).equals(all)).toBe(true);
      expect(await other.put('x', bytes('short'))).toBe(true);
      expect(text(await storage.read('x'))).toBe('short');
    });

    test('replaces nothing where a file is to be absent', async () => {
      const { storage, other } = await make();
      expect(await storage.put('log/1', bytes('mine'), { ifAbsent: true })).toBe(true);
      expect(await other.put('log/1', bytes('yours'), { ifAbsent: true })).toBe(false);
      expect(await storage.put('log/1', bytes('mine'), { ifAbsent: true })).toBe(false);
      expect(text(await other.read('log/1'))).toBe('mine');
      await other.delete('log/1');
      expect(await other.put('log/1', bytes('yours'), { ifAbsent: true })).toBe(true);
      expect(text(await storage.read('log/1'))).toBe('yours');
    });

    test('lets one win of many who put at once, with all of its bytes', async () => {
      const { storage, other } = await make();
      const views = [storage, other];
      for (let round = 0; round < 5; round++) {
        const put = async (i: number): Promise<number | undefined> =>
          (await views[i % 2].put(`log/${round}`, bytes(String(i).repeat(5000)), { ifAbsent: true })) ? i : undefined;
        const winners = (await Promise.all(Array.from({ length: 8 }, (_, i) => put(i)))).filter(
          (winner) => winner !== undefined,
        );
        expect(winners).toHaveLength(1);
        expect(text(await storage.read(`log/${round}`))).toBe(String(winners[0]).repeat(5000));
      }
    });

    test('shows no part of a file that is on its way', async () => {
      const { storage, other } = await make();
      const seen = new Set<number | undefined>();
      const state = { isDone: false };
      const big = new Uint8Array(4 << 20).fill(7);
      const putting = (async () => {
        for (let i = 0; i < 5; i++) await storage.put(`big/${i}`, big, { ifAbsent: true });
        state.isDone = true;
      })();
      while (!state.isDone)
        for (const one of await other.list('big/')) {
          expect(one).toMatch(/^big\/\d$/);
          seen.add((await other.read(one))?.length);
        }
      await putting;
      expect([...seen].filter((length) => length !== big.length)).toEqual([]);
    });

    test('deletes a file, and takes one that is gone for deleted', async () => {
      const { storage, other } = await make();
      await storage.put('a/b', bytes('x'));
      await storage.put('a/c', bytes('y'));
      await other.delete('a/b');
      await storage.delete('a/b');
      await storage.delete('never/was');
      expect(await other.list('')).toEqual(['a/c']);
    });

    test('takes names with all that file names may have, and none that leads elsewhere', async () => {
      const { storage, other } = await make();
      const odd = ['date=2026-11-20/part 1.parquet', "it's", 'é 😀', '100%25', 'a#b?c&d', '...', '_delta_log/.x'];
      for (const one of odd) await storage.put(one, bytes(one));
      expect((await other.list('')).sort()).toEqual([...odd].sort());
      for (const one of odd) expect(text(await other.read(one)), one).toBe(one);
      for (const wrong of ['', '/x', 'x/', 'a//b', '../x', 'a/../../x', './x', 'a\0b']) {
        await expect(storage.put(wrong, bytes('x')), wrong).rejects.toThrow(/names a file below/);
        await expect(storage.read(wrong), wrong).rejects.toThrow(/names a file below/);
        await expect(storage.delete(wrong), wrong).rejects.toThrow(/names a file below/);
      }
    });
  });
}
