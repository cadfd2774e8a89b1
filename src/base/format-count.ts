/** A whole number with thousands separators. `toLocaleString` gives the same text, but its first call takes 15 ms. */
export function formatCount(value: number): string {
  let rest = String(Math.abs(value));
  let text = '';
  for (; rest.length > 3; rest = rest.slice(0, -3)) text = `,${rest.slice(-3)}${text}`;
  return `${value < 0 ? '-' : ''}${rest}${text}`;
}

/** `1 date`, `2 dates`. */
export function formatCountOf(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}
