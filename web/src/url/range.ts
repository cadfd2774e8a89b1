/** Time ranges of addresses: `-6h` until now, or two times. */

export interface Range {
  /** Epoch milliseconds; the end is excluded. */
  readonly from: number;
  readonly to: number;
}

export interface Preset {
  readonly from: string;
  readonly label: string;
}

export const presets: readonly Preset[] = [
  { from: '-15m', label: 'Last 15 minutes' },
  { from: '-1h', label: 'Last hour' },
  { from: '-3h', label: 'Last 3 hours' },
  { from: '-6h', label: 'Last 6 hours' },
  { from: '-24h', label: 'Last 24 hours' },
  { from: '-7d', label: 'Last 7 days' },
  { from: '-30d', label: 'Last 30 days' },
];

const unitMillis: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A time of an address, epoch milliseconds; `undefined` where it is none. Times without a zone are UTC. */
export function readTime(text: string, now: number): number | undefined {
  const ago = /^-(\d{1,6})([mhdw])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * unitMillis[ago[2]];
  if (/^\d{9,11}$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,14}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const spaced = text.replace(' ', 'T');
  const zoned = /(?:Z|[+-]\d\d:\d\d)$/i.test(spaced)
    ? spaced
    : spaced.includes('T')
      ? `${spaced}Z`
      : `${spaced}T00:00Z`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}

/** The range of an address; `undefined` where a time is wrong or the range is empty. */
export function readRange(from: string, to: string, now: number): Range | undefined {
  const start = readTime(from, now);
  const end = to === '' ? now : readTime(to, now);
  return start === undefined || end === undefined || start >= end ? undefined : { from: start, to: end };
}

/** A time for an address: to the minute where it is one. */
export function writeTime(time: number): string {
  const text = new Date(time).toISOString();
  if (time % 60_000 === 0) return `${text.slice(0, 16)}Z`;
  return time % 1000 === 0 ? `${text.slice(0, 19)}Z` : text;
}

export function writeRange({ from, to }: Range): { from: string; to: string } {
  return { from: writeTime(from), to: writeTime(to) };
}

/** The range moved by its own length. */
export function shiftRange({ from, to }: Range, steps: number): Range {
  const length = to - from;
  return { from: from + steps * length, to: to + steps * length };
}

/** Twice as long, with the same middle, but not beyond now. */
export function zoomOut({ from, to }: Range, now: number): Range {
  const half = (to - from) / 2;
  const end = Math.min(to + half, Math.max(now, to));
  return { from: Math.floor(end - 4 * half), to: Math.ceil(end) };
}

const steps = [
  1, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
].map((seconds) => seconds * 1000);

/** Width of the buckets of a chart: round, and at most `countMax` of them. */
export function bucketOf({ from, to }: Range, countMax: number): number {
  return steps.find((step) => (to - from) / step <= countMax) ?? steps.at(-1)!;
}

/** Round times of an axis, `step` apart, at most `countMax`. */
export function axisTimes({ from, to }: Range, countMax: number): number[] {
  const step = axisSteps.find((one) => (to - from) / one <= countMax) ?? axisSteps.at(-1)!;
  const times: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) times.push(time);
  return times;
}

const axisSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  2_419_200,
].map((seconds) => seconds * 1000);
