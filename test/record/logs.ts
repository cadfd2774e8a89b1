import type { Account } from '../../src/blob/container.ts';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { stateBegin, stateDenied } from '../../src/flowlog/tuple.ts';
import { formatWords } from '../../src/net/address.ts';
import type { FlowSums } from '../corpus/oracle.ts';
import { addToSums, fiveTupleKey } from '../corpus/oracle.ts';

/** Every flow log of an account, by container and blob name. Each must be valid JSON and decode without a rejection. */
export async function readAllLogs(account: Account): Promise<Map<string, FlowLog>> {
  const logs = new Map<string, FlowLog>();
  for await (const name of account.containers()) {
    const container = account.container(name);
    for await (const { name: blob } of container.list()) {
      const { bytes } = await container.read(blob);
      JSON.parse(Buffer.from(bytes).toString());
      const log = decodeFlowLog(bytes);
      if (log.rejections.length > 0) throw new Error(`${blob}: ${JSON.stringify(log.rejections[0])}`);
      logs.set(`${name}/${blob}`, log);
    }
  }
  return logs;
}

/** What an account's logs say in sum. */
export interface LogSums {
  tuples: number;
  begun: number;
  denied: number;
  packets: number;
  bytes: number;
  /** By directed five-tuple. */
  readonly directed: FlowSums;
}

export function sumLogs(logs: Iterable<FlowLog>): LogSums {
  const sums: LogSums = { tuples: 0, begun: 0, denied: 0, packets: 0, bytes: 0, directed: new Map() };
  for (const { tuples } of logs) {
    sums.tuples += tuples.count;
    for (let row = 0; row < tuples.count; row++) {
      if (tuples.state[row] === stateBegin) sums.begun++;
      if (tuples.state[row] === stateDenied) sums.denied++;
      const end = (words: Uint32Array): string =>
        formatWords(tuples.family[row], words[4 * row], words[4 * row + 1], words[4 * row + 2], words[4 * row + 3]);
      const [source, destination] = [end(tuples.source), end(tuples.destination)];
      const { protocol, sourcePort, destinationPort } = tuples;
      const add = (
        packets: number,
        bytes: number,
        from: string,
        fromPort: number,
        to: string,
        toPort: number,
      ): void => {
        if (Number.isNaN(packets) || packets === 0) return;
        sums.packets += packets;
        sums.bytes += bytes;
        addToSums(sums.directed, fiveTupleKey(protocol[row], from, fromPort, to, toPort), packets, bytes);
      };
      add(
        tuples.packetsForward[row],
        tuples.bytesForward[row],
        source,
        sourcePort[row],
        destination,
        destinationPort[row],
      );
      add(
        tuples.packetsReverse[row],
        tuples.bytesReverse[row],
        destination,
        destinationPort[row],
        source,
        sourcePort[row],
      );
    }
  }
  return sums;
}
