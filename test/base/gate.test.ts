import { expect, test } from 'vitest';
import { Gate } from '../../src/base/gate.ts';

/** Calls of a gate that end when they are told to, and what began, in order. */
function calls(gate: Gate) {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const call = (name: string, signal?: AbortSignal): Promise<string> =>
    gate.pass(async () => {
      began.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    }, signal);
  return { began, call, end: (name: string) => ends.get(name)!() };
}

test('so many calls run at once, and others begin in the order in which they came', async () => {
  const { began, call, end } = calls(new Gate(2));
  const all = ['a', 'b', 'c', 'd'].map((name) => call(name));
  await Promise.resolve();
  expect(began).toEqual(['a', 'b']);
  end('b');
  expect(await all[1]).toBe('b');
  expect(began).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c']) end(name);
  await Promise.all([all[0], all[2]]);
  const last = call('e');
  expect(began).toEqual(['a', 'b', 'c', 'd', 'e']);
  for (const name of ['d', 'e']) end(name);
  expect(await Promise.all([...all, last])).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a signal ends a call that waits at once, and the next one has its place', async () => {
  const { began, call, end } = calls(new Gate(1));
  const stop = new AbortController();
  const [first, second, third] = [call('a'), call('b', stop.signal), call('c')];
  stop.abort('enough');
  await expect(second).rejects.toBe('enough');
  await expect(call('d', stop.signal)).rejects.toBe('enough');
  expect(began).toEqual(['a']);
  end('a');
  await first;
  expect(began).toEqual(['a', 'c']);
  end('c');
  expect(await third).toBe('c');
});

test('a call that fails leaves its place, and a signal that aborts later takes none', async () => {
  const gate = new Gate(1);
  const stop = new AbortController();
  await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  const { began, call, end } = calls(gate);
  const first = call('a');
  const second = call('b', stop.signal);
  end('a');
  await first;
  expect(began).toEqual(['a', 'b']);
  const third = call('c');
  stop.abort('late');
  expect(began).toEqual(['a', 'b']);
  end('b');
  expect(await second).toBe('b');
  expect(began).toEqual(['a', 'b', 'c']);
  end('c');
  await third;
});
