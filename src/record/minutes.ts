/**
 * Runs the packets of a recording through its minutes, with the work between two packets: it flushes each minute that
 * ends, changes rules between two minutes, and sets the clock back if the packets require it.
 */
import { minuteMillis } from '../base/time.ts';
import { limits } from '../base/limits.ts';
import type { FlowMeter } from '../flow/observe.ts';
import type { PacketBatch } from '../net/packet.ts';
import type { ActiveConfiguration } from './active-configuration.ts';
import type { FlushKey } from './flush.ts';
import type { FlowLogSettings, RecordingConfiguration } from './recording-settings.ts';

export interface MinutesSettings {
  /** Identity of the input. */
  readonly input: string;
  readonly meter: FlowMeter;
  readonly configuration: ActiveConfiguration;
  /** The batch that `take` reads. */
  readonly packets: PacketBatch;
  /** Writes the meter's events. */
  readonly write: (key: FlushKey) => void;
  /** Waits while the writer is behind: a minute with many flows has many parts. */
  readonly room: () => Promise<void>;
  /** See RecordSettings. */
  readonly configure: ((minuteMillis: number) => RecordingConfiguration | undefined) | undefined;
  readonly flowLogs: ((flushMillis: number) => readonly FlowLogSettings[] | undefined) | undefined;
  /** Called when the clock goes back. */
  readonly onBack: (fromMillis: number, toMillis: number) => void;
}

export class Minutes {
  readonly #settings: MinutesSettings;
  /** Number of flushes of the open minute. */
  #part = 0;
  /** How often the clock went back. */
  #backs = 0;
  /** Consecutive last observed packets that were too old for the open minute. */
  #past = 0;

  constructor(settings: MinutesSettings) {
    this.#settings = settings;
  }

  /**
   * Reads the whole batch.
   * @returns `undefined` if there was nothing to wait for, as for nearly all batches
   */
  take(): Promise<void> | undefined {
    const { meter, configuration, packets } = this.#settings;
    if (packets.count > 0 && Number.isNaN(meter.boundaryMillis)) this.#configure(floorMinute(packets.timeMillis[0]));
    configuration.translator.translate(packets);
    const row = this.#observeOn(0);
    return row < packets.count ? this.#takeFrom(row) : undefined;
  }

  /**
   * Advances the time without packets.
   * @param mayGoBack `nowMillis` is from the clock that also gives the packets their times
   */
  async passTime(nowMillis: number, mayGoBack: boolean): Promise<void> {
    if (mayGoBack && this.#isPast(nowMillis)) await this.#setBack(nowMillis);
    while (nowMillis >= this.#settings.meter.boundaryMillis) await this.#end(nowMillis);
  }

  /** Ends all flows. */
  async finish(): Promise<void> {
    while (!this.#settings.meter.finish()) await this.#flushOn();
    await this.#flushOn();
  }

  async #takeFrom(start: number): Promise<void> {
    for (let row = start; row < this.#settings.packets.count; row = this.#observeOn(row)) await this.#workBefore(row);
  }

  /**
   * Observes packets from `row` on, up to the first that needs other work before it.
   * @returns its row, or the batch's count
   */
  #observeOn(row: number): number {
    const { count } = this.#settings.packets;
    for (let from = row; from < count;) {
      const at = this.#observe(from);
      if (at === from) return at;
      from = at;
    }
    return count;
  }

  /**
   * Observes packets from `row` on.
   * @returns where it stopped; `row` if other work is needed first
   */
  #observe(row: number): number {
    const { meter, packets } = this.#settings;
    const { translator } = this.#settings.configuration;
    const timeMillis = packets.timeMillis[row];
    if (this.#isDue(timeMillis)) return row;
    const isPast = this.#isPast(timeMillis);
    const end = isPast || Number.isNaN(meter.boundaryMillis) ? row + 1 : this.#firstPast(row);
    const split = translator.nextSplit(row, end);
    const stop = meter.observe(packets, row, split);
    const hasCrossed = stop === split && split < end && meter.observeViews(translator.viewsOf(packets, split));
    const at = hasCrossed ? split + 1 : stop;
    if (at > row) this.#past = isPast ? this.#past + 1 : 0;
    return at;
  }

  /** Does the work that is due before the packet in `row`. */
  async #workBefore(row: number): Promise<void> {
    const { configuration, packets } = this.#settings;
    const timeMillis = packets.timeMillis[row];
    if (!this.#isDue(timeMillis)) return this.#flushOn();
    await (this.#isPast(timeMillis) ? this.#setBack(timeMillis) : this.#end(timeMillis));
    configuration.translator.translateAgain(packets, row);
  }

  /** Whether the clock must move, forward or back, before a packet with this time. */
  #isDue(timeMillis: number): boolean {
    const isBack = this.#past === limits.clockBackPacketsMin - 1 && this.#isPast(timeMillis);
    return isBack || timeMillis >= this.#settings.meter.boundaryMillis;
  }

  #isPast(timeMillis: number): boolean {
    return this.#backs < limits.clockBacksMax && timeMillis < this.#settings.meter.pastMillis;
  }

  /** The first row from `row` on with a packet that is too old; the batch's count if there is none. */
  #firstPast(row: number): number {
    const { meter, packets } = this.#settings;
    const { count, timeMillis } = packets;
    if (this.#backs === limits.clockBacksMax) return count;
    const { pastMillis } = meter;
    let at = row;
    while (at < count && timeMillis[at] >= pastMillis) at++;
    return at;
  }

  /** Ends the open minute. Without flows, the next minute is that of the next packet. */
  async #end(nextPacketMillis: number): Promise<void> {
    const { meter } = this.#settings;
    while (!meter.advance()) await this.#flushOn();
    await this.#flushOn();
    const ended = meter.boundaryMillis;
    this.#configure(ended);
    meter.nextMinute(nextPacketMillis);
    const began = meter.boundaryMillis - minuteMillis;
    if (began > ended) this.#configure(began);
    this.#part = 0;
  }

  /** Starts again in an earlier minute. */
  async #setBack(timeMillis: number): Promise<void> {
    const { meter, onBack } = this.#settings;
    await this.finish();
    onBack(meter.boundaryMillis - minuteMillis, timeMillis);
    meter.restart(timeMillis);
    this.#backs++;
    this.#past = 0;
    this.#part = 0;
    this.#configure(meter.boundaryMillis - minuteMillis);
  }

  #configure(atMillis: number): void {
    const { meter, configuration, configure } = this.#settings;
    this.#takeFlowLogs();
    const next = configure?.(atMillis);
    if (next !== undefined) configuration.change(next, meter, () => this.#write());
  }

  async #flushOn(): Promise<void> {
    this.#flush();
    await this.#settings.room();
  }

  #flush(): void {
    this.#takeFlowLogs();
    this.#write();
  }

  #takeFlowLogs(): void {
    const { meter, configuration, flowLogs } = this.#settings;
    const changed = flowLogs?.(meter.boundaryMillis);
    if (changed !== undefined) configuration.changeFlowLogs(changed);
  }

  #write(): void {
    const { input, meter, write } = this.#settings;
    // A minute that is recorded again has its own blocks.
    const turn = this.#backs === 0 ? input : `${input} back ${this.#backs}`;
    write({ input: turn, timeMillis: meter.boundaryMillis, part: this.#part });
    meter.events.columns.count = 0;
    this.#part++;
  }
}

function floorMinute(timeMillis: number): number {
  return Math.floor(timeMillis / minuteMillis) * minuteMillis;
}
