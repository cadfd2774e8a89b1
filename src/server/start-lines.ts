/** The summary that the service prints when it has started: its resources, what it records, and where the data goes. */
import { join } from 'node:path';
import type { JsonObject } from '../arm-template/value.ts';
import type { ControlSnapshot } from '../control/resources/snapshot.ts';
import { textOf } from '../control/resources/resource.ts';
import type { RecorderInput } from './recorder.ts';

/** Said once the capture is recorded and the table has all of its flow logs. `npm start` waits for it. */
export const wholeCaptureLine = 'the table has the whole capture';

export interface StartLinesSettings {
  readonly dataFolder: string;
  /** Folder of the table; `undefined` if there is none. */
  readonly lake: string | undefined;
  readonly input: RecorderInput;
}

/** One line each for the network, the flow logs, the packets, the data, and the command for another shell. */
export function startLines({ dataFolder, lake, input }: StartLinesSettings, snapshot: ControlSnapshot): string[] {
  const blobs = join(dataFolder, 'accounts');
  return [
    `network:   ${describeNetwork(snapshot.resources)}`,
    `flow logs: ${describeFlowLogs(snapshot)}`,
    `packets:   ${describeInput(input)}`,
    `data:      blobs in ${blobs}, ${lake === undefined ? 'no table' : `table in ${lake}`}`,
    `az:        in another shell, eval "$(nsgflow serve --env --data ${quoted(dataFolder)})"`,
  ];
}

const kinds = [
  ['networksecuritygroups', 'NSG'],
  ['virtualnetworks', 'VNet'],
  ['networkinterfaces', 'NIC'],
] as const;

function describeNetwork(resources: readonly JsonObject[]): string {
  const counts = kinds.map(([type, name]) => {
    const end = `/${type}`;
    return countOf(resources.filter((resource) => textOf(resource['type']).toLowerCase().endsWith(end)).length, name);
  });
  return resources.length === 0
    ? 'none yet; create one with az or a template, or start with --network'
    : counts.join(', ');
}

function describeFlowLogs({ flowLogs }: ControlSnapshot): string {
  if (flowLogs.length === 0)
    return 'none, so nothing is written; create one with az or nsgflow flow-log create --make-account';
  const enabled = flowLogs.filter((flowLog) => flowLog.enabled).length;
  return `${enabled} enabled${enabled < flowLogs.length ? `, ${flowLogs.length - enabled} disabled` : ''}`;
}

function describeInput(input: RecorderInput): string {
  if (input.kind === 'none') return 'none, so nothing is recorded; start with --capture or --interface';
  if (input.kind === 'interface') return `of the interface ${input.live.interface}`;
  const { paths, pace, shiftNow, loop } = input;
  return [
    paths.join(', '),
    describePace(pace),
    shiftNow ? 'moved to the current time' : 'at its original times',
    ...(loop ? ['in a loop'] : []),
  ].join(', ');
}

function describePace(pace: number): string {
  if (pace === Number.POSITIVE_INFINITY) return 'as fast as it can be read';
  return pace === 1 ? 'at its original speed' : `at ${pace} times its speed`;
}

function countOf(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** A word of a shell command. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
