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
  /** Where packets come from. */
  readonly input: PacketInput;
  /**
   * Ends the recording: every flow ends, everything is flushed. Captures that are files end with what was read, pipes with what was on its way; an interface
   * and a reader are ended by their own means. @throws interrupted where nothing had come yet
   */
  readonly stop?: AbortSignal;
  /** Where packets are seen and what decides; `undefined` records one NIC that every packet crosses, behind an NSG that allows all. */
  readonly network: Network | undefined;
  /** What is logged; `undefined` logs everything in `formats` to the account '' (see `defaultFlowLogs`). */
  readonly flowLogs?: readonly FlowLogSettings[] | undefined;
  /**
   * Asked at each whole minute, before its packets; `minuteMillis` is when it begins. Answers with what is in force from then on, where that is
   * another than before: new flows are judged by the new rules, open ones go on (see `flushConnection` of Nsg). With it, a network may have no NIC.
   */
  readonly configure?: (minuteMillis: number) => RecordingConfiguration | undefined;
  /**
   * Asked before each flush, with the end of the minute that is flushed: the flow logs, where others were set since they were asked for. When each is on,
   * its spans say; so what is flushed is in a flow log that was on when it happened, however late it is flushed.
   */
  readonly flowLogsNow?: (flushMillis: number) => readonly FlowLogSettings[] | undefined;
  /** See quirks.ts; the defaults when not given. */
  readonly quirks?: Quirks;
  /** Of that one NIC, twelve upper-case digits; `undefined` derives it. */
  readonly mac: string | undefined;
  /** Prefixes on the near side of that one NIC. */
  readonly local: readonly Prefix[];
  /** Where flushes lie until storage has them; without it, storage that is away ends the recording after `waitMillis`. */
  readonly spool?: SpoolSettings | undefined;
  /** How long storage that is away is waited for at the end; a few tries where 0 or absent. */
  readonly waitMillis?: number | undefined;
  /** Takes a sentence when, with a spool, storage goes away or comes back. */
  readonly onDelivery?: (sentence: string) => void;
  /** Takes a function that has storage which is away tried again at once: for who knows that it takes blocks again. */
  readonly onBegun?: (tryAgain: () => void) => void;
  /** The account of a flow log's `storage` and `sender`; asked again after its credentials were refused. */
  readonly accountOf: (destination: Destination) => Account;
  /** Formats of the flow logs where `flowLogs` is not given, and those that `uncounted` tells of although no flow log has them. */
  readonly formats: readonly FlowLogFormat[];
  /** Wins over the VNet's own; `undefined` takes the VNet's, or 4 minutes. */
  readonly flowTimeoutMinutes: number | undefined;
  /** Whose addresses are logged of packets in tunnels; `outer` when not given. */
  readonly tunnel?: TunnelEnd;
  /** With `inner`, UDP ports that carry VXLAN beside its own. */
  readonly vxlanPorts?: readonly number[] | undefined;
  /** Called after each read with bytes done, bytes in all (`undefined` for a pipe), packets read, flows in memory, and how storage stands. */
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
    /** Seen at one NIC or more. */
    readonly counted: number;
    readonly refused: Readonly<Record<string, number>>;
    /** Numbers of the link types of those refused as `link-type`, in order of their first packets; the first few. */
    readonly linkTypes: readonly number[];
  };
  /** IP bytes of the packets counted. */
  readonly bytes: number;
  /** Of the packets counted, those for which a hash picked the backend of a load balancer: the quirk `loadBalancing`. */
  readonly balanced: number;
  /** Begun, per NIC. */
  readonly flows: {
    readonly allowed: number;
    readonly denied: number;
    readonly guessed: number;
    readonly evicted: number;
  };
  /** Packets at each NIC they cross: those of allowed flows, and of denied ones. */
  readonly observed: { readonly allowed: number; readonly denied: number };
  /** Of `observed.allowed`, by format, packets in no tuple of that format; see uncounted.ts. */
  readonly uncounted: Uncounted;
  /** What this input produces, whether it was in storage before or not. */
  readonly tuples: number;
  /** One to which a clock that was set back comes again counts again. */
  readonly blobs: number;
  /** Tuples that were not in storage before. */
  readonly written: number;
  /** Stretches of the captures that were damaged, by what was wrong. */
  readonly damage: Readonly<Record<string, number>>;
  /** Live, packets that passed the filter and did not get here, most by the kernel's word; null where nobody told. 0 for files. */
  readonly dropped: number | null;
  /** Why a live capture ended before it was asked to, or why blocks wait in the spool; null when all went well. */
  readonly failure: string | null;
  /** With a spool, how the way to storage stood at the end. */
  readonly delivery: DeliveryStatus | null;
  readonly seconds: number;
}

/** On a quiet interface a minute is flushed so long after its end: packets may be under way for a second. */
const liveGraceMillis = 3000;

/**
 * Records captures: packets in, flow logs in storage. The same input gives the same blocks, so recording it again adds nothing.
 * @throws capture-invalid, not-found, network-without-nics, and what storage throws; where a stream cannot be read further, when all before is recorded
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

/** The spool, where there is one; where it may be missing and cannot be opened, recording goes on without. @throws usage, permission, io */
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

  /** Blocks of a file may wait a little for those of the next minutes, by the minute of their flush; those of a live capture do not. */
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
    /** A stream does not come again: what was read of it is recorded before the failure is told. */
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

/** What tells apart inputs of which other ends of tunnels are recorded. */
function inputEnding({ tunnel, vxlanPorts = [] }: RecordSettings): string {
  if (tunnel !== 'inner') return '';
  const ports = [...new Set(vxlanPorts)].sort((a, b) => a - b).join(' ');
  return ports === '' ? ' inner' : ` inner ${ports}`;
}

/** Odd, and known to nobody: who sends packets could make flows of one hash otherwise. */
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
