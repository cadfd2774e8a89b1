import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from '../../src/blob/container.ts';
import { memoryAccount } from '../../src/blob/memory.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';
import type { RecordResult, RecordSettings } from '../../src/record/record.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { buildPcap } from '../capture/build-capture.ts';
import { ipv4, tcp, udp } from '../wire/build-packet.ts';

/** Epoch seconds of 2026-11-20T10:00:00Z, the beginning of an hour. */
export const start = Date.UTC(2026, 10, 20, 10) / 1000;

/** One packet: seconds after `start`, `address:port` of both ends, and TCP flags such as `S`, `SA`, `A`, `FA`, `R`, or `U` for UDP. */
export type Sent = readonly [seconds: number, from: string, to: string, flags: string];

const flagBits: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, A: 16 };

export function pcapOf(packets: readonly Sent[]): Uint8Array {
  return buildPcap(
    packets.map(([seconds, from, to, flags]) => {
      const [source, sourcePort] = from.split(':');
      const [destination, destinationPort] = to.split(':');
      const ports = { source: Number(sourcePort), destination: Number(destinationPort) };
      const isUdp = flags === 'U';
      const bits = [...flags].reduce((sum, letter) => sum | (flagBits[letter] ?? 0), 0);
      const payload = isUdp ? udp(ports) : tcp({ ...ports, flags: bits, data: 0 });
      const whole = Math.floor(seconds);
      return {
        bytes: ipv4(payload, { source, destination, protocol: isUdp ? 17 : 6 }),
        seconds: start + whole,
        nanos: Math.round((seconds - whole) * 1e6) * 1000,
      };
    }),
    { linkType: 101 },
  );
}

/** A tuple with what it stands in. */
export interface Written {
  /** Path of the blob, container first. */
  readonly blob: string;
  readonly rule: string;
  readonly acl: string;
  readonly mac: string;
  /** As it is written. */
  readonly tuple: string;
}

export interface Recorded {
  readonly result: RecordResult;
  readonly written: Written[];
}

/** Records packets into memory. */
export async function recordPackets(
  packets: readonly Sent[],
  settings: Partial<RecordSettings> & { readonly network: Network },
): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-traffic-'));
  try {
    const path = join(folder, 'traffic.pcap');
    writeFileSync(path, pcapOf(packets));
    const to = memoryAccount();
    const result = await record({
      input: captureInput([path]),
      mac: undefined,
      local: [],
      accountOf: () => to,
      formats: ['nsg2'],
      flowTimeoutMinutes: undefined,
      ...settings,
    });
    return { result, written: await readWritten(to) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every tuple of an account, blobs by name. */
export async function readWritten(account: Account): Promise<Written[]> {
  const written: Written[] = [];
  for await (const name of account.containers()) {
    const container = account.container(name);
    for await (const { name: blob } of container.list()) {
      const { bytes } = await container.read(blob);
      const json = JSON.parse(Buffer.from(bytes).toString()) as object;
      walk(json, { blob: `${name}/${blob}`, rule: '', acl: '', mac: '' }, written);
    }
  }
  return written;
}

function walk(value: unknown, about: Omit<Written, 'tuple'>, written: Written[]): void {
  if (Array.isArray(value)) for (const item of value) walk(item, about, written);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const fields = value as Record<string, unknown>;
  const text = (key: string, preset: string): string => (typeof fields[key] === 'string' ? fields[key] : preset);
  const here = {
    ...about,
    rule: text('rule', about.rule),
    acl: text('aclID', about.acl),
    mac: text('macAddress', about.mac),
  };
  const { flowTuples, ...rest } = fields;
  if (Array.isArray(flowTuples)) for (const tuple of flowTuples) written.push({ ...here, tuple: String(tuple) });
  for (const inner of Object.values(rest)) walk(inner, here, written);
}

/** Resources as the API gives them, as a network. */
export function networkOf(...values: readonly object[]): Network {
  return importNetwork({ files: [{ path: 'net.json', text: JSON.stringify({ value: values }) }] });
}

/** A connection with one packet each way, and a FIN from both. */
export function connection(at: number, from: string, to: string): Sent[] {
  return [
    [at, from, to, 'S'],
    [at + 0.1, to, from, 'SA'],
    [at + 0.2, from, to, 'FA'],
    [at + 0.3, to, from, 'FA'],
  ];
}

/** `NSG|VNET target rule tuple`, seconds counted from the start. */
export function lines(written: readonly Written[]): string[] {
  return written
    .map(({ blob, rule, tuple }) => {
      const [time, ...fields] = tuple.split(',');
      const where = /NETWORKSECURITYGROUPS\/([^/]+)/.exec(blob)?.[1] ?? /_([^/_]+)\/y=/.exec(blob)?.[1] ?? blob;
      const seconds = (time.length === 13 ? Number(time) / 1000 : Number(time)) - start;
      return [where.toLowerCase(), rule, Math.floor(seconds), ...fields].join(' ').trim();
    })
    .sort();
}
