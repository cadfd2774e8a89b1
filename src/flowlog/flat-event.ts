/**
 * One flow as one flat object, as in Sumo Logic exports of VNet flow logs: each value has its own key, numbers are texts.
 *
 *   {"time":"1737500459279","src_ip":"91.118.39.74","src_port":"55304","dest_IP":"10.2.0.4","dest_port":"22","protocol":"6",
 *    "flow_direction":"I","flow_state":"E","flow_encryption_status":"NX","num_packets_sent_src_to_dest":"11",…,"rule_name":"UserRule_ssh",…}
 */
import { quote, skipSpace, stringEnd, stringText } from './json-bytes.ts';

export interface FlatEvent {
  /** The tuple as in VNet logs; the tuple reader checks whether it is valid. */
  readonly tuple: string;
  readonly rule: string;
  readonly aclId: string;
  readonly mac: string;
  /** The event's time is the time of the flow; the time of the flush is unknown. */
  readonly time: string;
  readonly resourceId: string;
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
  /** Non-empty values of known keys that are neither texts nor numbers. */
  readonly unreadable: readonly FlatValue[];
}

/** A value in the input. */
interface FlatValue {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** The text, or the digits of a number; '' for null; `undefined` for other values. */
  readonly text: string | undefined;
}

const tupleKeys = [
  'time',
  'src_ip',
  'dest_ip',
  'src_port',
  'dest_port',
  'protocol',
  'flow_direction',
  'flow_state',
  'flow_encryption_status',
  'num_packets_sent_src_to_dest',
  'bytes_sent_src_to_dest',
  'num_packets_sent_dest_to_src',
  'bytes_sent_dest_to_src',
] as const;
const nameKeys = ['rule_name', 'acl_id', 'mac', 'flow_log_resource_id', 'flowlogguid', 'target_resource_id'] as const;

/** Parses the event in the complete JSON object from `start` to `end`; `undefined` if it is not one. */
export function parseFlatEvent(bytes: Uint8Array, start: number, end: number): FlatEvent | undefined {
  const values = flatValues(bytes, start, end);
  const text = (key: (typeof tupleKeys)[number] | (typeof nameKeys)[number]): string => values.get(key)?.text ?? '';
  if (!tupleKeys.every((key) => values.get(key)?.text !== undefined)) return undefined;
  const unreadable = nameKeys.flatMap((key) => values.get(key) ?? []).filter((value) => value.text === undefined);
  return {
    tuple: tupleKeys.map(text).join(','),
    rule: text('rule_name'),
    aclId: text('acl_id'),
    mac: text('mac'),
    time: text('time'),
    resourceId: text('flow_log_resource_id'),
    flowLogGuid: text('flowlogguid'),
    targetResourceId: text('target_resource_id'),
    unreadable,
  };
}

/**
 * The members of an object by key in lower case. Numbers are kept as digits, because a double would round the largest
 * ones.
 */
function flatValues(bytes: Uint8Array, from: number, to: number): Map<string, FlatValue> {
  const values = new Map<string, FlatValue>();
  let at = skipSpace(bytes, from + 1, to);
  while (bytes[at] === quote) {
    const keyEnd = stringEnd(bytes, at + 1, to);
    const key = (stringText(bytes, at + 1, keyEnd) ?? '').toLowerCase();
    const start = skipSpace(bytes, skipSpace(bytes, keyEnd + 1, to) + 1, to);
    const end = endOfValue(bytes, start, to);
    values.set(key, { key, start, end, text: textOf(bytes, start, end) });
    at = skipSpace(bytes, end, to);
    if (bytes[at] === 0x2c) at = skipSpace(bytes, at + 1, to);
  }
  return values;
}

function textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (bytes[start] === quote) return stringText(bytes, start + 1, end - 1);
  const raw = new TextDecoder().decode(bytes.subarray(start, end));
  if (raw === 'null' || /^(?:\{\s*\}|\[\s*\])$/.test(raw)) return '';
  return /^[\d+-]/.test(raw) ? raw : undefined;
}

/** The position after the value at `start`. */
function endOfValue(bytes: Uint8Array, start: number, to: number): number {
  let depth = 0;
  for (let at = start; at < to; at++) {
    const b = bytes[at];
    if (b === quote) at = stringEnd(bytes, at + 1, to);
    else if (b === 0x7b || b === 0x5b) depth++;
    else if (b === 0x7d || b === 0x5d) depth--;
    else if (depth > 0 || (b !== 0x2c && b > 0x20)) continue;
    else return at;
    if (depth < 0) return at;
    if (depth === 0) return at + 1;
  }
  return to;
}
