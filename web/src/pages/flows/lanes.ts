/** The tuples of a conversation, an observer a lane: marks at their times, and what was counted between them. */
import type { FlowRow } from './row.ts';

export interface Mark {
  readonly time: number;
  readonly state: string;
  readonly letter: string;
  readonly isDenied: boolean;
}

export interface Interval {
  readonly from: number;
  readonly to: number;
  /** Bytes of the tuple at its end; `undefined` where they were not counted. */
  readonly sent: number | undefined;
  readonly received: number | undefined;
  /** Bytes by the second. */
  readonly sentRate: number;
  readonly receivedRate: number;
}

export interface Lane {
  readonly key: string;
  readonly nsg: string | null;
  readonly mac: string | null;
  readonly direction: string;
  readonly marks: readonly Mark[];
  readonly intervals: readonly Interval[];
  readonly mostRate: number;
  /** No end was logged. */
  readonly isOpen: boolean;
}

export function lanesOf(tuples: readonly FlowRow[]): Lane[] {
  const lanes = new Map<string, FlowRow[]>();
  for (const row of tuples) {
    const key = [row.nsg, row.mac, row.direction].join(' ');
    lanes.set(key, [...(lanes.get(key) ?? []), row]);
  }
  return [...lanes].map(([key, rows]) => {
    const sorted = rows.toSorted((left, right) => left.time - right.time);
    const intervals = sorted.slice(1).map((row, i): Interval => {
      const from = sorted[i].time;
      const seconds = Math.max(1, (row.time - from) / 1000);
      return {
        from,
        to: row.time,
        sent: row.bytesSent,
        received: row.bytesReceived,
        sentRate: (row.bytesSent ?? 0) / seconds,
        receivedRate: (row.bytesReceived ?? 0) / seconds,
      };
    });
    return {
      key,
      nsg: sorted[0].nsg,
      mac: sorted[0].mac,
      direction: sorted[0].direction,
      marks: sorted.map(({ time, state, access }) => ({
        time,
        state,
        letter: state.charAt(0).toUpperCase(),
        isDenied: access === 'deny',
      })),
      intervals: intervals.filter(({ from, to }) => to > from),
      mostRate: intervals.reduce((most, { sentRate, receivedRate }) => Math.max(most, sentRate, receivedRate), 0),
      isOpen: !sorted.some(({ state, access }) => state === 'end' || access === 'deny'),
    };
  });
}
