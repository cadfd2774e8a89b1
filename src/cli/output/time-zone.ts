import { FlowError } from '../../base/errors.ts';
import type { Result } from './result.ts';

/** The IANA name of a time zone; `local` is that of the machine. @throws usage */
export function readTimeZone(text: string): string {
  const zone = text === 'local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : text;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new FlowError('usage', `--timezone ${JSON.stringify(text)} is not a time zone`, {
      cause,
      hint: 'Such as Europe/Berlin, local or UTC.',
    });
  }
}

/** The result with its times as text in the zone: `2026-11-20 10:54:00`. For tables only. */
export function inTimeZone(result: Result, zone: string): Result {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const show = (value: unknown): unknown => {
    const millis = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(millis)) return value;
    const part = /\.\d*[1-9]\d*(?=Z$)/.exec(String(value));
    return format.format(millis) + (part?.[0] ?? '');
  };
  const isTime = result.columns.map(({ kind }) => kind === 'time');
  return {
    ...result,
    chunks: (async function* () {
      for await (const chunk of result.chunks)
        yield chunk.map((row) => row.map((value, i) => (isTime[i] ? show(value) : value)));
    })(),
  };
}
