import { expect, test, vi } from 'vitest';
import { Patience } from '../../src/capture/patience.ts';

test('waits in turns, and listens once however many there are', async () => {
  let settle: (value: number) => void = () => undefined;
  const promise = new Promise<number>((resolve) => (settle = resolve));
  const listening = vi.spyOn(promise, 'then');
  const patience = new Patience(promise);
  for (let turn = 0; turn < 5; turn++) expect(await patience.settled(1)).toBe(false);
  const roused = patience.settled(undefined);
  patience.rouse();
  expect(await roused).toBe(false);
  const coming = patience.settled(60_000);
  settle(7);
  expect(await coming).toBe(true);
  expect(await patience.settled(0)).toBe(true);
  expect(listening).toHaveBeenCalledTimes(1);
  expect(await patience.promise).toBe(7);
});

test('a promise that fails has an outcome, too', async () => {
  const patience = new Patience(Promise.reject(new Error('no')));
  expect(await patience.settled(60_000)).toBe(true);
  await expect(patience.promise).rejects.toThrow('no');
});
