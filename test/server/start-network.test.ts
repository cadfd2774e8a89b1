import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ControlPlane } from '../../src/control/control-plane.ts';
import type { ArmRequest } from '../../src/control/api/request.ts';
import { makeStart, startResources } from '../../src/server/start-network.ts';
import { openPlane } from '../control/plane.ts';
import { nicBody, nsgBody, ruleBody, virtualNetworkBody } from '../nsg/bodies.ts';

const bodies = [
  nsgBody('n', [ruleBody('web', {})]),
  nsgBody('other', []),
  virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: 'n' }]),
  nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: 'other' }),
];
const files = [{ path: 'net.json', text: JSON.stringify({ value: bodies }) }];

const options = { subscriptions: [{ id: '11111111-2222-3333-4444-555555555555', name: 'test' }] };

const stride = process.env['NSGFLOW_LONG'] === '1' ? 1 : 4;

class Killed extends Error {}

/** The control plane, until it was asked for `requests` changes. */
function untilKilled(plane: ControlPlane, requests: number): ControlPlane {
  let asked = 0;
  const handle = (request: ArmRequest): ReturnType<ControlPlane['handle']> => {
    if (request.method === 'PUT' && asked++ === requests) throw new Killed();
    return plane.handle(request);
  };
  return { ...plane, handle, snapshot: () => plane.snapshot() };
}

const idsOf = (plane: ControlPlane): string[] =>
  plane
    .snapshot()
    .resources.map((resource) => JSON.stringify(resource['id']))
    .sort();

test('a start that ends after any of its changes is completed by the next one', async () => {
  const start = { resources: startResources(files, undefined, []), warnings: [], formats: ['nsg2', 'vnet'] as const };
  const undisturbed = await openPlane(options);
  await makeStart(undisturbed.plane, undisturbed.folder, start, () => undefined);
  const whole = idsOf(undisturbed.plane);
  const logs = undisturbed.plane.snapshot().flowLogs.map(({ id }) => id);
  expect(logs).toHaveLength(3);
  await undisturbed.end();
  for (let requests = 0; ; requests += stride) {
    const first = await openPlane(options);
    const made = makeStart(untilKilled(first.plane, requests), first.folder, start, () => undefined);
    const isKilled = await made.then(
      () => false,
      (error: unknown) => {
        expect(error).toBeInstanceOf(Killed);
        return true;
      },
    );
    await first.plane.close();
    const second = await openPlane(options, first.folder);
    const lines: string[] = [];
    if (isKilled) await makeStart(second.plane, second.folder, undefined, (line) => lines.push(line));
    await makeStart(second.plane, second.folder, start, (line) => lines.push(line));
    expect(idsOf(second.plane)).toEqual(whole);
    expect(second.plane.snapshot().flowLogs.map(({ id }) => id)).toEqual(expect.arrayContaining(logs));
    expect(lines).toEqual([
      isKilled
        ? 'warning: an earlier start created only part of its network; start with --network and the same file to complete it'
        : 'the control plane already has a network; --network is ignored',
    ]);
    expect(await readdir(second.folder)).toEqual(['resources']);
    await second.end();
    if (!isKilled) break;
  }
});
