import { expect, test, vi } from 'vitest';
import { TimedWait } from '../../src/capture/timed-wait.ts';

test('waits in turns, and listens once however many there are', async () => {
  let settle: (value: number) => void = () => undefined;
  const promise = new Promise<number>((resolve) => (settle = resolve));
  const listening = vi.spyOn(promise, 'then');
  const wait = new TimedWait(promise);
  for (let turn = 0; turn < 5; turn++) expect(await wait.settled(1)).toBe(false);
  const interrupted = wait.settled(undefined);
  wait.interrupt();
  expect(await interrupted).toBe(false);
  const coming = wait.settled(60_000);
  settle(7);
  expect(await coming).toBe(true);
  expect(await wait.settled(0)).toBe(true);
  expect(listening).toHaveBeenCalledTimes(1);
  expect(await wait.promise).toBe(7);
});

test('a promise that fails has an outcome, too', async () => {
  const wait = new TimedWait(Promise.reject(new Error('no')));
  expect(await wait.settled(60_000)).toBe(true);
  await expect(wait.promise).rejects.toThrow('no');
});
