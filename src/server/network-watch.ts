/**
 * Logs warnings about the network of the control plane: unknown service tags in rules, such as misspelled ones (they
 * match no address, so a deny rule with one allows everything), and interfaces with the same address, only one of which
 * gets packets.
 */
import { FlowError } from '../base/errors.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { describeUnknownTag, ruleWithoutPlace } from '../nsg/import.ts';
import { describeDoubles } from '../nsg/doubles.ts';
import type { Network } from '../nsg/network.ts';

export interface NetworkWatch {
  readonly control: Pick<ControlPlane, 'network' | 'onChange'>;
  readonly log: (line: string) => void;
  /** Whether the service has a ServiceTags file. */
  readonly tagsGiven: boolean;
  /** Changes within this time are checked together. */
  readonly delayMillis?: number;
}

const delayMillisDefault = 500;
const watchedTypes = new Set(['microsoft.network/networksecuritygroups', 'microsoft.network/networkinterfaces']);

/**
 * Checks now, and after changes of NSGs and interfaces. Each warning is logged once while it persists.
 * @returns a function that ends it
 */
export function watchNetwork({ control, log, tagsGiven, delayMillis = delayMillisDefault }: NetworkWatch): () => void {
  let told = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    const before = told;
    told = new Set();
    const network = networkOf(control, log);
    if (network === undefined) return;
    for (const { tag, rules } of network.unknownTags) {
      const fresh = rules.map(ruleWithoutPlace).filter((rule) => !before.has(`${tag}\n${rule}`));
      for (const rule of rules.map(ruleWithoutPlace)) told.add(`${tag}\n${rule}`);
      if (fresh.length > 0) log(`warning: ${describeUnknownTag({ tag, rules: fresh }, tagsGiven)}`);
    }
    for (const sentence of describeDoubles(network.nics)) {
      if (!before.has(sentence)) log(`warning: ${sentence}`);
      told.add(sentence);
    }
  };
  const end = control.onChange(({ type }) => {
    if (!watchedTypes.has(type.toLowerCase()) || timer !== undefined) return;
    timer = setTimeout(look, delayMillis);
    timer.unref();
  });
  look();
  return () => {
    clearTimeout(timer);
    end();
  };
}

function networkOf(control: NetworkWatch['control'], log: NetworkWatch['log']): Network | undefined {
  try {
    return control.network();
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    log(`warning: the network of the control plane cannot be read: ${error.message}`);
    return undefined;
  }
}
