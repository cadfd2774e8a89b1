import { expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { CaptureReader } from '../../src/capture/merge-captures.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import { parsePrefix } from '../../src/net/prefix.ts';
import { readerInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { ipv4, udp } from '../wire/build-packet.ts';
import { readWritten } from './traffic.ts';

/** One datagram in each of three minutes, then a failure to read. */
function brokenReader(bytesTotal: number | undefined): CaptureReader {
  const bytes = ipv4(udp({ source: 1, destination: 53 }), {
    source: '10.1.1.4',
    destination: '203.0.113.9',
    protocol: 17,
  });
  let batches = 0;
  return {
    identity: 'b'.repeat(64),
    bytesRead: 0,
    bytesTotal,
    next(batch) {
      if (batches === 3) return Promise.reject(new FlowError('io', 'cannot read the capture standard input: EIO'));
      batch.count = 1;
      batch.bytes = bytes;
      batch.start[0] = 0;
      batch.capturedLength[0] = batch.originalLength[0] = bytes.length;
      batch.timeSeconds[0] = 1_700_000_000 + 60 * batches++;
      batch.timeNanos[0] = 0;
      batch.linkType[0] = 101;
      return Promise.resolve(true);
    },
    close: () => Promise.resolve(),
  };
}

test('a stream that cannot be read further leaves all that came of it, and then says so', async () => {
  const account = memoryAccount('broken');
  const recording = record({
    input: readerInput(brokenReader(undefined)),
    network: undefined,
    mac: undefined,
    local: [parsePrefix('10.0.0.0/8')!],
    accountOf: () => account,
    formats: ['nsg2'],
    flowTimeoutMinutes: undefined,
  });
  await expect(recording).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('EIO') as string });
  const counters = (await readWritten(account)).map(({ tuple }) => Number(tuple.split(',')[9] ?? 0));
  expect(counters.reduce((sum, packets) => sum + packets, 0)).toBe(3);
});
