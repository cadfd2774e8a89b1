/**
 * Template functions for prefixes. Source:
 * learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr
 */
import type { Call, FunctionTable } from '../arm-template/call.ts';
import { define, integer, text, wrongArgument } from '../arm-template/call.ts';
import { newObject } from '../arm-template/value.ts';
import { formatAddress } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import { formatPrefix, maskPrefix, parsePrefix, prefixRange } from '../net/prefix.ts';
import { addressNumber, addressOfNumber } from './address-ranges.ts';

export const cidrFunctions: FunctionTable = {
  cidrhost: define(2, 2, (call) => {
    const prefix = prefixArgument(call);
    const number = addressNumber(prefix) + BigInt(integer(call, 1)) + 1n;
    if (integer(call, 1) < 0 || number > addressNumber(prefixRange(prefix).last))
      throw wrongArgument(call, 1, `the index of a host of ${formatPrefix(prefix)}`);
    return formatAddress(addressOfNumber(prefix.family, number));
  }),
  cidrsubnet: define(3, 3, (call) => {
    const prefix = prefixArgument(call);
    const bits = prefix.family === 4 ? 32 : 128;
    const length = integer(call, 1);
    const index = integer(call, 2);
    if (length < prefix.length || length > bits) throw wrongArgument(call, 1, `${prefix.length} to ${bits}`);
    const start = addressNumber(prefix) + (BigInt(Math.max(0, index)) << BigInt(bits - length));
    if (index < 0 || start > addressNumber(prefixRange(prefix).last))
      throw wrongArgument(call, 2, `the index of a /${length} of ${formatPrefix(prefix)}`);
    return formatPrefix(maskPrefix(addressOfNumber(prefix.family, start), length));
  }),
  parsecidr: define(1, 1, (call) => {
    const prefix = prefixArgument(call);
    const { first, last } = prefixRange(prefix);
    const bits = prefix.family === 4 ? 32 : 128;
    const reserved = prefix.family === 4 && prefix.length < 31 ? 1n : 0n;
    const made = newObject();
    made['network'] = formatAddress(first);
    made['netmask'] = formatAddress(
      addressOfNumber(prefix.family, ((1n << BigInt(bits)) - 1n) ^ ((1n << BigInt(bits - prefix.length)) - 1n)),
    );
    if (prefix.family === 4) made['broadcast'] = formatAddress(last);
    made['firstUsable'] = formatAddress(addressOfNumber(prefix.family, addressNumber(first) + reserved));
    made['lastUsable'] = formatAddress(addressOfNumber(prefix.family, addressNumber(last) - reserved));
    made['cidr'] = prefix.length;
    return made;
  }),
};

function prefixArgument(call: Call): Prefix {
  const prefix = parsePrefix(text(call, 0));
  if (prefix === undefined) throw wrongArgument(call, 0, 'a prefix such as 10.0.0.0/16');
  return prefix;
}
