/** Values that columns of several tables have, over the rows of the reduction (reduction.ts). */
import type { Expression } from '../relation/expression.ts';
import { call, column, nothing, textValue, when, whole } from '../relation/expression.ts';
import type { CounterName } from '../tree.ts';

const is = (name: string, value: string): Expression => call('equal', column(name), textValue(value));

/** The first text whose condition holds; else `otherwise`. */
function choose(branches: readonly (readonly [Expression, string])[], otherwise: Expression): Expression {
  if (branches.length === 0) return otherwise;
  return {
    kind: 'case',
    when: branches.map(([condition, text]) => ({ if: condition, value: textValue(text) })),
    otherwise,
  };
}

/** Words for the codes of a column; what has none is written in capital letters. */
export function words(name: string, pairs: Readonly<Record<string, string>>): Expression {
  return choose(
    Object.entries(pairs).map(([value, word]) => [is(name, value), word]),
    call('upper', column(name)),
  );
}

const isInbound = is('direction', 'inbound');
const isDenied = is('access', 'deny');
const isOfNsgLog = call('not', is('format', 'vnet'));

function flowsOf(isOfDirection: Expression, isOfAccess: Expression): Expression {
  return when(call('and', isOfDirection, isOfAccess), call('to_long', column('begun')), whole(0));
}

/** Counts of flows that began, and of those that were denied, by direction. */
export const flows = {
  allowedIn: flowsOf(isInbound, call('not', isDenied)),
  allowedOut: flowsOf(call('not', isInbound), call('not', isDenied)),
  deniedIn: flowsOf(isInbound, isDenied),
  deniedOut: flowsOf(call('not', isInbound), isDenied),
  all: call('to_long', column('begun')),
  completed: call('to_long', column('completed')),
};

/** A counter. NSG flow logs version 1 do not count; in all others, what has no counter counts 0. */
export function counter(of: Extract<CounterName, `${string}.${string}`>): Expression {
  const sum = column(of.replace('.', '_'));
  const version1 = is('format', 'nsg1');
  return call('to_long', when(version1, sum, call('coalesce', sum, whole(0))));
}

/** The id of the NSG or of another ACL that decided; of an NSG flow log, that of the NSG. */
const aclId = call('lower', when(isOfNsgLog, column('resource_id'), column('acl_id')));
const noAcls = ['', 'unspecified', '00000000-0000-0000-0000-000000000000'].map(textValue);
const hasNoAcl = call('or', call('is_null', aclId), call('in', aclId, ...noAcls));

/** Lower-case ARM id of the NSG; `Unspecified` where none applied. */
export const aclGroup = when(hasNoAcl, textValue('Unspecified'), aclId);

/** The rule's name in lower case, without `UserRule_` and `DefaultRule_`. */
export const ruleName = call(
  'replace_matches',
  call('lower', column('rule')),
  textValue('^(?:userrule|defaultrule)_'),
  textValue(''),
);

export const ruleType = choose(
  [
    [call('like', column('rule'), textValue('DefaultRule\\_%')), 'Default'],
    [call('like', column('rule'), textValue('UserRule\\_%')), 'User Defined'],
  ],
  nothing('text'),
);

/** Names of an ARM id, such as `subscription/group/nsg`: those behind `subscriptions`, `resourceGroups` and the resource's types. */
function shortId(id: Expression): Expression {
  const lower = call('lower', id);
  const segments = String.raw`^/?subscriptions/([^/]+)/resourcegroups/([^/]+)/providers/[^/]+`;
  const two = call(
    'replace_matches',
    lower,
    textValue(String.raw`${segments}/[^/]+/([^/]+)/[^/]+/([^/]+)/?$`),
    textValue(String.raw`\1/\2/\3/\4`),
  );
  return call(
    'replace_matches',
    two,
    textValue(String.raw`${segments}/[^/]+/([^/]+)/?$`),
    textValue(String.raw`\1/\2/\3`),
  );
}

/** `subscription/group/nsg`; empty where no NSG applied. */
export const nsgShortId = when(hasNoAcl, nothing('text'), shortId(aclId));

/** `subscription/group/watcher/flow log` of a VNet flow log; an NSG flow log does not say. */
export const flowLogShortId = when(isOfNsgLog, nothing('text'), shortId(column('resource_id')));

/** What is logged: of an NSG flow log, the NSG. */
const targetId = when(isOfNsgLog, column('resource_id'), column('target_id'));
export const targetShortId = shortId(targetId);

export const targetType = choose(
  [
    [isOfNsgLog, 'NetworkSecurityGroup'],
    [call('like', targetId, textValue('%/subnets/%')), 'Subnet'],
    [call('like', targetId, textValue('%/networkInterfaces/%')), 'NetworkInterface'],
    [call('like', targetId, textValue('%/virtualNetworks/%')), 'VirtualNetwork'],
  ],
  nothing('text'),
);

/** `00-0D-3A-98-82-CE`. */
export const mac = call(
  'replace_matches',
  call('upper', column('mac')),
  textValue('^(..)(..)(..)(..)(..)(..)$'),
  textValue(String.raw`\1-\2-\3-\4-\5-\6`),
);

/** Words of the schema article for the states of VNet flow logs. */
export const encryption = choose(
  [
    ['X', 'Encrypted'],
    ['NX', 'Unencrypted'],
    ['NX_HW_NOT_SUPPORTED', 'Unsupported hardware'],
    ['NX_SW_NOT_READY', 'Software not ready'],
    ['NX_NOT_ACCEPTED', 'Drop due to no encryption'],
    ['NX_NOT_SUPPORTED', 'Discovery not supported'],
    ['NX_LOCAL_DST', 'Destination on same host'],
    ['NX_FALLBACK', 'Fall back to no encryption'],
  ].map(([code, text]) => [is('encryption', code), text] as const),
  column('encryption'),
);

export const sourcePorts = call('join_list', column('src_ports'), textValue('|'));

/** Time of the last tuple; or of the last begin or denied one, if there is one. */
export function endTime(setting: string): Expression {
  const last = column('last_time');
  return setting === 'last-begin' ? call('coalesce', column('last_begin'), last) : last;
}

/** IANA's name of the application protocol, in lower case. */
export const application = call('coalesce', call('lower', column('l7_protocol')), textValue('Unknown'));
