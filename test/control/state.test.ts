import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { explainFlow } from '../../src/advise/visibility.ts';
import { parseAddress } from '../../src/net/address.ts';
import { account, buildNetwork, flowLogBody, group, location, network, openPlane, watcher } from './plane.ts';

/** Changes resources as fast as it can, and says each change that was answered. */
const writer = `
import { createControlPlane } from ${JSON.stringify(new URL('../../dist/control/control-plane.js', import.meta.url).href)};
const plane = await createControlPlane({ dataFolder: process.argv[1], origin: 'https://localhost:8443' });
const put = (path, body) =>
  plane.handle({ method: 'PUT', url: path + '?api-version=' + (path.includes('Microsoft.Network') ? '2025-05-01' : '2025-04-01'), headers: {}, body: Buffer.from(JSON.stringify(body)) });
await put(${JSON.stringify(group)}, { location: 'westeurope' });
for (let i = 0; ; i++) {
  const name = 'nsg' + (i % 20);
  const tags = { turn: String(i), filler: 'x'.repeat(20_000) };
  const { status } = await put(${JSON.stringify(network)} + '/networkSecurityGroups/' + name, { location: 'westeurope', tags });
  if (status !== 200 && status !== 201) throw new Error('answered ' + status);
  process.stdout.write(name + ' ' + i + '\\n');
}
`;

describe('the state on disk', () => {
  test('is there again after a restart: resources, keys and what a flow log was enabled with', async () => {
    const first = await openPlane();
    await buildNetwork(first);
    await first.put(`${watcher}/flowLogs/fl`, flowLogBody());
    await first.ask('POST', `${account('logs')}/regenerateKey`, { keyName: 'key1' });
    const before = first.plane.snapshot();
    const shown = await first.get(`${network}/virtualNetworks/vnet`);
    await first.plane.close();
    const second = await openPlane({}, first.folder);
    expect({ ...second.plane.snapshot(), revision: before.revision }).toEqual(before);
    expect(before.flowLogs[0].delivery).toEqual({ stopped: 'key-rotated' });
    expect(await second.get(`${network}/virtualNetworks/vnet`)).toEqual(shown);
    expect((await second.ask('DELETE', `${network}/networkSecurityGroups/web`)).code).toBe(
      'InUseNetworkSecurityGroupCannotBeDeleted',
    );
    await second.end();
  });

  test('has interfaces in one order, so that of two with one address the same gets the packets after a restart', async () => {
    const first = await openPlane();
    await buildNetwork(first);
    const privateIPAddress = '10.0.0.4';
    await first.put(`${network}/virtualNetworks/again`, {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 's', properties: { addressPrefix: '10.0.0.0/24' } }],
      },
    });
    const subnet = { id: `${network}/virtualNetworks/again/subnets/s` };
    const properties = { privateIPAddress, privateIPAllocationMethod: 'Static', subnet };
    await first.put(`${network}/networkInterfaces/again`, {
      location,
      properties: { ipConfigurations: [{ name: 'c', properties }] },
    });
    expect(first.plane.network().nics.map(({ name }) => name)).toEqual(['again', 'nic']);
    await first.plane.close();
    const second = await openPlane({}, first.folder);
    expect(second.plane.network().nics.map(({ name }) => name)).toEqual(['again', 'nic']);
    const ends = [privateIPAddress, '8.8.8.8'].map((text) => parseAddress(text)!);
    const flow = { protocol: 6, source: ends[0], sourcePort: 50_000, destination: ends[1], destinationPort: 443 };
    expect(explainFlow(second.plane.network(), [], flow)[0]).toMatchObject({
      at: 'again',
      finding: expect.stringMatching(/; nic has the same address$/) as string,
    });
    await second.end();
  });

  test('is readable JSON that others than the owner cannot read', async () => {
    const plane = await openPlane();
    await buildNetwork(plane);
    const folder = join(plane.folder, 'resources', 'microsoft.storage.storageaccounts');
    const [name] = await readdir(folder);
    expect(name).toMatch(/^logs-[0-9a-f]{32}\.json$/);
    expect(JSON.parse(await readFile(join(folder, name), 'utf8'))).toMatchObject({ version: 1, name: 'logs' });
    if (process.platform !== 'win32') expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
    await plane.end();
  });

  test('tells which file of it is torn', async () => {
    const plane = await openPlane();
    await buildNetwork(plane);
    const folder = join(plane.folder, 'resources', 'microsoft.network.virtualnetworks');
    const [name] = await readdir(folder);
    await writeFile(join(folder, name), '{"version": 1, "id"');
    const opening = openPlane({}, plane.folder);
    await expect(opening).rejects.toBeInstanceOf(FlowError);
    await expect(opening).rejects.toMatchObject({
      code: 'state-invalid',
      message: expect.stringContaining(name) as string,
    });
    await plane.end();
  });

  test('is refused where a folder of it is a link', async () => {
    const plane = await openPlane();
    await buildNetwork(plane);
    const folder = join(plane.folder, 'resources', 'microsoft.network.virtualnetworks');
    await rename(folder, join(plane.folder, 'away'));
    await symlink(join(plane.folder, 'away'), folder);
    await expect(openPlane({}, plane.folder)).rejects.toMatchObject({
      code: 'state-invalid',
      message: expect.stringContaining('virtualnetworks is a link') as string,
    });
    await plane.end();
  });

  test('holds every change that was answered, and is whole, when the process is killed', async () => {
    const rounds = process.env['NSGFLOW_LONG'] === '1' ? 8 : 1;
    for (let round = 0; round < rounds; round++) {
      const folder = await mkdtemp(join(tmpdir(), 'nsgflow-control-kill-'));
      const child = spawn(process.execPath, ['--input-type=module', '--eval', writer, folder]);
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      const closed = once(child, 'close');
      while (said.split('\n').length < 30 + 7 * round && child.exitCode === null)
        await Promise.race([once(child.stdout, 'data'), closed]);
      child.kill('SIGKILL');
      await closed;
      expect(errors).toBe('');
      const plane = await openPlane({}, folder);
      const last = new Map(
        said
          .split('\n')
          .slice(0, -1)
          .map((line) => line.split(' ') as [string, string]),
      );
      for (const [name, turn] of last) {
        const { tags } = (await plane.get(`${network}/networkSecurityGroups/${name}`)) as { tags: { turn: string } };
        expect(Number(tags.turn)).toBeGreaterThanOrEqual(Number(turn));
      }
      expect(plane.plane.network().nsgs.length).toBeGreaterThanOrEqual(last.size);
      await plane.put(`${network}/networkSecurityGroups/after`, { location });
      expect(await readdir(join(folder, 'resources', '.new'))).toEqual([]);
      await plane.end();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('changes', () => {
  test('are told in order, each after it is on disk', async () => {
    const plane = await openPlane();
    const told: string[] = [];
    const end = plane.plane.onChange(
      ({ type, verb, revision }) => void told.push(`${revision} ${verb} ${type.split('/')[1]}`),
    );
    await buildNetwork(plane);
    await plane.put(`${watcher}/flowLogs/fl`, flowLogBody());
    await plane.ask('DELETE', `${watcher}/flowLogs/fl`);
    end();
    await plane.ask('DELETE', `${network}/networkInterfaces/nic`);
    expect(told).toEqual([
      '1 put resourceGroups',
      '2 put resourceGroups',
      '3 put networkWatchers',
      '4 put networkSecurityGroups',
      '5 put virtualNetworks',
      '6 put networkInterfaces',
      '7 put storageAccounts',
      '8 put networkWatchers',
      '9 delete networkWatchers',
    ]);
    await plane.end();
  });

  test('that come at once are done one after another', async () => {
    const plane = await openPlane();
    await buildNetwork(plane);
    const nics = Array.from({ length: 20 }, (_, i) =>
      plane.put(`${network}/networkInterfaces/n${i}`, {
        location,
        properties: {
          ipConfigurations: [
            { name: 'a', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
          ],
        },
      }),
    );
    await Promise.all(nics);
    const addresses = plane.plane.network().nics.map(({ addresses }) => JSON.stringify(addresses));
    expect(new Set(addresses).size).toBe(21);
    await plane.end();
  });
});
