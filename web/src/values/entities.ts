/** Things that have a page of their own: `/entity/ip/10.20.1.4`. */

export interface EntityKind {
  readonly kind: string;
  readonly title: string;
  /** Field of filters. */
  readonly field: string;
  /** Whether it has two sides: what comes in, and what goes out. */
  readonly hasSides: boolean;
}

export const entityKinds: readonly EntityKind[] = [
  { kind: 'ip', title: 'Address', field: 'ip', hasSides: true },
  { kind: 'port', title: 'Port', field: 'port', hasSides: false },
  { kind: 'rule', title: 'Rule', field: 'rule', hasSides: false },
  { kind: 'nsg', title: 'NSG', field: 'nsg', hasSides: false },
  { kind: 'mac', title: 'NIC', field: 'mac', hasSides: false },
  { kind: 'country', title: 'Country', field: 'country', hasSides: true },
  { kind: 'vm', title: 'VM', field: 'vm', hasSides: true },
  { kind: 'subnet', title: 'Subnet', field: 'subnet', hasSides: true },
  { kind: 'tag', title: 'Service tag', field: 'tag', hasSides: true },
  { kind: 'asn', title: 'AS', field: 'asn', hasSides: true },
];

/** The page of a value of a field; `undefined` where it has none. */
export function entityAddress(field: string, value: string | number | boolean | null): string | undefined {
  if (value === null || value === '') return undefined;
  const bare = field === 'src' || field === 'dst' ? 'ip' : field.replace(/^(?:src|dst)\./, '');
  const found = entityKinds.find((one) => one.field === bare);
  return found === undefined ? undefined : `/entity/${found.kind}/${encodeURIComponent(String(value))}`;
}

/** The field of one side: `src` of `ip`, `dst.country` of `country`. */
export function sideField({ field }: EntityKind, side: 'src' | 'dst'): string {
  return field === 'ip' ? side : `${side}.${field}`;
}
