/**
 * Warns in the log of service tags that rules name and nobody knows, as a misspelled one: such a tag matches no address, so a rule that denies lets
 * everything in.
 */
import { FlowError } from '../base/errors.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { describeUnknownTag, ruleWithoutPlace } from '../nsg/import.ts';
import type { UnknownTag } from '../nsg/network.ts';

export interface TagWatch {
  readonly control: Pick<ControlPlane, 'network' | 'onChange'>;
  readonly log: (line: string) => void;
  /** Whether the service has a ServiceTags file. */
  readonly tagsGiven: boolean;
  /** Changes within this time are looked at together. */
  readonly delayMillis?: number;
}

const delayMillisDefault = 500;
const nsgType = 'microsoft.network/networksecuritygroups';

/** Looks now, and after changes of NSGs. Each rule is told once, as long as it stays. @returns what ends it */
export function watchUnknownTags({ control, log, tagsGiven, delayMillis = delayMillisDefault }: TagWatch): () => void {
  let told = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    timer = undefined;
    const before = told;
    told = new Set();
    for (const { tag, rules } of unknownTags(control, log)) {
      const fresh = rules.map(ruleWithoutPlace).filter((rule) => !before.has(`${tag}\n${rule}`));
      for (const rule of rules.map(ruleWithoutPlace)) told.add(`${tag}\n${rule}`);
      if (fresh.length > 0) log(`warning: ${describeUnknownTag({ tag, rules: fresh }, tagsGiven)}`);
    }
  };
  const end = control.onChange(({ type }) => {
    if (type.toLowerCase() !== nsgType || timer !== undefined) return;
    timer = setTimeout(look, delayMillis);
    timer.unref();
  });
  look();
  return () => {
    clearTimeout(timer);
    end();
  };
}

function unknownTags(control: TagWatch['control'], log: TagWatch['log']): readonly UnknownTag[] {
  try {
    return control.network().unknownTags;
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    log(`warning: the network of the control plane cannot be read: ${error.message}`);
    return [];
  }
}
