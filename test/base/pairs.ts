const long = process.env['NSGFLOW_LONG'] === '1';

/** In the long run each of `all` with each of `others`; else every one of both in a pair at least. */
export function pairs<A, B>(all: readonly A[], others: readonly B[]): [A, B][] {
  if (long) return all.flatMap((one) => others.map((other): [A, B] => [one, other]));
  return Array.from({ length: Math.max(all.length, others.length) }, (_, i) => [
    all[i % all.length],
    others[i % others.length],
  ]);
}
