import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `30s`, `5m`, `2h`, `1.5d` in milliseconds, above 0; without a unit, seconds. @throws usage */
export function parseDuration(name: string, text: string): number {
  return parseAmount(name, text, durationUnits, 's', 'a time such as 30s, 5m or 2h');
}

/** A time to wait, in milliseconds: timers of Node count no longer ones. @throws usage */
export function parseDelay(name: string, text: string): number {
  const millis = parseDuration(name, text);
  if (millis <= limits.delayMillisMax) return millis;
  throw new FlowError('usage', `${name} is at most 24d, not ${JSON.stringify(text)}`);
}

/** `50MB`, `1.5GiB` in bytes, above 0; without a unit, bytes. @throws usage */
export function parseBytes(name: string, text: string): number {
  return parseAmount(name, text, byteUnits, 'B', 'a number of bytes such as 50MB or 2GiB');
}

function parseAmount(
  name: string,
  text: string,
  units: Readonly<Record<string, number>>,
  unitDefault: string,
  what: string,
): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  const unit = match === null ? undefined : match[2] || unitDefault;
  const value =
    match === null || unit === undefined || !Object.hasOwn(units, unit) ? 0 : Number(match[1]) * units[unit];
  if (value > 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw new FlowError('usage', `${name} takes ${what}, not ${JSON.stringify(text)}`);
}
