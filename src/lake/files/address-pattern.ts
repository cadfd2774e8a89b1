/**
 * Ranges of IPv4 addresses as regular expressions over their text, for engines that keep addresses as text: RE2's syntax, which
 * DuckDB and ClickHouse share. An engine tries it once a distinct address of a row group (docs/how-it-works/decisions/0015-lake-layout.md).
 */

/**
 * An expression that matches exactly the texts of the IPv4 addresses `first` to `last`, both included, as 32-bit numbers, and no text
 * of an IPv6 address.
 */
export function ipv4RangePattern(first: number, last: number): string {
  return `^${octetsPattern(octetsOf(first), octetsOf(last))}`;
}

function octetsOf(bits: number): number[] {
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255];
}

/** Octets `first` to `last`, compared from the left; an empty list is the end of the text. */
function octetsPattern(first: readonly number[], last: readonly number[]): string {
  if (first.length === 0) return '$';
  const [low, ...lowRest] = first;
  const [high, ...highRest] = last;
  const dot = first.length > 1 ? String.raw`\.` : '';
  const zeros = lowRest.map(() => 0);
  const all = lowRest.map(() => 255);
  const startsWhole = lowRest.every((octet) => octet === 0);
  const endsWhole = highRest.every((octet) => octet === 255);
  if (low === high && !(startsWhole && endsWhole)) return low + dot + octetsPattern(lowRest, highRest);
  const parts: string[] = [];
  if (!startsWhole) parts.push(low + dot + octetsPattern(lowRest, all));
  const from = startsWhole ? low : low + 1;
  const to = endsWhole ? high : high - 1;
  // Of whole octets, what comes behind the dot needs no look.
  if (from <= to) parts.push(`${octetPattern(from, to)}${dot === '' ? '$' : dot}`);
  if (!endsWhole) parts.push(high + dot + octetsPattern(zeros, highRest));
  return parts.length === 1 ? parts[0] : `(?:${parts.join('|')})`;
}

function octetPattern(from: number, to: number): string {
  if (from === 0 && to === 255) return String.raw`\d+`;
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return numbers.length === 1 ? String(from) : `(?:${numbers.join('|')})`;
}
