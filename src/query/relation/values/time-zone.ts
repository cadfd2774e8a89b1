/** Offsets of time zones, from the platform's own table. */

const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (formats.has(zone)) return formats.get(zone);
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    format = undefined;
  }
  formats.set(zone, format);
  return format;
}

/** How many microseconds the clocks of a time zone are ahead of UTC; `undefined` for a zone that is none. */
export function zoneOffset(epochMicros: bigint, zone: string): bigint | undefined {
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  const seconds = Math.floor(Number(epochMicros) / 1e6);
  const parts = new Map(format.formatToParts(new Date(seconds * 1000)).map(({ type, value }) => [type, value]));
  const at = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
  const shown = new Date(0);
  shown.setUTCFullYear(at('year'), at('month') - 1, at('day'));
  shown.setUTCHours(at('hour'), at('minute'), at('second'));
  return BigInt(Math.round(shown.getTime() / 1000 - seconds)) * 1_000_000n;
}
