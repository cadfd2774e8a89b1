/** Times for people, in UTC. */
import type { Range } from '../url/range.ts';
import { presets } from '../url/range.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `14:45`, or `14:45:26` where the seconds matter. */
export function clock(time: number, withSeconds = false): string {
  const date = new Date(time);
  const minutes = `${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}`;
  return withSeconds ? `${minutes}:${twoDigits(date.getUTCSeconds())}` : minutes;
}

/** `20 Nov` */
export function day(time: number): string {
  const date = new Date(time);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
}

export function dayAndClock(time: number, withSeconds = false): string {
  return `${day(time)} ${clock(time, withSeconds)}`;
}

/** `20 Nov 2026 14:45:26 UTC` and the same of the reader's zone: for titles. */
export function fullTime(time: number): string {
  const date = new Date(time);
  const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' }).format(date);
  return `${day(time)} ${date.getUTCFullYear()} ${clock(time, true)} UTC (${local})`;
}

/** `09:00 – 15:00`; with days where the range has several. */
export function rangeText({ from, to }: Range): string {
  const withSeconds = from % 60_000 !== 0 && to - from < 600_000;
  const isOneDay = day(from) === day(to - 1);
  const end = isOneDay ? clock(to, withSeconds) : dayAndClock(to, withSeconds);
  return `${isOneDay && Date.now() - to < 43_200_000 ? clock(from, withSeconds) : dayAndClock(from, withSeconds)} – ${end}`;
}

/** `Last 6 hours`, or the length of a range that has a fixed end. */
export function rangeName(from: string, to: string, range: Range | undefined): string {
  const preset = to === '' ? presets.find((one) => one.from === from) : undefined;
  if (preset !== undefined) return preset.label;
  return range === undefined ? 'No range' : `${to === '' ? 'Last ' : ''}${duration(range.to - range.from)}`;
}

/** `54 min`, `6 h`, `12 min 32 s`: the two largest units. */
export function duration(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 1) return `${Math.max(0, Math.round(millis))} ms`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** `41 s`, `14 min`, `3 h`, `10 d`: one unit. */
export function age(seconds: number): string {
  if (seconds < 100) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** `3-minute steps` */
export function stepText(millis: number): string {
  const seconds = millis / 1000;
  if (seconds < 60) return `${seconds}-second steps`;
  if (seconds < 3600) return `${seconds / 60}-minute steps`;
  return seconds < 86_400 ? `${seconds / 3600}-hour steps` : `${seconds / 86_400}-day steps`;
}

/** A label of a time axis: the date at midnight. */
export function axisLabel(time: number, range: Range): string {
  if (range.to - range.from > 4 * 86_400_000) return day(time);
  if (time % 86_400_000 === 0) return day(time);
  return clock(time, range.to - range.from <= 600_000 || time % 60_000 !== 0);
}
