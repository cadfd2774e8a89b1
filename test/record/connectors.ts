import type { Container } from '../../src/blob/container.ts';

/**
 * How two known programs read flow logs as they grow, written from their sources, against the container's interface. Each remembers what its
 * original remembers, no more. Source: facts 2.3.
 */
export interface Connector {
  /** Looks at the blobs once. @returns records that it had not read before, as JSON text, in the order read */
  look(container: Container): Promise<string[]>;
}

/**
 * Microsoft's AzureNetworkWatcherNSGFlowLogsConnector: a checkpoint per blob is a block index, 1 at first. It reads from the sum of the lengths of the blocks
 * before it to the sum of all but the last, strips a leading comma, and wraps the range into `{"records":[` and `]}`.
 */
export function blockIndexConnector(): Connector {
  const checkpoints = new Map<string, number>();
  return {
    async look(container) {
      const records: string[] = [];
      for await (const { name } of container.list()) {
        const list = await container.blocks(name);
        if (list === undefined) continue;
        const checkpoint = checkpoints.get(name) ?? 1;
        const lengths = list.blocks.map(({ lengthBytes }) => lengthBytes);
        const sum = (end: number): number => lengths.slice(0, end).reduce((total, length) => total + length, 0);
        const [start, end] = [sum(checkpoint), sum(lengths.length - 1)];
        if (end <= start) continue;
        const { bytes } = await container.read(name, start, end);
        records.push(...unwrap(Buffer.from(bytes).toString('utf8')));
        checkpoints.set(name, lengths.length - 1);
      }
      return records;
    },
  };
}

/**
 * logstash-input-azure_blob_storage: remembers offset and length of each blob; a blob that is longer than before is read from the offset on; the two
 * bytes of the tail are dropped, a comma at either end is tolerated.
 */
export function byteOffsetConnector(): Connector {
  const headBytes = 12;
  const tailBytes = 2;
  const registry = new Map<string, number>();
  return {
    async look(container) {
      const records: string[] = [];
      for await (const { name, lengthBytes } of container.list()) {
        const offset = registry.get(name) ?? 0;
        if (offset >= lengthBytes) continue;
        const start = offset === 0 ? headBytes : offset - tailBytes;
        const { bytes } = await container.read(name, start, lengthBytes);
        const text = Buffer.from(bytes).toString('utf8');
        // The blob grew between the listing and the reading: the next look reads it.
        if (!text.endsWith(']}')) continue;
        records.push(...unwrap(text.slice(0, -tailBytes)));
        registry.set(name, lengthBytes);
      }
      return records;
    },
  };
}

function unwrap(part: string): string[] {
  const inner = part.replace(/^,/, '').replace(/,$/, '');
  const { records } = JSON.parse(`{"records":[${inner}]}`) as { records: unknown[] };
  return records.map((record) => JSON.stringify(record));
}
