/**
 * The texts that shared access signatures sign, one field per line. Source: Azure Storage, "Create an account SAS",
 * "Create a service SAS", "Construct the string-to-sign".
 */
import { createHmac } from 'node:crypto';

/** Returns a query field by name; '' if it is absent. */
export type SasField = (name: string) => string;

/** Parameters of a service SAS that replace response headers, in signing order. */
export const sasOverrides = {
  rscc: 'cache-control',
  rscd: 'content-disposition',
  rsce: 'content-encoding',
  rscl: 'content-language',
  rsct: 'content-type',
} as const;

const versionEncryptionScope = '2020-12-06';
const versionResource = '2018-11-09';

export function accountSasText(get: SasField, account: string): string {
  const parts = [account, ...['sp', 'ss', 'srt', 'st', 'se', 'sip', 'spr', 'sv'].map(get)];
  if (get('sv') >= versionEncryptionScope) parts.push(get('ses'));
  return `${parts.join('\n')}\n`;
}

/** @param path of the container or blob: `insights-logs-flowlogflowevent/name` */
export function serviceSasText(get: SasField, account: string, path: string): string {
  const parts = [...['sp', 'st', 'se'].map(get), `/blob/${account}/${path}`, ...['si', 'sip', 'spr', 'sv'].map(get)];
  if (get('sv') >= versionResource) parts.push(get('sr'), get('snapshot'));
  if (get('sv') >= versionEncryptionScope) parts.push(get('ses'));
  parts.push(...Object.keys(sasOverrides).map(get));
  return parts.join('\n');
}

/** HMAC-SHA256; key and result in base64. */
export function signText(text: string, key: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64');
}
