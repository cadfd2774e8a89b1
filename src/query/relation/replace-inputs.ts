import type { Relation } from './relation.ts';

/** The same node over other inputs. */
export function replaceInputs(relation: Relation, change: (input: Relation) => Relation): Relation {
  switch (relation.kind) {
    case 'scan':
    case 'ref':
    case 'values':
      return relation;
    case 'join':
      return { ...relation, left: change(relation.left), right: change(relation.right) };
    case 'union':
      return { ...relation, inputs: relation.inputs.map(change) };
    case 'let':
      return { ...relation, value: change(relation.value), body: change(relation.body) };
    default:
      return { ...relation, input: change(relation.input) };
  }
}
