/**
 * Every NSG file of the corpus imports, or is refused with a reason that a person can act on; and on every NSG that imports the compiled
 * rules decide as the plain evaluator does.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { Address } from '../../src/net/address.ts';
import { prefixRange } from '../../src/net/prefix.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import type { ImportOptions } from '../../src/nsg/import.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network, Nsg } from '../../src/nsg/network.ts';
import { singleNicNetwork } from '../../src/nsg/network.ts';
import { address, anyFiveTuple } from './generate-network.ts';

const corpus = process.env['NSGFLOW_CORPUS'];
const folder = corpus === undefined ? '' : join(corpus, 'nsg');
const tagsFile = 'ServiceTags_reassembled_2026-06-26.json';

/** What happens to each file: NSGs, user rules of each, VNets, subnets and NICs; or a part of the refusal. */
type Outcome = { nsgs: number; rules: number[]; places: [number, number, number] } | { refused: string };

const expected: Record<string, { parameters?: object; outcome: Outcome }> = {
  'ServiceTags_Public_20250127.json': { outcome: { refused: 'no file contains a network' } },
  [tagsFile]: { outcome: { refused: 'no file contains a network' } },
  'arm__101-azure-bastion-nsg__azuredeploy.json': {
    parameters: { 'bastion-host-name': { value: 'bastion' } },
    outcome: { nsgs: 1, rules: [10], places: [1, 1, 0] },
  },
  'arm__101-hub-and-spoke-sandbox__azuredeploy.json': { outcome: { nsgs: 1, rules: [1], places: [3, 5, 1] } },
  'arm__201-nsg-dmz-in-vnet__azuredeploy.json': { outcome: { nsgs: 3, rules: [2, 3, 4], places: [1, 3, 0] } },
  'arm__301-multi-tier-service-networking__azuredeploy.json': {
    outcome: { nsgs: 3, rules: [4, 5, 3], places: [1, 3, 5] },
  },
  'arm__App-Service-Environment-AzFirewall__nestedtemplates__vnet.json': {
    parameters: {
      aseNSGName: { value: 'ase' },
      location: { value: 'westeurope' },
      tags: { value: {} },
      vnetResourceName: { value: 'vnet' },
      vnetAddressRange: { value: '10.0.0.0/16' },
      aseSubnetName: { value: 'ase' },
      aseSubnetAddressRange: { value: '10.0.0.0/24' },
      azureFirewallSubnetAddressRange: { value: '10.0.1.0/24' },
      aseRouteTableName: { value: 'routes' },
      azureFirewallRouteTableName: { value: 'firewall-routes' },
      azureFirewallName: { value: 'firewall' },
      azureFirewallPublicIP: { value: 'ip' },
      deployAzureFirewall: { value: false },
      aseSubnetServiceEndpoints: { value: [] },
      azureMonitorFQDNs: { value: [] },
      aseManagementIps: { value: [] },
    },
    outcome: { nsgs: 1, rules: [17], places: [1, 2, 0] },
  },
  'arm__chef-automate-ha__nested__networkSecurityGroupsResource.json': {
    parameters: { networkSettings: { value: { feNsg: 'fe', beNsg: 'be', beSubnetPrefix: '10.0.1.0/24' } } },
    outcome: { nsgs: 2, rules: [5, 8], places: [0, 0, 0] },
  },
  'arm__couchbase__azuredeploy.json': { outcome: { nsgs: 1, rules: [9], places: [1, 1, 0] } },
  'arm__e-shop-website-with-ilb-ase__prereqs__prereq.azuredeploy.json': {
    parameters: { name: { value: 'shop' } },
    outcome: { nsgs: 1, rules: [17], places: [1, 1, 0] },
  },
  'arm__netsec-LabTemplate-NetSecDemoLab.json': {
    parameters: { resourceNames: { value: { nsg1: 'one', nsg2: 'two', routeTable: 'r' } } },
    outcome: { refused: "there is no property 'vnet1'" },
  },
  'arm__sas-viya__azuredeploy.json': {
    outcome: { refused: "parameter 'WebIngressLocation' has no value and no default; give it in a parameters file" },
  },
  'arm__service-fabric-secure-nsg-cluster-65-node-3-nodetype__azuredeploy.json': {
    outcome: { nsgs: 3, rules: [10, 10, 10], places: [1, 3, 0] },
  },
  'avm__network-security-group.main.json': {
    parameters: {
      name: { value: 'avm' },
      securityRules: {
        value: [
          {
            name: 'r',
            properties: {
              access: 'Deny',
              direction: 'Outbound',
              priority: 200,
              protocol: '*',
              sourceAddressPrefix: '*',
              sourcePortRange: '*',
              destinationApplicationSecurityGroupResourceIds: ['/a/b/asg'],
              destinationPortRanges: ['3389', '22'],
            },
          },
        ],
      },
    },
    outcome: { nsgs: 1, rules: [1], places: [0, 0, 0] },
  },
  'azrest__c7n-nsgTest.test_allow_multiple_ports-1.json': { outcome: { nsgs: 2, rules: [6, 2], places: [0, 0, 0] } },
  'azrest__c7n-nsgTest.test_cidr_only_no_match-1.json': { outcome: { nsgs: 1, rules: [3], places: [0, 0, 0] } },
  'azrest__c7n-nsgTest.test_icmp_protocol-1.json': { outcome: { nsgs: 1, rules: [1], places: [0, 0, 0] } },
  'azrest__c7n-nsgTest.test_open_ports-3.json': { outcome: { nsgs: 1, rules: [7], places: [0, 0, 0] } },
  'batfish__cloud-azure__azure_configs__VM2-nsg.json': { outcome: { nsgs: 1, rules: [0], places: [0, 0, 0] } },
  'batfish__representation__azure__NetworkSecurityGroupTest.json': {
    outcome: { refused: 'rule AllowCidrBlockSSHInbound: another rule of this NSG has its name' },
  },
  'batfish__test-nsg__azure_configs__nsg-vm2.json': {
    outcome: { refused: 'rule AllowCidrBlockSSHInbound: priority 5 lies outside 100 to 4096' },
  },
  'swagger__NetworkSecurityGroupGet.json': { outcome: { nsgs: 1, rules: [1], places: [0, 0, 0] } },
};

function read(name: string): { path: string; text: string } {
  return { path: name, text: readFileSync(join(folder, name), 'utf8') };
}

function load(name: string, tags: boolean): Network {
  const parameters = expected[name]?.parameters;
  const options: ImportOptions = {
    files: [read(name)],
    parameters: parameters && { path: 'parameters.json', text: JSON.stringify({ parameters }) },
    serviceTags: tags ? read(tagsFile) : undefined,
  };
  return importNetwork(options);
}

function outcomeOf(name: string): Outcome {
  try {
    const network = load(name, false);
    const rules = network.nsgs.map((nsg) => nsg.inboundRules.length + nsg.outboundRules.length - 6);
    return {
      nsgs: network.nsgs.length,
      rules,
      places: [network.virtualNetworks.length, network.subnets.length, network.nics.length],
    };
  } catch (error) {
    if (error instanceof FlowError && error.code === 'network-invalid') return { refused: error.message };
    throw error;
  }
}

/** The NSG at a NIC of its own, in a VNet of 10.0.0.0/8. */
function alone(network: Network, nsg: Nsg): Network {
  const single = singleNicNetwork();
  const nics = single.nics.map((nic) => ({ ...nic, nsg, addresses: [address('10.0.0.4')] }));
  return { ...network, nics };
}

/** Addresses at and around the edges of what the rules name. */
function edges(nsg: Nsg): Address[] {
  const named = [...nsg.inboundRules, ...nsg.outboundRules]
    .flatMap((rule) => [...rule.source.addresses, ...rule.destination.addresses])
    .flatMap((match) => (match.kind === 'prefix' ? Object.values(prefixRange(match.prefix)) : []));
  return [
    ...named,
    address('10.0.0.4'),
    address('8.8.8.8'),
    address('168.63.129.16'),
    address('20.38.98.7'),
    address('2603:1020:206:1::1'),
  ];
}

describe.skipIf(corpus === undefined || !existsSync(folder))(
  'the NSG files of the corpus (skipped without NSGFLOW_CORPUS)',
  () => {
    test('are all in the table', () => {
      expect(readdirSync(folder).sort()).toEqual(Object.keys(expected).sort());
    });

    test.each(Object.keys(expected))('%s', (name) => {
      const outcome = outcomeOf(name);
      const wanted = expected[name].outcome;
      if ('refused' in wanted) expect(outcome).toEqual({ refused: expect.stringContaining(wanted.refused) });
      else expect(outcome).toEqual(wanted);
    });

    test('decide alike, compiled and plain, with service tags', () => {
      let compared = 0;
      for (const [name, { outcome }] of Object.entries(expected)) {
        if ('refused' in outcome) continue;
        const network = load(name, true);
        for (const nsg of network.nsgs) {
          const one = alone(network, nsg);
          const compiled = compileNetwork(one);
          const flows = fc.sample(anyFiveTuple(edges(nsg)), {
            numRuns: process.env['NSGFLOW_LONG'] === '1' ? 2000 : 100,
            seed: 7,
          });
          for (const flow of flows) {
            for (const [way, direction] of (['inbound', 'outbound'] as const).entries()) {
              const plain = evaluate(one, one.nics[0], direction, flow);
              const [s0, s1, s2, s3] = flow.source.words;
              const [d0, d1, d2, d3] = flow.destination.words;
              const { sourcePort, destinationPort, protocol } = flow;
              const index = compiled.decide(
                0,
                way,
                flow.source.family,
                protocol,
                s0,
                s1,
                s2,
                s3,
                sourcePort,
                d0,
                d1,
                d2,
                d3,
                destinationPort,
              );
              expect(compiled.decisions[index].rule).toBe(plain.rule);
              compared++;
            }
          }
        }
      }
      expect(compared).toBeGreaterThan(2000);
    });

    test('both lists of service tags are read whole', () => {
      const nsg = read('azrest__c7n-nsgTest.test_icmp_protocol-1.json');
      const counts = ['ServiceTags_Public_20250127.json', tagsFile].map(
        (name) => importNetwork({ files: [nsg, read(name)] }).serviceTags.size,
      );
      expect(counts[0]).toBe(2647 + 3);
      expect(counts[1]).toBeGreaterThan(2647);
    });
  },
);
