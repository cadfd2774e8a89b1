/**
 * `listAccountSas` and `listServiceSas` of a storage account: signatures that the account's own Blob service accepts.
 * Source: azure-rest-api-specs, storage.json 2023-01-01; see sas-text.ts for the signed text.
 */
import { Type } from 'typebox';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { parseTime } from '../../base/time.ts';
import { accountSasText, sasOverrides, serviceSasText, signText } from '../../blob/sas-text.ts';
import { ArmError } from '../arm-error.ts';
import type { Action, ActionCall } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';
import { accountKey } from './account-keys.ts';

const signedVersion = '2018-11-09';
const text = Type.Optional(Type.String({ maxLength: 1024 }));
const signed = {
  signedPermission: text,
  signedIp: text,
  signedProtocol: Type.Optional(words(['https,http', 'https'])),
  signedStart: text,
  signedExpiry: text,
  keyToSign: text,
};

export const listAccountSas: Action = {
  name: 'listAccountSas',
  schema: Type.Object({ ...signed, signedServices: Type.String(), signedResourceTypes: Type.String() }),
  run(call) {
    const fields = signedFields(call, [
      ['ss', 'signedServices', /^[bqtf]{1,4}$/],
      ['srt', 'signedResourceTypes', /^[sco]{1,3}$/],
      ['sp', 'signedPermission', /^[rwdlacupxytfmei]+$/],
    ]);
    return {
      accountSasToken: token(
        fields,
        call,
        accountSasText((name) => fields.get(name) ?? '', call.resource.name),
      ),
    };
  },
};

export const listServiceSas: Action = {
  name: 'listServiceSas',
  schema: Type.Object({
    ...signed,
    canonicalizedResource: Type.String({ maxLength: 2048 }),
    signedResource: text,
    signedIdentifier: text,
    ...Object.fromEntries(Object.keys(sasOverrides).map((name) => [name, text])),
  }),
  run(call) {
    const fields = signedFields(call, [
      ['sr', 'signedResource', /^[bc]$/],
      ['sp', 'signedPermission', /^[rwdlacupxytfmei]+$/],
    ]);
    // Stored access policies are not supported, so such a signature would never be accepted.
    if (textOf(call.body['signedIdentifier']) !== '') throw invalid('signedIdentifier');
    for (const name of Object.keys(sasOverrides)) {
      const value = textOf(call.body[name]);
      if (/\p{Cc}/u.test(value)) throw invalid(name);
      if (value !== '') fields.set(name, value);
    }
    const path = readPath(call.resource, call.body, fields.get('sr') === 'b');
    return {
      serviceSasToken: token(
        fields,
        call,
        serviceSasText((name) => fields.get(name) ?? '', call.resource.name, path),
      ),
    };
  },
};

/**
 * `/blob/account/container[/blob]` without its prefix.
 * @throws InvalidValuesForRequestParameters
 */
function readPath({ name }: Resource, body: JsonObject, isBlob: boolean): string {
  const [, container, blob] = /^\/blob\/[^/]+\/([^/]+)(?:\/(.+))?$/.exec(textOf(body['canonicalizedResource'])) ?? [];
  const start = `/blob/${name}/`;
  const isHere = textOf(body['canonicalizedResource']).startsWith(start);
  if (!isHere || container === undefined || (blob !== undefined) !== isBlob) throw invalid('canonicalizedResource');
  return textOf(body['canonicalizedResource']).slice(start.length);
}

type Wish = readonly [field: string, property: string, pattern: RegExp];

/**
 * Fields of the signature in the order of the token.
 * @throws InvalidValuesForRequestParameters
 */
function signedFields({ body }: ActionCall, wishes: readonly Wish[]): Map<string, string> {
  const fields = new Map([['sv', signedVersion]]);
  for (const [field, property, pattern] of wishes) {
    const value = textOf(body[property]);
    if (!pattern.test(value)) throw invalid(property);
    fields.set(field, value);
  }
  const start = readTime(body, 'signedStart');
  const end = readTime(body, 'signedExpiry');
  if (end === '' || (start !== '' && start >= end)) throw invalid('signedExpiry');
  if (start !== '') fields.set('st', start);
  fields.set('se', end);
  const addresses = textOf(body['signedIp']);
  if (addresses !== '' && !/^[\da-f.:]+(-[\da-f.:]+)?$/i.test(addresses)) throw invalid('signedIp');
  if (addresses !== '') fields.set('sip', addresses);
  const protocol = textOf(body['signedProtocol']);
  if (protocol !== '') fields.set('spr', protocol);
  return fields;
}

/** In whole seconds, UTC. */
function readTime(body: JsonObject, property: string): string {
  const given = textOf(body[property]);
  if (given === '') return '';
  const millis = parseTime(given);
  if (millis === undefined) throw invalid(property);
  return `${new Date(millis).toISOString().slice(0, 19)}Z`;
}

function token(fields: ReadonlyMap<string, string>, { resource, body }: ActionCall, toSign: string): Json {
  const keyName = (textOf(body['keyToSign']) || 'key1').toLowerCase();
  if (keyName !== 'key1' && keyName !== 'key2') throw invalid('keyToSign');
  const sig = signText(toSign, accountKey(resource, keyName).value);
  return [...fields, ['sig', sig] as const].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

function invalid(property: string): ArmError {
  return new ArmError('InvalidValuesForRequestParameters', `Values for request parameters are invalid: ${property}.`, {
    target: property,
  });
}
