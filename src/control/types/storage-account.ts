/**
 * Storage accounts: kinds, SKUs, two keys, and the firewall. Keys are in `hidden`, each with an id that changes when it
 * is regenerated, so that a key can be compared without storing it.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { formatTime } from '../../base/time.ts';
import { ArmError } from '../arm-error.ts';
import type { ActionCall, WriteContext, View } from '../resources/resource-type.ts';
import { defineType, resourceSchema } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { objectOf, objectsOf, propertiesOf, textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';
import { notReferenced } from './reference.ts';
import { listAccountSas, listServiceSas } from './storage-sas.ts';

export const storageAccountType = 'Microsoft.Storage/storageAccounts';

const readOnlyText = Type.Optional(Type.String({ readOnly: true }));
const kinds = ['Storage', 'StorageV2', 'BlobStorage', 'BlockBlobStorage', 'FileStorage'] as const;
const skus = [
  'Standard_LRS',
  'Standard_GRS',
  'Standard_RAGRS',
  'Standard_ZRS',
  'Standard_GZRS',
  'Standard_RAGZRS',
  'Premium_LRS',
  'Premium_ZRS',
] as const;

/** The `skus` of a subscription: one entry per SKU and kind. */
export function storageSkus(locations: readonly string[]): Json[] {
  return skus.flatMap((name) =>
    kinds
      .filter((kind) => isSkuOf(name, kind))
      .map((kind) => ({
        resourceType: 'storageAccounts',
        name,
        tier: name.startsWith('Premium') ? 'Premium' : 'Standard',
        kind,
        locations,
        locationInfo: [],
        capabilities: [],
        restrictions: [],
      })),
  );
}

function isSkuOf(sku: string, kind: string): boolean {
  const isPremium = sku.startsWith('Premium');
  const wantsPremium = kind === 'BlockBlobStorage' || kind === 'FileStorage';
  return wantsPremium ? isPremium : !(kind === 'BlobStorage' && isPremium);
}

/** Names of storage accounts. */
export const accountName = {
  pattern: /^[a-z0-9]{3,24}$/,
  rule: 'must be between 3 and 24 characters in length and use numbers and lower-case letters only.',
  code: 'AccountNameInvalid',
} as const;

const schema = resourceSchema(
  Type.Object(
    {
      primaryEndpoints: Type.Optional(Type.Object({}, { readOnly: true })),
      primaryLocation: readOnlyText,
      statusOfPrimary: readOnlyText,
      creationTime: readOnlyText,
      accessTier: Type.Optional(words(['Hot', 'Cool', 'Cold', 'Premium'])),
      supportsHttpsTrafficOnly: Type.Boolean({ default: true }),
      minimumTlsVersion: Type.String({ default: 'TLS1_2' }),
      allowBlobPublicAccess: Type.Boolean({ default: false }),
      networkAcls: Type.Object(
        {
          bypass: Type.String({ default: 'AzureServices' }),
          defaultAction: words(['Allow', 'Deny'], { default: 'Allow' }),
          ipRules: Type.Array(Type.Object({ value: Type.String(), action: words(['Allow'], { default: 'Allow' }) }), {
            default: [],
          }),
          virtualNetworkRules: Type.Array(
            Type.Object({
              id: Type.String(),
              action: words(['Allow'], { default: 'Allow' }),
              state: Type.Optional(Type.String({ readOnly: true })),
            }),
            { default: [] },
          ),
        },
        { default: {} },
      ),
    },
    { default: {} },
  ),
  {
    sku: Type.Object({ name: words(skus), tier: Type.Optional(Type.String({ readOnly: true })) }),
    kind: words(kinds, { default: 'StorageV2' }),
  },
);

export const storageAccount = defineType({
  type: storageAccountType,
  scope: 'group',
  name: accountName,
  location: 'required',
  schema,
  deleteStatus: 200,
  changes: 'recording',
  patch: 'merge',
  putByLocation: true,
  actions: [
    { name: 'listKeys', schema: Type.Object({}), run: ({ resource }) => ({ keys: keysBody(resource) }) },
    { name: 'regenerateKey', schema: Type.Object({ keyName: Type.String() }), run: regenerateKey },
    listAccountSas,
    listServiceSas,
  ],
  complete(body, context) {
    checkKind(body, context);
    checkSubnets(body.properties.networkAcls.virtualNetworkRules, context);
    const before = propertiesOf(context.previous?.body ?? {});
    const bypass = readBypass(body.properties.networkAcls.bypass);
    const created = textOf(before['creationTime']) || formatTime(context.view.settings.now());
    const isPremium = body.sku.name.startsWith('Premium');
    return {
      top: { sku: { name: body.sku.name, tier: isPremium ? 'Premium' : 'Standard' }, kind: body.kind },
      properties: {
        ...body.properties,
        accessTier: body.properties.accessTier ?? (isPremium ? 'Premium' : 'Hot'),
        networkAcls: { ...body.properties.networkAcls, bypass },
        creationTime: created,
      },
      ...(context.previous === undefined
        ? { hidden: { keys: [newKey('key1', created), newKey('key2', created)] } }
        : {}),
    };
  },
  toResponse(resource, view) {
    const host = `${view.origin}/${resource.name}`;
    const own = propertiesOf(resource.body);
    const properties: Record<string, Json> = {
      ...own,
      networkAcls: firewallRulesBody(objectOf(own['networkAcls']), view),
      primaryLocation: resource.body['location'],
      statusOfPrimary: 'available',
      primaryEndpoints: { blob: `${host}/` },
    };
    return { ...resource.body, properties };
  },
});

function checkKind(body: Static<typeof schema>, { id, name, previous, view }: WriteContext): void {
  const { kind, sku } = body;
  if (!isSkuOf(sku.name, kind))
    throw new ArmError('InvalidRequestContent', `The SKU ${sku.name} is not one of kind ${kind}.`, {
      target: 'sku.name',
    });
  const before = textOf(previous?.body['kind']);
  const isUpgrade = kind === 'StorageV2' && (before === 'Storage' || before === 'BlobStorage');
  if (before !== '' && before !== kind && !isUpgrade)
    throw new ArmError(
      'PropertyChangeNotAllowed',
      `Changing property 'kind' of ${name} from ${before} to ${kind} is not allowed.`,
      {
        target: 'kind',
      },
    );
  const owner = accountNamed(view, name);
  if (owner !== undefined && owner.id.toLowerCase() !== id.toLowerCase())
    throw new ArmError('StorageAccountAlreadyTaken', `The storage account named ${name} is already taken.`);
}

/**
 * Checks that the subnet of a new firewall rule exists. An existing rule stays when its subnet is deleted, as in Azure.
 */
function checkSubnets(rules: readonly { id: string }[], { id, previous, view }: WriteContext): void {
  const before = subnetRules(objectOf(propertiesOf(previous?.body ?? {})['networkAcls']));
  for (const rule of rules)
    if (!isSubnet(rule.id, view) && !before.some((old) => resourceKey(textOf(old['id'])) === resourceKey(rule.id)))
      throw notReferenced(rule.id, id);
}

function subnetRules(networkAcls: JsonObject): JsonObject[] {
  return objectsOf(networkAcls['virtualNetworkRules']);
}

function isSubnet(id: string, view: View): boolean {
  return /\/virtualnetworks\/[^/]+\/subnets\/[^/]+\/*$/i.test(id) && view.exists(id);
}

function firewallRulesBody(networkAcls: JsonObject, view: View): JsonObject {
  const virtualNetworkRules = subnetRules(networkAcls).map((rule) => ({
    ...rule,
    state: isSubnet(textOf(rule['id']), view) ? 'Succeeded' : 'NetworkSourceDeleted',
  }));
  return { ...networkAcls, virtualNetworkRules };
}

/** Names are unique across all subscriptions. */
export function accountNamed(view: View, name: string): Resource | undefined {
  for (const account of view.ofType(storageAccountType)) if (account.name === name.toLowerCase()) return account;
  return undefined;
}

const bypassWords = ['None', 'Logging', 'Metrics', 'AzureServices'];

/** `Logging, AzureServices` in canonical casing. */
function readBypass(text: string): string {
  const list = text.split(',').map((part) => part.trim());
  const found = list.map((part) => bypassWords.find((word) => word.toLowerCase() === part.toLowerCase()));
  if (found.includes(undefined))
    throw new ArmError(
      'InvalidRequestContent',
      `The bypass '${text.slice(0, 80)}' is not made of ${bypassWords.join(', ')}.`,
      {
        target: 'properties.networkAcls.bypass',
      },
    );
  return found.join(', ');
}

function newKey(keyName: string, creationTime: string): JsonObject {
  return { keyName, value: randomBytes(64).toString('base64'), id: randomUUID(), creationTime };
}

/** Both keys as in the response of `listKeys`. */
export function keysBody(account: Resource): Json[] {
  return objectsOf(account.hidden['keys']).map(({ keyName, value, creationTime }) => ({
    keyName,
    value,
    permissions: 'FULL',
    creationTime,
  }));
}

async function regenerateKey({ resource, body, view, changes }: ActionCall): Promise<Json> {
  const keyName = textOf(body['keyName']).toLowerCase();
  const keys = objectsOf(resource.hidden['keys']);
  if (!keys.some((key) => key['keyName'] === keyName))
    throw new ArmError('InvalidRequestContent', `There is no key '${keyName.slice(0, 80)}'; there are key1 and key2.`, {
      target: 'keyName',
    });
  const fresh = keys.map((key) =>
    key['keyName'] === keyName ? newKey(keyName, formatTime(view.settings.now())) : key,
  );
  const changed = { ...resource, hidden: { ...resource.hidden, keys: fresh } };
  await changes.save(changed);
  return { keys: keysBody(changed) };
}

/** The firewall settings of an account that affect flow logs. */
export interface Firewall {
  readonly defaultAction: 'Allow' | 'Deny';
  readonly bypass: readonly string[];
}

/**
 * Whether a firewall blocks flow logs. Service endpoints need no other setting. Source: Network Watcher, "NSG flow
 * logs": trusted Microsoft services must be allowed.
 */
export function isClosed({ defaultAction, bypass }: Firewall): boolean {
  return defaultAction === 'Deny' && !bypass.includes('AzureServices');
}

/** The firewall of an account. */
export function firewallOf(account: Resource): Firewall {
  const rules = objectOf(propertiesOf(account.body)['networkAcls']);
  return {
    defaultAction: rules['defaultAction'] === 'Deny' ? 'Deny' : 'Allow',
    bypass: textOf(rules['bypass'])
      .split(', ')
      .filter((word) => word !== '' && word !== 'None'),
  };
}
