/**
 * History of the networks and flow logs of a recording that change while it runs. A minute is written after its end,
 * and packets arrive late; the settings at the time of the event apply.
 *
 * A flow log is enabled from one switch to the next, to the millisecond. A network is in force from the first whole
 * minute that begins when it is set, or later.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import { limits } from '../base/limits.ts';
import { minuteMillis } from '../base/time.ts';
import type { Network } from '../nsg/network.ts';
import type { FlowLogSettings, RecordingConfiguration } from './recording-settings.ts';

/** Builds the network as it was when it was set. */
export type NetworkMaker = () => Network;

/** One version of a flow log's settings, and when it was valid. */
interface Version {
  readonly settings: FlowLogSettings;
  /** Sorted. If it is still valid, the last span ends at Infinity. */
  spans: { readonly fromMillis: number; untilMillis: number }[];
}

export class Timeline {
  /** Networks that are not in force yet, in order of their first minutes. */
  readonly #ahead: { readonly fromMillis: number; readonly network: NetworkMaker }[] = [];
  /** By flow log, in order of time. */
  readonly #versions = new Map<string, Version[]>();
  #ended = 0;
  #changed = false;
  /** The last minute for which the configuration was requested. */
  #minuteMillis = Number.NEGATIVE_INFINITY;
  /** End of the last written minute. */
  #writtenMillis = Number.NEGATIVE_INFINITY;

  /** @param flowLogs enabled from the beginning */
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

  /**
   * Enables a flow log with these settings, or disables it without settings. A time before its last switch counts as
   * the time of that switch.
   */
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

  /**
   * The flow logs with their spans, if they have changed since the last call.
   * @param flushMillis end of the minute being written
   */
  flowLogs(flushMillis: number): readonly FlowLogSettings[] | undefined {
    this.#writtenMillis = flushMillis;
    return this.#changed ? this.#settings() : undefined;
  }

  /**
   * The configuration from a whole minute on, if the network has changed. An earlier minute than before means that the
   * clock went back.
   */
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

  /** The effective time of a switch: not before an earlier switch, and not before the written minutes. */
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

  /** Removes versions that ended before a time. */
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

  /** The clock went back: everything that is enabled now is enabled from the beginning. */
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
