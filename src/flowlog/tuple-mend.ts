import { protocolTcp, protocolUdp } from '../net/protocol.ts';

const fieldsMax = 13;
/** Of NSG and VNet tuples alike. */
const firstCounter = 9;

/**
 * A tuple that is not written as any format has it, as it must have been meant; `undefined` where there is nothing to mend. What cannot be read then is
 * no tuple.
 *
 *   1542110377,10.5.16.4,13.67.⏎143.118,…     lines that were wrapped: the tuple goes on behind the line end
 *   …,T,O,A,E,1,2,3,4,                         empty fields behind the last
 *   …,T,O,A,B,,,                               counters that are all empty, too few of them
 *   …,10.0.0.5,10.0.0.9,,,1,I,B,NX,0,0,0,0     no ports, where the protocol has none: 0
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
