import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { nicBody, nicId, nsgBody, nsgId, ruleBody, virtualNetworkBody, virtualNetworkId } from '../nsg/bodies.ts';
import type { Sent } from '../record/traffic.ts';
import { pcapOf, readWritten, start } from '../record/traffic.ts';
import type { Ran } from './nsgflow.ts';
import { nsgflow } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function networkFile(name: string, access: string): string {
  const value = [
    virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
    nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: 'n' }),
    nsgBody('n', [ruleBody('all', { protocol: '*', access })]),
  ];
  return file(name, JSON.stringify({ value }));
}

const syn = (at: number, port: number): Sent => [at, `203.0.113.9:${port}`, '10.1.1.4:80', 'S'];
const capture = file('traffic.pcap', pcapOf([syn(1, 50_001), syn(61, 50_002), syn(121, 50_003), syn(181, 50_004)]));
const open = networkFile('open.json', 'Allow');
const shut = networkFile('shut.json', 'Deny');

/** Decisions of the four flows in order, from the tuples that begin them. */
async function begun(name: string): Promise<string> {
  const written = await readWritten(folderAccount(join(folder, name)));
  return written
    .map(({ tuple }) => tuple.split(','))
    .filter(([, , , , , , , , state]) => state === 'B')
    .sort(([, , , a], [, , , b]) => Number(a) - Number(b))
    .map(([, , , , , , , access]) => access)
    .join('');
}

function recordTo(name: string, ...args: string[]): Promise<Ran> {
  return nsgflow(['record', '--capture', capture, '--network', open, '--to', join(folder, name), ...args]);
}

describe('record --change', () => {
  const iso = (seconds: number): string => new Date((start + seconds) * 1000).toISOString();

  test.each([
    ['a time within a minute counts from the next', [`${iso(61)}=${shut}`], 'AADD'],
    ['seconds since 1970', [`${start + 60}=${shut}`], 'ADDD'],
    ['a date of eight digits', [`${iso(0).slice(0, 10).replaceAll('-', '')}=${shut}`], 'DDDD'],
    ['before the first packet', [`${iso(-3600)}=${shut}`], 'DDDD'],
    ['twice, in any order', [`${iso(180)}=${open}`, `${iso(60)}=${shut}`], 'ADDA'],
  ])('%s', async (name, changes, expected) => {
    const ran = await recordTo(name, ...changes.flatMap((change) => ['--change', change]));
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(await begun(name)).toBe(expected);
  });

  test.each([['x=y'], ['2026-11-20T10:00:00Z']])('%s is no change', async (change) => {
    const ran = await recordTo('wrong', '--change', change);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('is not TIME=FILE');
  });

  test('goes with --network', async () => {
    const ran = await nsgflow(['record', '--capture', capture, '--to', folder, '--change', `${start}=${open}`]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('--change goes with --network')]);
  });
});

describe('record --flow-logs', () => {
  const flowLog = (name: string, targetResourceId: string, fields: object = {}): object => ({
    id: `/subscriptions/s/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/w/flowLogs/${name}`,
    name,
    enabled: true,
    targetResourceId,
    format: { type: 'JSON', version: 2 },
    ...fields,
  });

  test('NSG, NIC and VNet logs as az lists them, a disabled one left out', async () => {
    const logs = file(
      'logs.json',
      JSON.stringify([
        flowLog('nsg', nsgId('n')),
        flowLog('vnet', virtualNetworkId('v')),
        flowLog('nic', nicId('a'), { enabledFilteringCriteria: 'SrcPort=50001-50002', recordTypes: 'B' }),
        flowLog('other', nicId('a'), { enabled: false }),
      ]),
    );
    const ran = await recordTo('logged', '--flow-logs', logs, '--stats', 'json');
    expect(ran.err).toBe('');
    const written = await readWritten(folderAccount(join(folder, 'logged')));
    const blobs = written.map(({ blob }) => /NETWORKSECURITYGROUPS\/N|W_\w+/.exec(blob)?.[0] ?? '');
    expect([...new Set(blobs)].sort()).toEqual(['NETWORKSECURITYGROUPS/N', 'W_NIC']);
    expect(blobs.filter((blob) => blob === 'W_NIC')).toHaveLength(2);
    const { uncounted } = JSON.parse(ran.out) as { uncounted: unknown };
    expect(uncounted).toEqual({ vnet: { 'filtering-criteria': 2, 'record-types': 2 } });
  });

  test('says what is wrong with it', async () => {
    const none = await recordTo('none', '--flow-logs', open);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('holds no flow log that is enabled')]);
    const twice = await recordTo('twice', '--flow-logs', open, '--format', 'vnet');
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('--flow-logs says itself')]);
  });
});

describe('record with filters and quirks', () => {
  test('prints what is not in the logs', async () => {
    const ran = await recordTo('filtered', '--format', 'vnet', '--filtering-criteria', 'SrcPort!=50001');
    expect(ran.out).toContain('not in vnet      1 packets: filtering-criteria\n');
  });

  test.each([
    [['--format', 'vnet', '--filtering-criteria', 'Port=1'], 'filtering criteria, character 1: "Port" is not a field'],
    [['--quirk', 'udpCounters'], 'names no quirk'],
  ])('%j is refused', async (args, sentence) => {
    const ran = await recordTo('refused', ...args);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
