/**
 * Resources below a storage account: its blob service with containers, its lifecycle policy, and the parts of the file
 * service that clients read. Containers are those of the account's folder, or of its bound storage. Source:
 * azure-rest-api-specs, blob.json, file.json and managementpolicy.json 2023-01-01.
 */
import { Type } from 'typebox';
import { parentId, resourceName } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import { formatTime } from '../../base/time.ts';
import { ArmError } from '../arm-error.ts';
import type { View } from '../resources/resource-type.ts';
import { defineType, resourceSchema } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { propertiesOf, textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';
import { storageAccountType } from './storage-account.ts';

export const containerType = `${storageAccountType}/blobServices/containers`;

const onlyDefault = { pattern: /^default$/i, rule: "is 'default'." };
const readOnlyText = Type.Optional(Type.String({ readOnly: true }));
const switched = Type.Object({ enabled: Type.Boolean({ default: false }) }, { default: {} });

/** A service has the SKU of its account. */
function withSku(resource: Resource, view: View): JsonObject {
  const sku = view.get(parentId(resource.id))?.body['sku'];
  return { ...resource.body, ...(sku === undefined ? {} : { sku }) };
}

export const blobService = defineType({
  type: `${storageAccountType}/blobServices`,
  scope: 'group',
  name: onlyDefault,
  location: 'none',
  schema: resourceSchema(
    Type.Object(
      {
        cors: Type.Object({ corsRules: Type.Array(Type.Object({}), { default: [] }) }, { default: {} }),
        deleteRetentionPolicy: switched,
        containerDeleteRetentionPolicy: Type.Optional(switched),
        isVersioningEnabled: Type.Optional(Type.Boolean()),
      },
      { default: {} },
    ),
  ),
  deleteStatus: 204,
  changes: 'nothing',
  patch: 'none',
  isImmediate: true,
  isNewOk: true,
  isFixed: 'put',
  implicitName: 'default',
  complete: ({ properties }) => ({ properties }),
  toResponse: withSku,
});

export const fileService = defineType({
  type: `${storageAccountType}/fileServices`,
  scope: 'group',
  name: onlyDefault,
  location: 'none',
  schema: resourceSchema(
    Type.Object(
      {
        cors: Type.Object({ corsRules: Type.Array(Type.Object({}), { default: [] }) }, { default: {} }),
        shareDeleteRetentionPolicy: switched,
        protocolSettings: Type.Object({ smb: Type.Object({}, { default: {} }) }, { default: {} }),
      },
      { default: {} },
    ),
  ),
  deleteStatus: 204,
  changes: 'nothing',
  patch: 'none',
  isImmediate: true,
  isFixed: 'get',
  implicitName: 'default',
  complete: ({ properties }) => ({ properties }),
  toResponse: withSku,
});

export const blobContainer = defineType({
  type: containerType,
  scope: 'group',
  name: {
    pattern: /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
    rule: 'has 3 to 63 lower-case letters, digits and single hyphens, and neither begins nor ends with a hyphen.',
  },
  location: 'none',
  schema: resourceSchema(
    Type.Object(
      {
        publicAccess: words(['None', 'Container', 'Blob'], { default: 'None' }),
        metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
        defaultEncryptionScope: Type.String({ default: '$account-encryption-key' }),
        denyEncryptionScopeOverride: Type.Boolean({ default: false }),
        lastModifiedTime: readOnlyText,
        leaseStatus: readOnlyText,
        leaseState: readOnlyText,
        version: readOnlyText,
        hasImmutabilityPolicy: Type.Optional(Type.Boolean({ readOnly: true })),
        hasLegalHold: Type.Optional(Type.Boolean({ readOnly: true })),
        deleted: Type.Optional(Type.Boolean({ readOnly: true })),
        remainingRetentionDays: Type.Optional(Type.Integer({ readOnly: true })),
      },
      { default: {} },
    ),
  ),
  deleteStatus: 200,
  changes: 'nothing',
  patch: 'merge',
  isImmediate: true,
  notFound: () => new ArmError('ContainerNotFound', 'The specified container does not exist.'),
  outside: {
    async make({ id, view }) {
      await view.settings.containers?.make(accountOf(id), resourceName(id));
    },
    async remove({ id, view }) {
      await view.settings.containers?.remove(accountOf(id), resourceName(id));
    },
  },
  complete: ({ properties }, { view }) => ({
    properties: { ...properties, lastModifiedTime: formatTime(view.settings.now()) },
  }),
  toResponse: ({ body }) => ({
    ...body,
    properties: {
      deleted: false,
      remainingRetentionDays: 0,
      leaseStatus: 'Unlocked',
      leaseState: 'Available',
      hasImmutabilityPolicy: false,
      hasLegalHold: false,
      ...propertiesOf(body),
    },
  }),
});

/** Stored and returned, but not applied: `nsgflow retain` and the retention of flow logs delete blobs. */
export const managementPolicy = defineType({
  type: `${storageAccountType}/managementPolicies`,
  scope: 'group',
  name: onlyDefault,
  location: 'none',
  schema: resourceSchema(
    Type.Object({
      lastModifiedTime: readOnlyText,
      policy: Type.Object({
        rules: Type.Array(
          Type.Object({
            enabled: Type.Boolean({ default: true }),
            name: Type.String(),
            type: words(['Lifecycle']),
            definition: Type.Object({ actions: Type.Object({}) }),
          }),
        ),
      }),
    }),
  ),
  deleteStatus: 200,
  changes: 'nothing',
  patch: 'none',
  isImmediate: true,
  isNewOk: true,
  notFound: (id) =>
    new ArmError('ManagementPolicyNotFound', `No ManagementPolicy found for account ${resourceName(parentId(id))}`),
  complete: ({ properties }, { view }) => ({
    properties: { ...properties, lastModifiedTime: formatTime(view.settings.now()) },
  }),
});

/** Name of the account of a container. */
export function accountOf(containerId: string): string {
  return resourceName(parentId(parentId(containerId)));
}

/** Refuses the file service if the account's kind does not have it. */
export function checkFileService(account: Resource): void {
  const kind = textOf(account.body['kind']);
  if (kind === 'BlobStorage' || kind === 'BlockBlobStorage')
    throw new ArmError(
      'FeatureNotSupportedForAccount',
      `File is not supported for the account: ${account.name} is ${kind}.`,
    );
}
