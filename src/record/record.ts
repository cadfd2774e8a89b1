import { randomFillSync } from 'node:crypto';
import { Counters } from '../base/counters.ts';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { formatTime } from '../base/time.ts';
import type { Account } from '../blob/container.ts';
import { createCaptureBatch } from '../capture/batch.ts';
import type { CaptureDamage, CaptureReason } from '../capture/reason.ts';
import { createKernel } from '../flow/kernel.ts';
import { FlowMeter } from '../flow/observe.ts';
import type { HashSeeds } from '../flow/table.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import { createPacketBatch } from '../net/packet.ts';
import type { Prefix } from '../net/prefix.ts';
import { prefixContains } from '../net/prefix.ts';
import type { Network } from '../nsg/network.ts';
import { singleNicNetwork } from '../nsg/network.ts';
import { type DecodeOptions, type TunnelEnd, decodeBatch } from '../wire/decode-packet.ts';
import { Fragments } from '../wire/fragments.ts';
import type { WireReason } from '../wire/reason.ts';
import { createRefusals, drainRefusals } from '../wire/refusals.ts';
import { Delivery } from '../deliver/delivery.ts';
import type { DeliveryStatus } from '../deliver/delivery-status.ts';
import type { Destination, FlushedBlock } from '../deliver/flushed-block.ts';
import { Flusher } from './flusher.ts';
import { ActiveConfiguration } from './active-configuration.ts';
import { Minutes } from './minutes.ts';
import type { PacketInput } from './packet-input.ts';
import type { Quirks } from './quirks.ts';
import { defaultQuirks } from './quirks.ts';
import type { FlowLogSettings, RecordingConfiguration } from './recording-settings.ts';
import { defaultFlowLogs } from './recording-settings.ts';
import type { SpoolSettings } from '../deliver/spool.ts';
import { Spool } from '../deliver/spool.ts';
import type { Uncounted } from './uncounted.ts';
import { mergeUncounted } from './uncounted.ts';

export interface RecordSettings {
  /** The source of packets. */
  readonly input: PacketInput;
  /**
   * Ends the recording: all flows end and are flushed. Files end at the current packet, pipes after the data in
   * transit. An interface or a reader has its own way to stop.
   * @throws interrupted if no packet had arrived
   */
  readonly stop?: AbortSignal;
  /**
   * The network in which packets are seen and rules decide; `undefined` records one NIC that all packets cross, with an
   * NSG that allows everything.
   */
  readonly network: Network | undefined;
  /** The flow logs; `undefined` logs everything in `formats` to the account '' (see `defaultFlowLogs`). */
  readonly flowLogs?: readonly FlowLogSettings[] | undefined;
  /**
   * Called for each whole minute, before its packets. Returns the configuration from then on if it has a new network:
   * new flows are evaluated with the new rules, open flows continue (see `flushConnection` of Nsg). With it, the first
   * network can have no NIC.
   * @param minuteMillis start of the minute
   */
  readonly configure?: (minuteMillis: number) => RecordingConfiguration | undefined;
  /**
   * Called before each flush. Returns the flow logs if they changed since the last call. Their spans say when they were
   * enabled, so events are logged by flow logs that were enabled at the time of the event, however late they are
   * flushed.
   * @param flushMillis end of the flushed minute
   */
  readonly flowLogsNow?: (flushMillis: number) => readonly FlowLogSettings[] | undefined;
  /** See quirks.ts. */
  readonly quirks?: Quirks;
  /** MAC of that one NIC, twelve upper-case digits; `undefined` derives it. */
  readonly mac: string | undefined;
  /** Local prefixes of that one NIC. */
  readonly local: readonly Prefix[];
  /**
   * The spool for flushes until storage has them. Without it, unavailable storage ends the recording after
   * `waitMillis`.
   */
  readonly spool?: SpoolSettings | undefined;
  /** How long to wait for unavailable storage at the end; a few attempts if 0 or absent. */
  readonly waitMillis?: number | undefined;
  /** Called with a sentence when, with a spool, storage becomes unavailable or available again. */
  readonly onDelivery?: (sentence: string) => void;
  /**
   * Receives a function that retries unavailable storage at once, for callers that know that it accepts blocks again.
   */
  readonly onBegun?: (tryAgain: () => void) => void;
  /** The account of a flow log's `storage` and `sender`; called again after its credentials were refused. */
  readonly accountOf: (destination: Destination) => Account;
  /**
   * Formats of the flow logs if `flowLogs` is absent; `uncounted` reports these formats even if no flow log has them.
   */
  readonly formats: readonly FlowLogFormat[];
  /** Replaces the VNets' own timeout; `undefined` uses the VNet's, or 4 minutes. */
  readonly flowTimeoutMinutes: number | undefined;
  /** Which addresses of packets in tunnels are logged; default `outer`. */
  readonly tunnel?: TunnelEnd;
  /** With `inner`, UDP ports of VXLAN in addition to its own. */
  readonly vxlanPorts?: readonly number[] | undefined;
  /**
   * Called after each read with the bytes done, all bytes (`undefined` for a pipe), packets read, flows in memory, and
   * the status of the delivery.
   */
  readonly onProgress?: (
    doneBytes: number,
    totalBytes: number | undefined,
    packets: number,
    flows: () => number,
    delivery: () => DeliveryStatus,
  ) => void;
}

export interface RecordResult {
  readonly packets: {
    readonly read: number;
    /** Seen by at least one NIC. */
    readonly counted: number;
    readonly refused: Readonly<Record<string, number>>;
    /** The first link types of packets refused as `link-type`. */
    readonly linkTypes: readonly number[];
  };
  /** IP bytes of the counted packets. */
  readonly bytes: number;
  /** Counted packets whose load balancer backend was selected by a hash: the quirk `loadBalancing`. */
  readonly balanced: number;
  /** Begun flows, per NIC. */
  readonly flows: {
    readonly allowed: number;
    readonly denied: number;
    readonly guessed: number;
    readonly evicted: number;
  };
  /** Packets at each NIC that they cross, in allowed and in denied flows. */
  readonly observed: { readonly allowed: number; readonly denied: number };
  /** Packets of `observed.allowed` that are in no tuple, by format; see uncounted.ts. */
  readonly uncounted: Uncounted;
  /** Tuples of this input, including those that were in storage before. */
  readonly tuples: number;
  /** A blob that the clock reaches again, after going back, counts again. */
  readonly blobs: number;
  /** Tuples that were not in storage before. */
  readonly written: number;
  /** Damaged parts of the captures, by kind of damage. */
  readonly damage: Readonly<Record<string, number>>;
  /**
   * Live: packets that passed the filter but were not read, mostly reported by the kernel; null if unknown. 0 for
   * files.
   */
  readonly dropped: number | null;
  /** Why a live capture ended without a stop, or why blocks wait in the spool; null if there was no problem. */
  readonly failure: string | null;
  /** With a spool, the status of the delivery at the end. */
  readonly delivery: DeliveryStatus | null;
  readonly seconds: number;
}

/** On a quiet interface, a minute is flushed this long after its end: packets can be in transit for a second. */
const liveGraceMillis = 3000;

/**
 * Records captures: packets in, flow logs to storage. The same input gives the same blocks, so recording it again adds
 * nothing.
 * @throws capture-invalid, not-found, network-without-nics, and errors of storage; if a stream cannot be read further,
 * after everything before was recorded
 */
export async function record(settings: RecordSettings): Promise<RecordResult> {
  const spool = await openSpool(settings);
  const delivery = new Delivery({
    accountOf: settings.accountOf,
    spool,
    mayDrop: !settings.input.isRepeatable,
    waitMillis: settings.waitMillis ?? 0,
    onChange: settings.onDelivery,
  });
  try {
    await delivery.begin();
    settings.onBegun?.(() => delivery.tryAgain());
    return await recordTo(delivery, settings);
  } finally {
    await delivery.close();
    await spool?.close();
  }
}

/**
 * The spool, if there is one. If it is optional and cannot be opened, recording continues without it.
 * @throws usage, permission, io
 */
async function openSpool({ spool, onDelivery }: RecordSettings): Promise<Spool | undefined> {
  if (spool === undefined) return undefined;
  try {
    return await Spool.open(spool);
  } catch (error) {
    if (spool.mayBeMissing !== true || !(error instanceof FlowError) || error.code === 'usage') throw error;
    onDelivery?.(`${error.message}; the recording ends, because there is no spool for the time without storage`);
    return undefined;
  }
}

async function recordTo(delivery: Delivery, settings: RecordSettings): Promise<RecordResult> {
  const startMillis = performance.now();
  const network = settings.network ?? singleNicNetwork(settings.mac);
  if (network.nics.length === 0 && settings.configure === undefined)
    throw new FlowError('network-without-nics', 'the network has no NIC, so no packet can be assigned to one');
  const configuration = new ActiveConfiguration(
    { network, flowLogs: settings.flowLogs ?? defaultFlowLogs(network, settings.formats, '') },
    settings.quirks ?? defaultQuirks,
    settings.formats,
    settings.flowTimeoutMinutes,
  );
  const kernel = createKernel();
  const meter = new FlowMeter({
    seeds: randomSeeds(),
    network: configuration.compiled,
    kernel,
    idleTimeoutMillis: configuration.idleTimeoutMillis(),
    ...(settings.network === undefined && settings.configure === undefined
      ? { isLocal: localTest(settings.local) }
      : {}),
  });

  const refused = new Counters<CaptureReason>();
  const damage = new Counters<CaptureDamage>();
  const { isLive } = settings.input;
  const captures = await settings.input.open({
    counters: { refused, damage },
    stop: settings.stop,
    buffer: kernel?.chunk,
  });
  const input = `${captures.identity}${inputEnding(settings)}`;
  const captured = kernel?.captured ?? createCaptureBatch(limits.batchPackets);
  const packets = kernel?.packets ?? createPacketBatch(limits.batchPackets);
  const refusals = createRefusals();
  const fragments = new Fragments(refusals);
  const { tunnel = 'outer', vxlanPorts } = settings;
  const options: DecodeOptions = { fragments, tunnel, vxlanPorts, decodeRun: kernel?.decodeRun };
  const uncounted: Uncounted = {};
  let handedOn = 0;
  let bytesTold = -1;
  let tuples = 0;
  let broken: { readonly error: unknown } | undefined;

  /**
   * Blocks of a file can wait for those of the next minutes, by the minute of their flush; blocks of a live capture do
   * not wait.
   */
  const isFile = !isLive && captures.bytesTotal !== undefined;
  const heldBackMax = isFile ? limits.deliveryHeldBackBytesMax : 0;
  const heldBack: { readonly blocks: readonly FlushedBlock[]; readonly timeMillis: number }[] = [];
  let heldBackBytes = 0;
  const handOver = (): void => {
    for (const { blocks, timeMillis } of heldBack) delivery.add(blocks, timeMillis);
    heldBack.length = 0;
    heldBackBytes = 0;
  };
  const flusher = new Flusher(({ blocks, uncounted: more }, { timeMillis }) => {
    mergeUncounted(uncounted, more);
    heldBack.push({ blocks, timeMillis });
    for (const block of blocks) {
      tuples += block.tuples;
      heldBackBytes += block.bytes.length;
    }
    if (heldBackBytes >= heldBackMax) handOver();
  }, kernel?.tuples);
  const minutes = new Minutes({
    input,
    meter,
    configuration,
    packets,
    write: (key) => flusher.flush(meter.events, configuration.plan, key),
    room: async () => {
      await flusher.room();
      await delivery.room();
    },
    configure: settings.configure,
    flowLogs: settings.flowLogsNow,
    onBack: (from, to) => damage.add('time-back', 1, () => `from ${formatTime(from)} to ${formatTime(to)}`),
  });

  try {
    const isStopped = (): boolean => settings.stop?.aborted === true && captures.bytesTotal !== undefined;
    /** A stream cannot be read again, so everything read is recorded before the failure is thrown. */
    const nextOf = async (): Promise<boolean> => {
      try {
        return await captures.next(captured);
      } catch (error) {
        if (captures.bytesTotal !== undefined || handedOn === 0) throw error;
        broken = { error };
        return false;
      }
    };
    while (!isStopped() && (captures.nextNow?.(captured) === true || (await nextOf()))) {
      handedOn += captured.count;
      decodeBatch(captured, packets, refusals, options);
      const isQuiet = packets.count === 0;
      do {
        const waiting = minutes.take();
        if (waiting !== undefined) await waiting;
      } while (fragments.take(packets));
      if (isLive && isQuiet) {
        const nowMillis = captures.nowMillis?.();
        await minutes.passTime((nowMillis ?? Date.now()) - liveGraceMillis, nowMillis === undefined);
      }
      if (isFile && captures.bytesRead === bytesTold) continue;
      bytesTold = captures.bytesRead;
      settings.onProgress?.(
        bytesTold,
        captures.bytesTotal,
        handedOn,
        () => meter.flows,
        () => delivery.status(),
      );
    }
    fragments.end();
    await minutes.finish();
    await flusher.finish();
  } finally {
    await captures.close();
    await flusher.close();
  }
  handOver();
  const undelivered = await delivery.finish();
  if (broken !== undefined) throw broken.error;

  const wireRefused = new Counters<WireReason>();
  drainRefusals(refusals, wireRefused);
  const { counts } = meter;
  return {
    packets: {
      read: handedOn + refused.total,
      counted: counts.packetsCounted,
      refused: {
        ...refused.toJSON(),
        ...wireRefused.toJSON(),
        ...(counts.packetsNoNic > 0 ? { 'no-nic': counts.packetsNoNic } : {}),
      },
      linkTypes: refusals.linkTypes.toJSON(),
    },
    bytes: counts.bytesCounted,
    balanced: configuration.translator.balanced,
    flows: {
      allowed: counts.flowsAllowed,
      denied: counts.flowsDenied,
      guessed: counts.initiatorsGuessed,
      evicted: counts.flowsEvicted,
    },
    observed: { allowed: counts.observedAllowed, denied: counts.observedDenied },
    uncounted,
    tuples,
    blobs: delivery.blobs,
    written: delivery.tuplesWritten,
    damage: damage.toJSON(),
    dropped: 'dropped' in captures ? (captures.dropped ?? null) : 0,
    failure: captures.failure ?? undelivered ?? null,
    delivery: delivery.hasSpool ? delivery.status() : null,
    seconds: Math.round(performance.now() - startMillis) / 1000,
  };
}

/** Distinguishes recordings of the same input with different tunnel settings. */
function inputEnding({ tunnel, vxlanPorts = [] }: RecordSettings): string {
  if (tunnel !== 'inner') return '';
  const ports = [...new Set(vxlanPorts)].sort((a, b) => a - b).join(' ');
  return ports === '' ? ' inner' : ` inner ${ports}`;
}

/** Odd random numbers: with known numbers, a sender of packets could create flows with equal hashes. */
function randomSeeds(): HashSeeds {
  const [a, b, c, d, port] = randomFillSync(new Uint32Array(5));
  return [a | 1, b | 1, c | 1, d | 1, port | 1];
}

function localTest(prefixes: readonly Prefix[]): (family: number, words: Uint32Array, at: number) => boolean {
  return (family, words, at) => {
    const address = {
      family: family === 4 ? 4 : 6,
      words: [words[at], words[at + 1], words[at + 2], words[at + 3]],
    } as const;
    return prefixes.some((prefix) => prefixContains(prefix, address));
  };
}
