import { expect, test } from 'vitest';
import { dayMillis, hourMillis } from '../../src/base/time.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import type { ControlPlane } from '../../src/control/control-plane.ts';
import { formatBlobPath, nsgContainer } from '../../src/flowlog/blob-path.ts';
import type { Accounts } from '../../src/server/accounts.ts';
import { Retainer } from '../../src/server/retainer.ts';

const nsg =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/web';
const flowLog = `${nsg}-flowlog`;
const now = Date.parse('2024-03-10T12:30:00Z');
const nameAt = (hour: number): string => formatBlobPath('nsg', nsg, hour, '000D3A000001');

test('the service deletes what the retention of a flow log has done with, and says each', async () => {
  const account = memoryAccount();
  const container = account.container(nsgContainer);
  const old = nameAt(now - (now % hourMillis) - 3 * dayMillis);
  const fresh = nameAt(now - (now % hourMillis) - hourMillis);
  const appender = new BlockAppender(container);
  for (const blob of [old, fresh])
    await appender.append(blob, [{ id: '1'.repeat(32), bytes: new TextEncoder().encode('{}') }]);
  const lines: string[] = [];
  const retainer = new Retainer({
    control: {
      snapshot: () => ({ flowLogs: [{ id: flowLog, targetId: nsg, retentionDays: 2 }] }),
    } as unknown as ControlPlane,
    accounts: { names: () => ['logs'], account: () => account, isBound: () => false } as unknown as Accounts,
    stop: new AbortController().signal,
    log: (line) => lines.push(line),
    now: () => now,
  });
  await retainer.look();
  expect(lines).toEqual([`retention: deleted logs/${nsgContainer}/${old}, 2 days old, kept 2 by ${flowLog}`]);
  expect(retainer.deleted).toBe(1);
  const left: string[] = [];
  for await (const item of container.list('')) left.push(item.name);
  expect(left).toEqual([fresh]);
});
