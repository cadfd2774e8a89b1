import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import type { LentBytes } from '../../src/record/block-memory.ts';
import { BlockMemory } from '../../src/record/block-memory.ts';

const step = fc.oneof(
  fc.record({
    kind: fc.constant('copy' as const),
    length: fc.oneof(fc.nat(400_000), fc.constantFrom(0, 1 << 20, (1 << 20) + 1)),
  }),
  fc.record({ kind: fc.constantFrom('release' as const, 'keep' as const), which: fc.nat(1000) }),
);

test('bytes stay as they are until they are given back, and those kept stay for good', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new BlockMemory();
      const held: { lent: LentBytes; byte: number; isKept: boolean }[] = [];
      let byte = 0;
      for (const one of steps) {
        if (one.kind === 'copy') {
          byte = (byte % 250) + 1;
          held.push({ lent: memory.copy(new Uint8Array(one.length).fill(byte)), byte, isKept: false });
        } else if (held.length > 0) {
          const index = one.which % held.length;
          const { lent, isKept } = held[index];
          if (one.kind === 'keep') {
            lent.keep();
            held[index].isKept = true;
          } else if (!isKept) {
            lent.release();
            held.splice(index, 1);
          }
        }
      }
      for (const { lent, byte: filled } of held) expect(lent.bytes.every((value) => value === filled)).toBe(true);
    }),
    { seed: 23, numRuns: 100 },
  );
});

test('memory that was given back is used again, that which was kept is not', () => {
  const memory = new BlockMemory();
  const half = new Uint8Array(600_000);
  const first = memory.copy(half);
  const second = memory.copy(half);
  first.release();
  const third = memory.copy(half);
  expect(third.bytes.buffer).toBe(first.bytes.buffer);
  second.keep();
  second.release();
  third.release();
  const fourth = memory.copy(half);
  const fifth = memory.copy(half);
  expect([fourth.bytes.buffer, fifth.bytes.buffer]).not.toContain(second.bytes.buffer);
});

test('an append that storage breaks off keeps its bytes, one that goes well does not', async () => {
  const container = memoryAccount().container('insights-logs-networksecuritygroupflowevent');
  const appender = new BlockAppender(container);
  let kept = 0;
  const block = (id: string) => ({ id: id.repeat(32), bytes: Buffer.from('{}'), keep: () => void kept++ });
  await appender.append('a', [block('1')]);
  expect(kept).toBe(0);
  const commitBlocks = container.commitBlocks.bind(container);
  container.commitBlocks = () => Promise.reject(new FlowError('disk-full', 'full'));
  await expect(appender.append('a', [block('2')])).rejects.toThrow('full');
  expect(kept).toBeGreaterThan(0);
  container.commitBlocks = commitBlocks;
});
