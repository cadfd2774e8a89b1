import { hourMillis, minuteMillis } from '../../src/base/time.ts';
import type { Container } from '../../src/blob/container.ts';
import { formatBlobPath } from '../../src/flowlog/blob-path.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import { fileRows } from '../../src/lake/files/file-rows.ts';
import { openLake } from '../../src/lake/lake.ts';

export const hour = Date.UTC(2026, 10, 20, 10);
export const container = 'insights-logs-networksecuritygroupflowevent';

export function nsgId(nsg = 'WEB', group = 'RG', subscription = '00000000-0000-0000-0000-000000000001'): string {
  return `/SUBSCRIPTIONS/${subscription}/RESOURCEGROUPS/${group}/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/${nsg}`;
}

export function macOf(nic: number): string {
  return `000D3A${nic.toString(16).toUpperCase().padStart(6, '0')}`;
}

export function blobName(hours = 0, nic = 1, id = nsgId()): string {
  return formatBlobPath('nsg', id, hour + hours * hourMillis, macOf(nic));
}

/** `port` is the source port, which tells tuples apart; `state` as in the log. */
export interface MadeTuple {
  readonly port: number;
  readonly state?: 'B' | 'C' | 'E';
  /** Seconds since the record's time. */
  readonly seconds?: number;
}

/** One record of NSG version 2, flushed at `minute` of the hour. */
export function madeRecord(minute: number, tuples: readonly MadeTuple[], nic = 1, hours = 0, id = nsgId()): string {
  const time = hour + hours * hourMillis + minute * minuteMillis;
  const lines = tuples.map(({ port, state = 'B', seconds = 0 }) => {
    const counters = state === 'B' ? ',,,' : '1,66,1,66';
    return `${time / 1000 + seconds},10.0.0.4,10.0.0.5,${port},443,T,O,A,${state},${counters}`;
  });
  return JSON.stringify({
    time: new Date(time).toISOString(),
    systemId: '00000000-0000-0000-0000-000000000009',
    macAddress: macOf(nic),
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: id,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: { Version: 2, flows: [{ rule: 'DefaultRule_Allow', flows: [{ mac: macOf(nic), flowTuples: lines }] }] },
  });
}

function blockId(letter: string, n: number): string {
  return Buffer.from(letter + n.toString(16).padStart(32, '0')).toString('base64');
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * The blob as Azure writes it: an opening block, one a record, a closing one. It is made, or grows by the records that it lacks.
 * A blob that is written anew is of another `generation`: its blocks have other ids.
 */
export async function writeBlob(
  to: Container,
  name: string,
  records: readonly string[],
  generation = 0,
): Promise<void> {
  const before = await to.blocks(name);
  const known = new Set(before?.blocks.map(({ id }) => id));
  const ids = [blockId('A', 0), ...records.map((_, i) => blockId('D', generation * 0x10000 + i)), blockId('Z', 0)];
  const texts = ['{"records":[', ...records.map((record, i) => (i === 0 ? record : `,${record}`)), ']}'];
  for (const [i, id] of ids.entries()) if (!known.has(id)) await to.stageBlock(name, id, bytes(texts[i]));
  await to.commitBlocks(name, ids, before?.etag);
}

export function wholeLog(records: readonly string[]): string {
  return `{"records":[${records.join(',')}]}`;
}

/** Source ports of all rows of a lake, in order. */
export async function portsOf(folder: string): Promise<number[]> {
  const lake = await openLake(folder);
  const duckdb = await openDuckdb();
  const connection = await duckdb.connect();
  const rows = await fileRows(connection, (await lake.snapshot()).files);
  const answer = await connection.runAndReadAll(`SELECT src_port FROM ${rows} ORDER BY src_port`);
  const ports = answer.getRows().map(([port]) => Number(port));
  connection.closeSync();
  await duckdb.close();
  await lake.close();
  return ports;
}
