/**
 * What was set when: networks and flow logs of a recording that change while it runs. A minute is written after its end, and packets come late; what counts
 * is what was set when they happened.
 *
 * A flow log is on from one switch to the next, to the millisecond. A network is in force from the first whole minute that begins when it is set, or later.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import { limits } from '../base/limits.ts';
import { minuteMillis } from '../base/time.ts';
import type { Network } from '../nsg/network.ts';
import type { FlowLogSettings, RecordingConfiguration } from './recording-settings.ts';

/** The network as it was at some moment, built when it is called. */
export type NetworkMaker = () => Network;

/** One setting of one flow log, and when it held. */
interface Version {
  readonly settings: FlowLogSettings;
  /** In order. Where it still holds, the last one ends at Infinity. */
  spans: { readonly fromMillis: number; untilMillis: number }[];
}

export class Timeline {
  /** Networks that are not in force yet, in order of the minutes from which on they will be. */
  readonly #ahead: { readonly fromMillis: number; readonly network: NetworkMaker }[] = [];
  /** By flow log, in order of time. */
  readonly #versions = new Map<string, Version[]>();
  #ended = 0;
  #changed = false;
  /** The minute that was asked for last. */
  #minuteMillis = Number.NEGATIVE_INFINITY;
  /** End of the minute that was written last. */
  #writtenMillis = Number.NEGATIVE_INFINITY;

  /** `flowLogs` are on since ever. */
  constructor(flowLogs: readonly FlowLogSettings[]) {
    for (const settings of flowLogs) this.setFlowLog(Number.NEGATIVE_INFINITY, settings.id, settings);
    this.#changed = false;
  }

  /** Sets the network. */
  setNetwork(atMillis: number, network: NetworkMaker): void {
    const fromMillis = Math.ceil(atMillis / minuteMillis) * minuteMillis;
    const ahead = this.#ahead;
    while (ahead.length > 0 && ahead[ahead.length - 1].fromMillis >= fromMillis) ahead.pop();
    ahead.push({ fromMillis, network });
    if (ahead.length > limits.networksAheadMax) ahead.shift();
  }

  /** Switches a flow log on with these settings, or off where there are none. A time before its last switch counts as that. */
  setFlowLog(atMillis: number, id: string, settings: FlowLogSettings | undefined): void {
    const key = resourceKey(id);
    const versions = this.#versions.get(key) ?? [];
    const last = versions.at(-1);
    const on = last !== undefined && isOpen(last) ? last : undefined;
    if (on === undefined ? settings === undefined : isSame(on.settings, settings)) return;
    const millis = this.#later(atMillis, last);
    if (on !== undefined) this.#end(on, millis);
    if (settings !== undefined) {
      if (last !== undefined && isSame(last.settings, settings)) last.spans.push(since(millis));
      else versions.push({ settings, spans: [since(millis)] });
    }
    this.#versions.set(key, versions);
    this.#changed = true;
  }

  /** The flow logs with their spans, where they are others than when they were asked for last; `flushMillis` is the end of the minute that is written. */
  flowLogs(flushMillis: number): readonly FlowLogSettings[] | undefined {
    this.#writtenMillis = flushMillis;
    return this.#changed ? this.#settings() : undefined;
  }

  /** What is in force from a whole minute on, where the network is another than before. An earlier minute than before says that the clock went back. */
  configure(minute: number): RecordingConfiguration | undefined {
    const wentBack = minute < this.#minuteMillis;
    this.#minuteMillis = minute;
    if (wentBack) this.#beginAnew();
    else this.#forget(minute - limits.flowLogSpansMillis);
    const due = wentBack ? this.#ahead.length : this.#ahead.filter(({ fromMillis }) => fromMillis <= minute).length;
    const network = this.#ahead.splice(0, due).at(-1)?.network;
    return network === undefined ? undefined : { network: network(), flowLogs: this.#settings() };
  }

  #settings(): FlowLogSettings[] {
    this.#changed = false;
    return [...this.#versions.values()].flat().map(({ settings, spans }) => ({
      ...settings,
      ...(isAlways(spans) ? {} : { spans: spans.map((span) => ({ ...span })) }),
    }));
  }

  /** When a switch counts: not before an earlier one, nor before what was written. */
  #later(atMillis: number, last: Version | undefined): number {
    const { fromMillis, untilMillis } = last?.spans.at(-1) ?? since(Number.NEGATIVE_INFINITY);
    const millis = Math.max(atMillis, untilMillis === Number.POSITIVE_INFINITY ? fromMillis : untilMillis);
    return millis === this.#writtenMillis ? millis + 1 : millis;
  }

  #end(version: Version, millis: number): void {
    const span = version.spans[version.spans.length - 1];
    span.untilMillis = millis;
    if (++this.#ended <= limits.flowLogSpansMax) return;
    const ends = [...this.#versions.values()].flatMap((versions) =>
      versions.flatMap(({ spans }) => spans.map(({ untilMillis }) => untilMillis)),
    );
    ends.sort((a, b) => a - b);
    this.#forget(ends[Math.floor(limits.flowLogSpansMax / 2)]);
  }

  /** Forgets what ended before a time. */
  #forget(beforeMillis: number): void {
    this.#ended = 0;
    for (const [key, versions] of this.#versions) {
      for (const version of versions)
        version.spans = version.spans.filter(({ untilMillis }) => untilMillis >= beforeMillis);
      const kept = versions.filter(({ spans }) => spans.length > 0);
      if (kept.length === 0) this.#versions.delete(key);
      else if (kept.length < versions.length) this.#versions.set(key, kept);
      for (const { spans } of kept) this.#ended += spans.length;
    }
  }

  /** The clock went back: what is on now is on for all that comes. */
  #beginAnew(): void {
    this.#writtenMillis = Number.NEGATIVE_INFINITY;
    this.#changed = true;
    this.#ended = 0;
    for (const [key, versions] of this.#versions) {
      const on = versions.find(isOpen);
      if (on === undefined) this.#versions.delete(key);
      else this.#versions.set(key, [{ settings: on.settings, spans: [since(Number.NEGATIVE_INFINITY)] }]);
    }
  }
}

function since(fromMillis: number): { readonly fromMillis: number; untilMillis: number } {
  return { fromMillis, untilMillis: Number.POSITIVE_INFINITY };
}

function isOpen({ spans }: Version): boolean {
  return spans.at(-1)?.untilMillis === Number.POSITIVE_INFINITY;
}

function isAlways(spans: Version['spans']): boolean {
  return spans.length === 1 && spans[0].fromMillis === Number.NEGATIVE_INFINITY && spans[0].untilMillis === Infinity;
}

function isSame(one: FlowLogSettings, other: FlowLogSettings | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
