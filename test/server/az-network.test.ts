import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { makeNetwork, startResources } from '../../src/server/start-network.ts';
import { openPlane, subscription } from '../control/plane.ts';

const lists = ['networkSecurityGroups', 'virtualNetworks', 'networkInterfaces', 'applicationSecurityGroups'];
const planes: Awaited<ReturnType<typeof openPlane>>[] = [];
let fromTemplate: (typeof planes)[number];
let fromAz: (typeof planes)[number];

beforeAll(async () => {
  planes.push((fromTemplate = await openPlane()), (fromAz = await openPlane()));
});
afterAll(() => Promise.all(planes.map((plane) => plane.end())));

/** As `az … list -o json` prints what the API answers: properties lifted up at every level, the group beside each id, references full of nulls. */
function asAz(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => asAz(item));
  if (typeof value !== 'object' || value === null) return value;
  const { properties, ...rest } = value as Record<string, Json>;
  const lifted = { ...rest, ...(properties as JsonObject | undefined) } as Record<string, Json>;
  const shown = Object.fromEntries(Object.entries(lifted).map(([key, inner]) => [key, asAz(inner)]));
  if (typeof shown['id'] !== 'string') return shown;
  const nulls =
    Object.keys(rest).length === 1 ? { etag: null, name: null, location: null, ipConfigurations: null } : {};
  return { ...shown, ...nulls, resourceGroup: shown['id'].split('/')[4] };
}

/** What decides and where, by name. */
function judgedBy({ plane }: typeof fromTemplate): unknown {
  const { nsgs, nics, virtualNetworks } = plane.network();
  const named = <T extends { name: string }>(list: readonly T[], of: (one: T) => unknown): unknown =>
    Object.fromEntries(list.map((one) => [one.name, of(one)]));
  return [
    named(nsgs, ({ inboundRules, outboundRules }) => [inboundRules, outboundRules]),
    named(nics, ({ id, mac, addresses, subnet, nsg, applicationSecurityGroups, isPublished }) => [
      [id, mac, addresses, subnet?.id, subnet?.nsg?.name, nsg?.name, applicationSecurityGroups, isPublished],
    ]),
    named(virtualNetworks, ({ addressPrefixes }) => addressPrefixes),
  ];
}

test('a network that az lists is made as it is, as one from a template is', async () => {
  const template = { path: 'network.json', text: readFileSync('examples/network.json', 'utf8') };
  await makeNetwork(fromTemplate.plane, startResources([template], undefined, []));
  const answers = await Promise.all(
    lists.map((type) => fromTemplate.get(`${subscription}/providers/Microsoft.Network/${type}`)),
  );
  const files = answers.map((answer, at) => ({
    path: `${lists[at]}.json`,
    text: JSON.stringify(asAz(answer['value'])),
  }));
  expect(files[0].text).not.toContain('"properties"');
  const warnings: string[] = [];
  expect(await makeNetwork(fromAz.plane, startResources(files, undefined, warnings))).toEqual([]);
  const missing = (name: string): string =>
    `networkInterfaces.json: [2]: the public address ${name} of NIC nic-jump-1 is in no file, so its address is taken as not known`;
  expect(warnings).toEqual([missing('pip-jump'), missing('pip-jump-ipv6')]);
  const pips = (await fromAz.get(`${subscription}/providers/Microsoft.Network/publicIPAddresses`))['value'] as Json[];
  expect(pips).toMatchObject([
    { name: 'pip-jump', properties: { publicIPAddressVersion: 'IPv4' } },
    { name: 'pip-jump-ipv6', properties: { publicIPAddressVersion: 'IPv6' } },
  ]);
  expect(JSON.stringify(pips)).not.toContain('"ipAddress"');
  expect(judgedBy(fromAz)).toEqual(judgedBy(fromTemplate));
  const nics = await fromAz.get(`${subscription}/providers/Microsoft.Network/networkInterfaces`);
  expect(JSON.stringify(nics)).not.toMatch(/null|"resourceGroup"/);
});
