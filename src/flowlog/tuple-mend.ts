import { protocolTcp, protocolUdp } from '../net/protocol.ts';

const fieldsMax = 13;
/** For NSG and VNet tuples. */
const firstCounter = 9;

/**
 * Repairs a tuple that is in no documented form but has only one meaning; `undefined` if there is nothing to repair. A text
 * that cannot be read after this is not a tuple.
 *
 *   1542110377,10.5.16.4,13.67.⏎143.118,…     wrapped lines: the tuple continues after the line end
 *   …,T,O,A,E,1,2,3,4,                         empty fields after the last one
 *   …,T,O,A,B,,,                               all counters empty, and too few of them
 *   …,10.0.0.5,10.0.0.9,,,1,I,B,NX,0,0,0,0     no ports, for a protocol without ports: 0
 */
export function mendTuple(written: string): string | undefined {
  const fields = written.replace(/[ \t]*[\r\n]+[ \t]*/g, '').split(',');
  while (fields.length > fieldsMax && fields.at(-1) === '') fields.pop();
  if (fields.length > firstCounter && fields.slice(firstCounter).every((field) => field === ''))
    fields.splice(firstCounter, fieldsMax, '', '', '', '');
  if (hasNoPorts(fields[5])) for (const port of [3, 4]) if (fields[port] === '') fields[port] = '0';
  const mended = fields.join(',');
  return mended === written ? undefined : mended;
}

function hasNoPorts(protocol: string | undefined): boolean {
  return /^\d{1,3}$/.test(protocol ?? '') && Number(protocol) !== protocolTcp && Number(protocol) !== protocolUdp;
}
