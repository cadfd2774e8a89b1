/**
 * One flow as one flat object, as Sumo Logic exports VNet flow logs: every value has a key of its own, numbers are texts.
 *
 *   {"time":"1737500459279","src_ip":"91.118.39.74","src_port":"55304","dest_IP":"10.2.0.4","dest_port":"22","protocol":"6",
 *    "flow_direction":"I","flow_state":"E","flow_encryption_status":"NX","num_packets_sent_src_to_dest":"11",…,"rule_name":"UserRule_ssh",…}
 */
export interface FlatEvent {
  /** The tuple as VNet logs write it; whether it is one is for the tuple reader to say. */
  readonly tuple: string;
  readonly rule: string;
  readonly aclId: string;
  readonly mac: string;
  /** The event's time is that of the flow; when it was logged is not said. */
  readonly time: string;
  readonly resourceId: string;
  readonly flowLogGuid: string;
  readonly targetResourceId: string;
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

/** The event in a JSON object, `undefined` where it is none. */
export function parseFlatEvent(json: string): FlatEvent | undefined {
  const values = flatValues(json);
  if (values === undefined || !tupleKeys.every((key) => values.has(key))) return undefined;
  const text = (key: string): string => values.get(key) ?? '';
  return {
    tuple: tupleKeys.map(text).join(','),
    rule: text('rule_name'),
    aclId: text('acl_id'),
    mac: text('mac'),
    time: text('time'),
    resourceId: text('flow_log_resource_id'),
    flowLogGuid: text('flowlogguid'),
    targetResourceId: text('target_resource_id'),
  };
}

/** Texts and numbers of an object by key in lower case. */
function flatValues(json: string): Map<string, string> | undefined {
  try {
    const object: unknown = JSON.parse(json);
    if (typeof object !== 'object' || object === null) return undefined;
    const values = new Map<string, string>();
    for (const [key, value] of Object.entries(object))
      if (typeof value === 'string' || typeof value === 'number') values.set(key.toLowerCase(), String(value));
    return values;
  } catch {
    return undefined;
  }
}
