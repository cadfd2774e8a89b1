import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { nsgContainer } from '../../src/flowlog/blob-path.ts';
import { Accounts } from '../../src/server/accounts.ts';
import { account, buildNetwork, flowLogBody, openPlane, watcher } from '../control/plane.ts';

type Plane = Awaited<ReturnType<typeof openPlane>>;

let folder: string;
let plane: Plane;
let accounts: Accounts;
let blocks = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-accounts-'));
  plane = await openPlane();
  await buildNetwork(plane);
  await plane.put(`${watcher}/flowLogs/web`, flowLogBody());
  accounts = await Accounts.open(folder, plane.plane, []);
});
afterEach(async () => {
  await plane.end();
  await rm(folder, { recursive: true, force: true });
});

/** Brings a block for the flow log, as the recorder does. @returns 'ok', or the code of what it is refused with */
async function deliver(): Promise<string> {
  const guid = plane.plane.snapshot().flowLogs[0]?.guid ?? '';
  const gated = accounts.gated('logs', () => plane.plane.snapshot().flowLogs.find((one) => one.guid === guid));
  const appender = new BlockAppender(gated.container(nsgContainer));
  try {
    await appender.append('blob', [{ id: String(++blocks).padStart(32, '0'), bytes: Buffer.from('{}') }]);
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const rotate = (): Promise<unknown> => plane.ask('POST', `${account('logs')}/regenerateKey`, { keyName: 'key1' });
const setFirewall = (bypass: string): Promise<unknown> =>
  plane.ask('PATCH', account('logs'), { properties: { networkAcls: { defaultAction: 'Deny', bypass } } });

test('a flow log delivers while its key, the firewall and the account let it', async () => {
  expect(await deliver()).toBe('ok');
  await setFirewall('Logging, Metrics');
  expect(await deliver()).toBe('permission');
  await setFirewall('AzureServices');
  expect(await deliver()).toBe('ok');
  await rotate();
  expect(await deliver()).toBe('authentication');
  await plane.put(`${watcher}/flowLogs/web`, flowLogBody({ enabled: false }));
  await plane.put(`${watcher}/flowLogs/web`, flowLogBody());
  expect(await deliver()).toBe('ok');
  await plane.ask('DELETE', account('logs'));
  expect(await deliver()).toBe('unavailable');
});

test('what a flow log that is deleted had recorded arrives whatever key it held, and not through a firewall', async () => {
  await rotate();
  expect(await deliver()).toBe('authentication');
  await plane.ask('DELETE', `${watcher}/flowLogs/web`);
  expect(await deliver()).toBe('ok');
  await setFirewall('None');
  expect(await deliver()).toBe('permission');
  await setFirewall('AzureServices');
  expect(await deliver()).toBe('ok');
});
