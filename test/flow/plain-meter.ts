import type { FlowEventLine } from './property.test.ts';
import type { SketchedPacket } from './packets.ts';

/**
 * The plain twin of FlowMeter at one NIC: a list of flows searched from end to end, objects and strings, minute by minute. It says what the
 * meter must do and is slow.
 */
interface PlainFlow {
  initiator: string;
  responder: string;
  protocol: string;
  denied: boolean;
  ended: boolean;
  finForward: boolean;
  finReverse: boolean;
  rst: boolean;
  lastSeen: number;
  counters: [number, number, number, number];
}

export interface PlainRules {
  readonly timeoutMillis: number;
  readonly denies: (initiator: string, responder: string) => boolean;
}

/** Other rules from a whole minute on. */
export interface PlainChange {
  readonly atMillis: number;
  readonly denies: PlainRules['denies'];
  /** Open flows are judged anew. */
  readonly flushed: boolean;
}

export function plainMeter(
  packets: readonly SketchedPacket[],
  rules: PlainRules,
  changes: readonly PlainChange[] = [],
): FlowEventLine[] {
  let { denies } = rules;
  const coming = [...changes];
  const flows: PlainFlow[] = [];
  const events: FlowEventLine[] = [];
  let boundary = Number.NaN;

  const closed = (flow: PlainFlow): boolean => flow.rst || (flow.finForward && flow.finReverse);
  const forget = (flow: PlainFlow): void => void flows.splice(flows.indexOf(flow), 1);
  const emit = (flow: PlainFlow, state: string, time: number): void => {
    const counted = state === 'continuing' || state === 'end';
    events.push({
      time,
      flow: `${flow.initiator} > ${flow.responder} ${flow.protocol}`,
      state,
      counters: counted ? flow.counters.join('/') : '',
      flush: boundary,
    });
    if (counted) flow.counters = [0, 0, 0, 0];
  };
  const end = (flow: PlainFlow, time: number): void => {
    emit(flow, 'end', time);
    if (flow.protocol === 'tcp') flow.ended = true;
    else forget(flow);
  };
  const rememberedUntil = (flow: PlainFlow): number => flow.lastSeen + (closed(flow) ? 1 : 2) * rules.timeoutMillis;

  const advance = (): void => {
    for (const flow of flows.slice()) {
      if (flow.ended) {
        if (rememberedUntil(flow) <= boundary) forget(flow);
      } else if (flow.denied) {
        if (flow.lastSeen + rules.timeoutMillis <= boundary) forget(flow);
      } else if (closed(flow)) end(flow, flow.lastSeen);
      else if (flow.lastSeen + rules.timeoutMillis <= boundary) end(flow, flow.lastSeen + rules.timeoutMillis);
      else if (boundary % 300_000 === 0) emit(flow, 'continuing', boundary);
    }
  };

  const change = ({ denies: deniesNow, flushed }: PlainChange): void => {
    denies = deniesNow;
    for (const flow of flows.slice()) {
      const denied = denies(flow.initiator, flow.responder);
      if (flow.denied && !denied) forget(flow);
      else if (!flow.denied && !flow.ended && flushed && denied) end(flow, flow.lastSeen);
    }
  };

  for (const { timeMillis: time, line, ipBytes = 100 } of packets) {
    if (Number.isNaN(boundary)) boundary = (Math.floor(time / 60_000) + 1) * 60_000;
    while (time >= boundary) {
      advance();
      boundary += 60_000;
      while (coming.length > 0 && coming[0].atMillis < boundary) change(coming.shift()!);
    }
    const [source, , destination, flags] = line.split(' ');
    const protocol = flags === 'udp' ? 'udp' : 'tcp';
    const syn = flags.includes('S') && protocol === 'tcp';
    const opening = syn && !flags.includes('A');
    let flow = flows.find(
      (known) =>
        known.protocol === protocol &&
        ((known.initiator === source && known.responder === destination) ||
          (known.initiator === destination && known.responder === source)),
    );
    let reversed = false;
    if (flow !== undefined && time >= flow.lastSeen + rules.timeoutMillis) {
      if (!flow.ended && !flow.denied) end(flow, closed(flow) ? flow.lastSeen : flow.lastSeen + rules.timeoutMillis);
      if (!flow.ended || time >= rememberedUntil(flow)) {
        if (flows.includes(flow)) forget(flow);
        flow = undefined;
      }
    }
    if (flow !== undefined && (flow.ended || (opening && closed(flow) && !flow.denied))) {
      if (!flow.ended) end(flow, flow.lastSeen);
      forget(flow);
      reversed = !opening && flow.initiator !== source;
      flow = undefined;
    } else if (flow === undefined && protocol === 'tcp')
      reversed = (syn && !opening) || (!syn && guessReversed(source, destination));
    if (flow === undefined) {
      const [initiator, responder] = reversed ? [destination, source] : [source, destination];
      flow = {
        initiator,
        responder,
        protocol,
        denied: denies(initiator, responder),
        ended: false,
        finForward: false,
        finReverse: false,
        rst: false,
        lastSeen: time,
        counters: [0, 0, 0, 0],
      };
      flows.push(flow);
      emit(flow, flow.denied ? 'denied' : 'begin', time);
    }
    flow.lastSeen = Math.max(flow.lastSeen, time);
    if (flow.denied) continue;
    const forward = flow.initiator === source;
    flow.counters[forward ? 0 : 2]++;
    flow.counters[forward ? 1 : 3] += ipBytes;
    if (flags.includes('R')) flow.rst = true;
    else if (flags.includes('F') && forward) flow.finForward = true;
    else if (flags.includes('F')) flow.finReverse = true;
  }
  for (const flow of flows.slice()) if (!flow.ended && !flow.denied) emit(flow, 'end', flow.lastSeen);
  return events;
}

function guessReversed(source: string, destination: string): boolean {
  const [from, to] = [source, destination].map((end) => Number(end.slice(end.lastIndexOf(':') + 1)));
  for (const bound of [1024, 32_768]) if (from < bound !== to < bound) return from < bound;
  return false;
}
