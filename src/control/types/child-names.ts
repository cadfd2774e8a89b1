import { ArmError } from '../arm-error.ts';
import { networkName } from '../resources/resource-type.ts';

/**
 * Checks the names of one list of child resources of `id`, such as subnets or rules: call the returned function with
 * each name.
 * @throws InvalidResourceName, DuplicateResourceName
 */
export function childNames(id: string): (name: string) => void {
  const taken = new Set<string>();
  return (name) => {
    if (!networkName.pattern.test(name))
      throw new ArmError(
        'InvalidResourceName',
        `Resource name ${name.slice(0, 100)} is invalid. The name ${networkName.rule}`,
      );
    const key = name.toLowerCase();
    if (taken.has(key))
      throw new ArmError(
        'DuplicateResourceName',
        `Resource ${id} has two child resources with the same name (${name}).`,
      );
    taken.add(key);
  };
}
