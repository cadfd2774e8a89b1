/**
 * Rules that Azure refuses: what is wrong, the fields beside those of a sound rule, Azure's code, and how the sentence about it begins. Files and the API are
 * held against it.
 */
import type { RuleFaultCode } from '../../src/nsg/check-rule.ts';
import { groupId } from './bodies.ts';

const groups = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ id: groupId(`g${i}`) }));

export const refusedRules: readonly (readonly [string, object, RuleFaultCode, string])[] = [
  ['priority below 100', { priority: 99 }, 'SecurityRuleInvalidPriority', 'priority 99 lies outside'],
  ['priority above 4096', { priority: 4097 }, 'SecurityRuleInvalidPriority', 'priority 4097 lies outside'],
  ...tagsInLists(),
  [
    'a word that is no tag, among prefixes',
    { sourceAddressPrefix: '', sourceAddressPrefixes: ['10.0.0.0/8', 'not/a/prefix'] },
    'SecurityRuleInvalidAddressPrefix',
    "its source 'not/a/prefix' is neither an address prefix nor a service tag",
  ],
  ...['any', 'Any', 'ANY'].map(
    (any) =>
      [
        `${any} as a prefix`,
        { destinationAddressPrefix: any },
        'SecurityRuleInvalidAddressPrefix',
        `its destination '${any}' is not an address prefix: write *`,
      ] as const,
  ),
  [
    'any in a list',
    { sourceAddressPrefix: null, sourceAddressPrefixes: ['any'] },
    'SecurityRuleInvalidAddressPrefix',
    "its source 'any' is not an address prefix: write *",
  ],
  [
    'two families on a side',
    { sourceAddressPrefix: '', sourceAddressPrefixes: ['203.0.113.0/24', '2001:db8::/32'] },
    'ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies',
    'it has IPv4 and IPv6 prefixes (203.0.113.0/24, 2001:db8::/32)',
  ],
  [
    'two families on two sides',
    { sourceAddressPrefix: '2001:db8::/32', destinationAddressPrefix: '203.0.113.7' },
    'ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies',
    'it has IPv4 and IPv6 prefixes (203.0.113.7, 2001:db8::/32)',
  ],
  ['no source', { sourceAddressPrefix: '' }, 'SecurityRuleParametersMissing', 'it has no source'],
  ['no port', { destinationPortRange: '' }, 'SecurityRuleParametersMissing', 'it has no destination port'],
  [
    'a port that is none',
    { destinationPortRange: '70000' },
    'SecurityRuleInvalidPortRange',
    "its destination port '70000' is neither",
  ],
  [
    'ports with a comma',
    { sourcePortRange: '80,81' },
    'SecurityRuleInvalidPortRange',
    "its source port '80,81' is neither",
  ],
  ['any as a port', { sourcePortRange: 'any' }, 'SecurityRuleInvalidPortRange', "its source port 'any' is neither"],
  [
    'every port in a list',
    { destinationPortRange: null, destinationPortRanges: ['*'] },
    'SecurityRuleParameterContainsInvalidPortRanges',
    "its destination port '*' is in destinationPortRanges",
  ],
  [
    'every port among others',
    { sourcePortRange: '', sourcePortRanges: ['80', '*'] },
    'SecurityRuleParameterContainsInvalidPortRanges',
    "its source port '*' is in sourcePortRanges",
  ],
  [
    'one and several prefixes',
    { sourceAddressPrefix: '10.0.0.0/8', sourceAddressPrefixes: ['10.1.0.0/16', '10.2.0.0/16'] },
    'SecurityRuleParameterContainsUnsupportedValue',
    'it has both sourceAddressPrefix and sourceAddressPrefixes',
  ],
  [
    'one and several ports',
    { sourcePortRange: '1', sourcePortRanges: ['2', '3'] },
    'SecurityRuleParameterContainsUnsupportedValue',
    'it has both sourcePortRange and sourcePortRanges',
  ],
  [
    'groups and prefixes',
    { sourceApplicationSecurityGroups: groups(1), sourceAddressPrefix: '10.0.0.0/8' },
    'SecurityRuleParameterContainsUnsupportedValue',
    'its source has both application security groups (g0) and 10.0.0.0/8',
  ],
  [
    'too many groups',
    { sourceApplicationSecurityGroups: groups(11), sourceAddressPrefix: null },
    'ChildResourceLimit',
    'its source has 11 application security groups, more than 10',
  ],
];

/** Tags, known and not, and `*`, alone in a list and among prefixes. */
function tagsInLists() {
  return [
    'VirtualNetwork',
    'Internet',
    'AzureLoadBalancer',
    'VIRTUAL_NETWORK',
    'Storage.WestEurope',
    'CorpNetSaw',
    '*',
  ].flatMap((tag) =>
    [[tag], ['10.0.0.0/8', tag], [tag, 'Sql']].map(
      (list) =>
        [
          `${list.join(', ')} as a list`,
          { destinationAddressPrefix: '', destinationAddressPrefixes: list },
          'SecurityRuleParameterContainsUnsupportedValue',
          `its destination '${tag}' is in destinationAddressPrefixes`,
        ] as const,
    ),
  );
}
