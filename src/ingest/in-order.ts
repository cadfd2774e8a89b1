/**
 * Works on several items in parallel and returns the results in the order of the items. At most `parallel` results,
 * with a total weight of about `weightMax` (a single item can have more), are started and not yet taken. Leaving the
 * loop early passes started results to `discard`.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<R>,
  limit: { readonly parallel: number; readonly weightMax: number; readonly weightOf: (item: T) => number },
  discard: (result: R) => Promise<void>,
): AsyncGenerator<{ readonly item: T; readonly result: R }> {
  const begun: { item: T; weight: number; result: Promise<R> }[] = [];
  let weight = 0;
  const finish = async function* (): AsyncGenerator<{ item: T; result: R }> {
    const { item, weight: its, result } = begun[0];
    const value = await result;
    begun.shift();
    weight -= its;
    yield { item, result: value };
  };
  try {
    for await (const item of items) {
      const its = limit.weightOf(item);
      while (begun.length >= limit.parallel || (begun.length > 0 && weight + its > limit.weightMax)) yield* finish();
      const result = work(item);
      // Awaited in its turn.
      result.catch(() => undefined);
      begun.push({ item, weight: its, result });
      weight += its;
    }
    while (begun.length > 0) yield* finish();
  } finally {
    for (const { result } of begun) await result.then(discard, () => undefined);
  }
}
