/** Logs of two NICs as a follower meets them, minute by minute: connections of all lengths, logs that come late, and blobs that are written anew. */
import { hourMillis, minuteMillis } from '../../../src/base/time.ts';
import type { PlainRecord, PlainTuple } from '../build-flow-log.ts';

export const followStart = Date.parse('2023-11-14T00:00:00Z');

/** What a follower reads in one minute: a blob, with records that it did not have, or with all of them again. */
export interface FollowStep {
  readonly blob: string;
  readonly records: readonly PlainRecord[];
  readonly replaces: boolean;
}

/** A blob of one NIC and hour, as it stands. */
interface Blob {
  readonly name: string;
  readonly records: PlainRecord[];
  /** Records that a follower has read. */
  read: number;
  /** It cannot be read before this minute. */
  awayUntil: number;
}

const nics = ['outbound', 'inbound'] as const;

export class FollowedLogs {
  readonly #random: () => number;
  readonly #perMinute: number;
  readonly #blobs = new Map<string, Blob>();
  /** Connections that go on: the minute of the next tuple, how many there are still to come, and the source port. */
  #alive: { next: number; left: number; readonly port: number }[] = [];
  #ports = 0;

  /** `perMinute`: connections that begin in a minute, which may be less than one. */
  constructor(random: () => number, perMinute: number) {
    this.#random = random;
    this.#perMinute = perMinute;
  }

  /** Whether all was read. */
  get isRead(): boolean {
    return [...this.#blobs.values()].every(({ read, records }) => read === records.length);
  }

  /** What a follower that looks at a minute since `followStart` reads. The second NIC's logs come ten minutes later. */
  read(minute: number): FollowStep[] {
    const steps: FollowStep[] = [];
    for (const blob of this.#blobs.values()) {
      if (blob.awayUntil > minute) continue;
      if (blob.read > 1 && this.#random() < 0.06) {
        const changed = Math.floor(this.#random() * blob.read);
        const { tuples, ...rest } = blob.records[changed];
        blob.records[changed] = { ...rest, tuples: tuples.slice(0, -1) };
        steps.push({ blob: blob.name, records: blob.records.slice(), replaces: true });
      } else if (blob.read < blob.records.length)
        steps.push({ blob: blob.name, records: blob.records.slice(blob.read), replaces: false });
      blob.read = blob.records.length;
      // Now and then storage does not answer for hours.
      if (this.#random() < 0.02) blob.awayUntil = minute + 30 + Math.floor(this.#random() * 300);
    }
    for (const [name, { records, read, awayUntil }] of this.#blobs)
      if (read === records.length && awayUntil <= minute && minute - this.#hourOf(name) * 60 > 150)
        this.#blobs.delete(name);
    return steps;
  }

  #hourOf(name: string): number {
    return Number(name.split('/')[1]);
  }

  /** What both NICs log in a minute. */
  log(minute: number): void {
    const random = this.#random;
    const tuples: PlainTuple[] = [];
    const add = (port: number, state: NonNullable<PlainTuple['state']>, seconds: number): void => {
      const isDenied = state === 'denied';
      const counts = [1 + Math.floor(random() * 9), 60 + Math.floor(random() * 9000), 1, 60] as const;
      const time = followStart + minute * minuteMillis + Math.floor(seconds * 1000);
      const counted = state === 'continuing' || state === 'end' ? { counters: counts } : {};
      const access = isDenied ? 'deny' : 'allow';
      tuples.push({ time, src: '10.0.0.4', dst: '10.0.1.5', srcPort: 1024 + port, state, access, ...counted });
    };
    for (const one of this.#alive)
      if (one.next <= minute) {
        one.next = minute + 5;
        add(one.port, --one.left > 0 ? 'continuing' : 'end', random() * 60);
      }
    this.#alive = this.#alive.filter(({ left }) => left > 0);
    const begun = Math.floor(this.#perMinute) + (random() < this.#perMinute % 1 ? 1 : 0);
    for (let i = 0; i < begun; i++) {
      // Ports come again after a while.
      const port = this.#ports++ % 20_000;
      const kind = random();
      const seconds = random() * 50;
      add(port, kind < 0.1 ? 'denied' : 'begin', seconds);
      if (kind >= 0.1 && kind < 0.7) add(port, 'end', seconds + 3);
      // Some never end, as the log says.
      else if (kind >= 0.75) {
        const left = kind < 0.98 ? 1 + Math.floor(random() * 4) : 20 + Math.floor(random() * 300);
        this.#alive.push({ next: minute + 5, left, port });
      }
    }
    for (const [nic, direction] of nics.entries()) {
      const name = `${nic}/${Math.floor((minute * minuteMillis) / hourMillis)}`;
      let blob = this.#blobs.get(name);
      if (blob === undefined) {
        const awayUntil = random() < 0.05 ? minute + 200 : 0;
        this.#blobs.set(
          name,
          (blob = { name, records: [], read: 0, awayUntil: Math.max(awayUntil, minute + 10 * nic) }),
        );
      }
      const seen = tuples.filter(() => random() > 0.01);
      // A NIC whose clock is behind.
      const own = seen.map((tuple) => ({
        ...tuple,
        direction,
        time: tuple.time + 400 * nic,
        mac: `000D3A00000${nic}`,
      }));
      if (own.length === 0) continue;
      const time = followStart + (minute + 1) * minuteMillis;
      blob.records.push({ time, startByte: 1000 * (blob.records.length + 1), tuples: own });
    }
  }
}
