import type { FlowMeter } from '../../src/flow/observe.ts';
import { stateNames } from '../../src/flowlog/tuple.ts';
import { formatWords } from '../../src/net/address.ts';
import type { PacketBatch } from '../../src/net/packet.ts';

/** One event as text: `10:00:00.000 nic0 outbound 10.0.0.4:40000 > 10.0.1.5:443 tcp begin`, counters behind it, `@` the flush. */
export function describeEvents(meter: FlowMeter, flushMillis: number): string[] {
  const { columns, nic } = meter.events;
  const lines: string[] = [];
  for (let row = 0; row < columns.count; row++) {
    const end = (words: Uint32Array, port: number): string => {
      const text = formatWords(
        columns.family[row],
        words[4 * row],
        words[4 * row + 1],
        words[4 * row + 2],
        words[4 * row + 3],
      );
      return columns.family[row] === 6 ? `[${text}]:${port}` : `${text}:${port}`;
    };
    const counters = [columns.packetsForward, columns.bytesForward, columns.packetsReverse, columns.bytesReverse].map(
      (column) => column[row],
    );
    lines.push(
      [
        clock(columns.timeMillis[row]),
        `nic${nic[row]}`,
        columns.direction[row] === 0 ? 'in' : 'out',
        `${end(columns.source, columns.sourcePort[row])} > ${end(columns.destination, columns.destinationPort[row])}`,
        columns.protocol[row] === 6 ? 'tcp' : 'udp',
        stateNames[columns.state[row]],
        ...(Number.isNaN(counters[0]) ? [] : [counters.join('/')]),
        `@${clock(flushMillis).slice(0, 8)}`,
      ].join(' '),
    );
  }
  columns.count = 0;
  return lines;
}

function clock(timeMillis: number): string {
  return new Date(timeMillis).toISOString().slice(11, 23);
}

/** Takes packets through a meter as the recorder does, and returns every event in order of emission. */
export function drive(meter: FlowMeter, packets: PacketBatch): string[] {
  const lines: string[] = [];
  const take = (): void => void lines.push(...describeEvents(meter, meter.boundaryMillis));
  let row = 0;
  while ((row = meter.observe(packets, row)) < packets.count) {
    if (packets.timeMillis[row] >= meter.boundaryMillis) {
      while (!meter.advance()) take();
      take();
      meter.nextMinute(packets.timeMillis[row]);
    } else take();
  }
  while (!meter.finish()) take();
  take();
  return lines;
}
