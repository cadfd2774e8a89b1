import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Change } from '../../src/control/resources/state.ts';
import type { NameFiles } from '../../src/enrich/names.ts';
import { keepResources, resourceSnapshots } from '../../src/query/names/resource-snapshots.ts';
import { namesOfLake } from '../../src/query/names/lake-names.ts';
import { ResourceHistory } from '../../src/server/resource-history.ts';

let lake: string;
beforeEach(() => void (lake = mkdtempSync(join(tmpdir(), 'nsgflow-history-'))));
afterEach(() => rmSync(lake, { recursive: true, force: true }));

const providers = '/subscriptions/s/resourceGroups/g/providers';

/** A NIC with an address, and the VM that has it. */
function inventory(vm: string) {
  const nic = `${providers}/Microsoft.Network/networkInterfaces/nic-1`;
  const ipConfigurations = [{ name: 'ip', properties: { privateIPAddress: '10.0.0.4' } }];
  const machine = `${providers}/Microsoft.Compute/virtualMachines/${vm}`;
  return [
    {
      id: machine,
      type: 'Microsoft.Compute/virtualMachines',
      name: vm,
      properties: { networkProfile: { networkInterfaces: [{ id: nic }] } },
    },
    { id: nic, type: 'Microsoft.Network/networkInterfaces', name: 'nic-1', properties: { ipConfigurations } },
  ];
}

function historyOf(files: NameFiles, times: number[]) {
  let vm = 'a';
  let listener: ((change: Change) => void) | undefined;
  const lines: string[] = [];
  const history = new ResourceHistory({
    control: {
      inventory: () => inventory(vm),
      onChange: (to) => ((listener = to), () => (listener = undefined)),
    },
    lake,
    files,
    log: (line) => lines.push(line),
    now: () => times.shift()!,
    delayMillis: 100_000,
  });
  const change = (next: string, type = 'Microsoft.Compute/virtualMachines'): void => {
    vm = next;
    listener?.({ id: 'x', type, verb: 'put', revision: 1 });
  };
  return { history, change, lines };
}

test('resources are kept when they change, and each flow has the names of its time', async () => {
  const first = historyOf({}, [1_000_000]);
  const before = first.history.names();
  await first.history.close();
  expect(first.history.names(), 'a new function after a change').not.toBe(before);
  const same = historyOf({}, [2_000_000]);
  await same.history.close();
  expect(await resourceSnapshots(lake)).toHaveLength(1);
  const second = historyOf({}, [3_000_000, 4_000_000]);
  second.change('ignored', 'Microsoft.Storage/storageAccounts');
  second.change('b');
  second.change('b');
  await second.history.close();
  expect((await resourceSnapshots(lake)).map(({ fromMillis }) => fromMillis)).toEqual([1_000_000, 4_000_000]);
  const names = await second.history.names()();
  expect(names.changes).toEqual([4_000_000]);
  expect([0, 1].map((period) => names.look('10.0.0.4', period)['vm'])).toEqual(['a', 'b']);
  expect((await namesOfLake(lake, {})()).look('10.0.0.4', 1)['vm'], 'questions over the lake').toBe('b');
});

test("the user's inventory comes first, whatever its date", async () => {
  const path = join(lake, 'inventory-1970-01-02.csv');
  writeFileSync(path, 'address,vm\n10.0.0.4,mine\n10.0.0.5,other\n');
  const { history } = historyOf({ inventory: [path] }, [1_000_000]);
  await history.close();
  const names = await history.names()();
  expect([names.look('10.0.0.4', 0)['vm'], names.look('10.0.0.5', 0)['vm']]).toEqual(['mine', 'other']);
});

test('a clock that was set back keeps the order, and files of others are left alone', async () => {
  await keepResources(lake, 5_000, '[1]');
  await keepResources(lake, 4_000, '[2]');
  writeFileSync(join(lake, '_nsgflow/resources/notes.json'), '{');
  expect((await resourceSnapshots(lake)).map(({ fromMillis }) => fromMillis)).toEqual([5_000, 5_001]);
  expect(readdirSync(join(lake, '_nsgflow/resources'))).toHaveLength(3);
});

test('a lake that cannot be written is told, and ends nothing', async () => {
  rmSync(lake, { recursive: true });
  writeFileSync(lake, 'no folder');
  const { history, lines } = historyOf({}, [1_000_000]);
  await history.close();
  expect(lines).toEqual([expect.stringMatching(/^warning: names of resources are not kept: /)]);
});
