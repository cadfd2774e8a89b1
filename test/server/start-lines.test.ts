import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecorderInput } from '../../src/server/recorder.ts';
import { startLines } from '../../src/server/start-lines.ts';
import { buildNetwork, flowLogBody, openPlane, watcher } from '../control/plane.ts';

let plane: Awaited<ReturnType<typeof openPlane>>;
beforeAll(async () => (plane = await openPlane()));
afterAll(() => plane.end());

const lines = (input: RecorderInput, lake?: string): string[] =>
  startLines({ dataFolder: '/data', lake, input }, plane.plane.snapshot());
const capture = { kind: 'capture', paths: ['a.pcap'], pace: 60, shiftNow: true, loop: true } as const;

test('a service says what it has, what it records and where that goes', async () => {
  expect(lines({ kind: 'none' })).toEqual([
    'network:   none yet; create one with az or a template, or start with --network',
    'flow logs: none, so nothing is written; create one with az or nsgflow flow-log create --make-account',
    'packets:   none, so nothing is recorded; start with --capture or --interface',
    'data:      blobs in /data/accounts, no table',
    'az:        in another shell, eval "$(nsgflow serve --env --data /data)"',
  ]);
  await buildNetwork(plane);
  await plane.put(`${watcher}/flowLogs/a`, flowLogBody());
  expect(lines(capture, '/data/lake').slice(0, 4)).toEqual([
    'network:   1 NSG, 1 VNet, 1 NIC',
    'flow logs: 1 enabled',
    'packets:   a.pcap, at 60 times its speed, moved to the current time, in a loop',
    'data:      blobs in /data/accounts, table in /data/lake',
  ]);
  await plane.put(`${watcher}/flowLogs/a`, flowLogBody({ enabled: false }));
  const live = { interface: 'eth0', filter: undefined, snapLength: 128, maxMillis: undefined, maxBytes: undefined };
  expect(lines({ kind: 'interface', live }).slice(1, 3)).toEqual([
    'flow logs: 0 enabled, 1 disabled',
    'packets:   of the interface eth0',
  ]);
  expect(lines({ ...capture, pace: Number.POSITIVE_INFINITY, shiftNow: false, loop: false })[2]).toBe(
    'packets:   a.pcap, as fast as it can be read, at its original times',
  );
  expect(lines({ ...capture, pace: 1 })[2]).toContain('a.pcap, at its original speed, moved');
  const odd = startLines({ dataFolder: "/my data/it's", lake: undefined, input: capture }, plane.plane.snapshot());
  expect(odd.at(-1)).toContain(String.raw`--data '/my data/it'\''s')"`);
});
