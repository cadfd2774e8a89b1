/**
 * The recorder of the service: records packets of a capture or an interface with the network and the flow logs of the
 * control plane, as they change from minute to minute.
 */
import { Counters } from '../base/counters.ts';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { CaptureBatch } from '../capture/batch.ts';
import type { LiveSettings } from '../capture/live.ts';
import { readCaptures } from '../capture/merge-captures.ts';
import type { CaptureReader } from '../capture/merge-captures.ts';
import type { CaptureDamage, CaptureReason } from '../capture/reason.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import type { FlowLogState } from '../control/resources/snapshot.ts';
import { flowLogType } from '../control/types/flow-log.ts';
import { storageAccountType } from '../control/types/storage-account.ts';
import type { DeliveryStatus } from '../deliver/delivery-status.ts';
import { nothingCounted } from '../record/nothing-counted.ts';
import type { Quirks } from '../record/quirks.ts';
import type { PacketInput } from '../record/packet-input.ts';
import { interfaceInput, readerInput } from '../record/packet-input.ts';
import type { RecordResult } from '../record/record.ts';
import { record } from '../record/record.ts';
import type { FlowLogSettings } from '../record/recording-settings.ts';
import { openReplay } from '../record/replay.ts';
import type { NetworkMaker } from '../record/timeline.ts';
import { Timeline } from '../record/timeline.ts';
import type { Accounts } from './accounts.ts';
import type { PartHealth } from './routes/health.ts';

/** The source of packets. */
export type RecorderInput =
  | {
      readonly kind: 'capture';
      readonly paths: readonly string[];
      /** See ReplaySettings. */
      readonly pace: number;
      readonly shiftNow: boolean;
      readonly loop: boolean;
    }
  | {
      readonly kind: 'interface';
      readonly live: Omit<LiveSettings, 'stop' | 'onStart'>;
    }
  /** No packets; only blocks in the spool are delivered. */
  | { readonly kind: 'none' };

export interface RecorderSettings {
  readonly input: RecorderInput;
  readonly quirks: Quirks;
  readonly control: ControlPlane;
  readonly accounts: Accounts;
  readonly spoolFolder: string;
  readonly stop: AbortSignal;
  /** Called with a sentence for the user. */
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** Counters of the recorder. */
export interface RecorderFigures {
  readonly packets: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly flows: number;
  readonly delivery: DeliveryStatus | undefined;
  /** Delivered blocks. */
  readonly delivered: number;
  /** Of finished recordings. */
  readonly tuples: number;
}

export class Recorder {
  readonly #settings: RecorderSettings;
  readonly #refused = new Counters<CaptureReason>();
  readonly #damage = new Counters<CaptureDamage>();
  /** History of the settings of the current recording. */
  #timeline = new Timeline([]);
  /** The network of the timeline. */
  #network: NetworkMaker | undefined;
  /** The time of switches: that of the packets, epoch milliseconds. */
  #clock: () => number;
  #packetsBefore = 0;
  #packets = 0;
  #flows: () => number = () => 0;
  #delivery: (() => DeliveryStatus) | undefined;
  #lastDelivery: DeliveryStatus | undefined;
  #deliveredBefore = 0;
  #ended: Record<string, number> = {};
  #tuples = 0;
  #failure: string | undefined;
  #captureEnded = false;
  /** Why there are no packets although nothing failed; empty if there can be packets. */
  #quiet = '';
  #flowLogs = new Map<string, FlowLogState>();
  #flowLogsChanged = true;
  /** Retries unavailable storage. */
  #tryAgain: () => void = () => undefined;

  constructor(settings: RecorderSettings) {
    this.#settings = settings;
    this.#clock = settings.now;
    settings.control.onChange(({ id, type }) => {
      this.#take(id, type);
      this.#flowLogsChanged = true;
      if (decidesDelivery.has(type)) this.#tryAgain();
    });
  }

  /**
   * Records until it is stopped. After the end of a capture it only delivers the blocks in the spool.
   * @throws bug, usage, io
   */
  async run(): Promise<void> {
    const { input, stop } = this.#settings;
    if (input.kind === 'capture') await this.#recordCapture(input);
    else if (input.kind === 'interface') await this.#recordInterface(input.live);
    else this.#quiet = 'nothing is recorded: the service was started without --capture and --interface';
    if (!stop.aborted) await this.#record(readerInput(quietReader(stop)));
  }

  figures(): RecorderFigures {
    const running = this.#delivery?.();
    return {
      packets: this.#packetsBefore + this.#packets,
      refused: { ...this.#refused.toJSON(), ...this.#ended },
      flows: this.#flows(),
      delivery: running ?? this.#lastDelivery,
      delivered: this.#deliveredBefore + (running?.delivered ?? 0),
      tuples: this.#tuples,
    };
  }

  health(): PartHealth {
    const delivery = this.#delivery?.() ?? this.#lastDelivery;
    const reason = this.#failure ?? delivery?.reason ?? undefined;
    return { name: 'recorder', state: reason === undefined ? 'ok' : 'degraded', detail: reason ?? this.#quiet };
  }

  /** Whether the capture has ended and storage has all of its recording. */
  isDelivered(): boolean {
    const delivery = this.#delivery?.() ?? this.#lastDelivery;
    return this.#captureEnded && (delivery?.spoolBytes ?? 0) === 0;
  }

  async #recordCapture(input: RecorderInput & { kind: 'capture' }): Promise<void> {
    const { stop, now } = this.#settings;
    const counters = { refused: this.#refused, damage: this.#damage };
    const { pace, shiftNow, loop } = input;
    const open = (): Promise<CaptureReader> => readCaptures(input.paths, counters);
    const reader = await openReplay({ open, pace, shiftNow, loop, stop, now });
    this.#clock = () => reader.clockMillis();
    const result = await this.#record(readerInput(reader));
    this.#clock = now;
    if (stop.aborted) return;
    this.#captureEnded = true;
    this.#quiet = 'the capture has ended';
    this.#settings.log(this.#quiet);
    const nothing = nothingCounted(result);
    if (nothing !== undefined) this.#settings.log(`warning: ${nothing}`);
  }

  async #recordInterface(live: Omit<LiveSettings, 'stop' | 'onStart'>): Promise<void> {
    const { stop, log } = this.#settings;
    const onStart = (name: string, tool: string): void => log(`recording ${name} with ${tool}`);
    const result = await this.#record(interfaceInput({ ...live, stop, onStart }));
    if (result.failure !== null && !stop.aborted) this.#fail(result.failure);
  }

  #fail(sentence: string): void {
    this.#failure = sentence;
    this.#settings.log(sentence);
  }

  async #record(input: PacketInput): Promise<RecordResult> {
    const { accounts, control, quirks, spoolFolder, log } = this.#settings;
    const flowLogs = control.snapshot().flowLogs.filter(({ enabled }) => enabled);
    const timeline = new Timeline(flowLogs.map(settingsOf));
    this.#timeline = timeline;
    this.#network = control.networkAsNow();
    const result = await record({
      input,
      network: control.network(),
      flowLogs: flowLogs.map(settingsOf),
      configure: (minuteMillis) => timeline.configure(minuteMillis),
      flowLogsNow: (flushMillis) => timeline.flowLogs(flushMillis),
      quirks,
      mac: undefined,
      local: [],
      spool: { folder: spoolFolder, bytesMax: limits.spoolBytesMax },
      onDelivery: log,
      onBegun: (tryAgain) => (this.#tryAgain = tryAgain),
      accountOf: ({ storage, sender = '' }) => accounts.gated(storage, () => this.#flowLog(sender)),
      formats: [],
      flowTimeoutMinutes: undefined,
      onProgress: (_done, _total, packets, flows, delivery) => {
        this.#packets = packets;
        this.#flows = flows;
        this.#delivery = delivery;
      },
    });
    this.#packetsBefore += this.#packets;
    this.#packets = 0;
    this.#flows = () => 0;
    this.#delivery = undefined;
    this.#tryAgain = () => undefined;
    this.#lastDelivery = result.delivery ?? undefined;
    this.#deliveredBefore += result.delivery?.delivered ?? 0;
    this.#tuples += result.tuples;
    for (const [reason, count] of Object.entries(result.packets.refused))
      if (!(reason in this.#refused.toJSON())) this.#ended[reason] = (this.#ended[reason] ?? 0) + count;
    return result;
  }

  /** Applies a change of the control plane at the current time of the packets. */
  #take(id: string, type: string): void {
    const { control } = this.#settings;
    const atMillis = this.#clock();
    if (type === flowLogType) {
      const state = control.flowLog(id);
      this.#timeline.setFlowLog(atMillis, id, state?.enabled === true ? settingsOf(state) : undefined);
    }
    const network = control.networkAsNow();
    if (network !== this.#network) this.#timeline.setNetwork(atMillis, network);
    this.#network = network;
  }

  #flowLog(guid: string): FlowLogState | undefined {
    if (this.#flowLogsChanged) {
      this.#flowLogsChanged = false;
      this.#flowLogs = new Map(this.#settings.control.snapshot().flowLogs.map((state) => [state.guid, state]));
    }
    return this.#flowLogs.get(guid);
  }
}

function settingsOf(state: FlowLogState): FlowLogSettings {
  const { id, guid, targetId, format, storage, enabledFilteringCriteria, recordTypes } = state;
  return {
    id,
    guid,
    targetId,
    format,
    storage: storage.toLowerCase(),
    sender: guid,
    ...(enabledFilteringCriteria === undefined ? {} : { enabledFilteringCriteria }),
    ...(recordTypes === undefined ? {} : { recordTypes }),
  };
}

/**
 * Types with changes that can let blocks through again: a flow log is enabled, a firewall opened, an account created.
 */
const decidesDelivery: ReadonlySet<string> = new Set([flowLogType, storageAccountType]);

const quietMillis = 250;

/** A reader without packets, until it is stopped. */
function quietReader(stop: AbortSignal): CaptureReader {
  return {
    identity: '',
    bytesRead: 0,
    bytesTotal: undefined,
    async next(batch: CaptureBatch) {
      batch.count = 0;
      if (!stop.aborted) await new Promise((resolve) => setTimeout(resolve, quietMillis));
      return !stop.aborted;
    },
    close: () => Promise.resolve(),
  };
}

/**
 * Parses `1x`, `60x`, `max`.
 * @throws usage
 */
export function parsePace(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const pace = Number(/^(\d{1,6}(?:\.\d{1,3})?)x$/.exec(text)?.[1] ?? Number.NaN);
  if (!(pace > 0)) throw new FlowError('usage', `--pace takes 1x, 60x or max, not ${JSON.stringify(text)}`);
  return pace;
}
