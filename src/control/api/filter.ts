/**
 * `$filter` of lists, as Azure Resource Manager reads it:
 *
 *   tagName eq 'team' and tagValue eq 'net'          startswith(tagName, 'te')
 *   resourceType eq 'Microsoft.Network/networkSecurityGroups' and location ne 'westeurope'
 *   substringof('web', name) or resourceGroup eq 'shop'
 *
 * `and` binds closer than `or`; a quote in a text is written twice; names of properties are read in any casing. Tags are not combined with other
 * properties. Source: Azure Resource Manager REST API, "Resources - List" and "Resource Groups - List", `$filter`; answers of Azure quoted in issues of its SDKs.
 */
import type { JsonObject } from '../../arm-template/value.ts';
import { limits } from '../../base/limits.ts';
import { ArmError } from '../arm-error.ts';
import { groupOf, locationOf } from '../resources/resource-path.ts';
import { objectOf, propertiesOf, textOf } from '../resources/resource.ts';

/** An item that a filter tests. `type` is '' for parts without a type. */
export interface Filterable {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly body: JsonObject;
}

export type Filter = (item: Filterable) => boolean;

/** The kind of list: each has its own filter properties. */
export type FilterKind = 'resources' | 'groups' | 'deployments';

interface Property {
  /** Tags are tested one by one; the filter matches a resource if it matches one of its tags. */
  read(item: Filterable, tag: readonly [string, string]): string;
  readonly calls?: readonly ('substringof' | 'startswith')[];
  readonly isTag?: true;
  /** Whether the comparison is case-sensitive. */
  readonly exact?: true;
  /** Whether texts are names of regions: `West Europe` equals `westeurope`. */
  readonly isRegion?: true;
}

const tagProperties: Readonly<Record<string, Property>> = {
  tagname: { isTag: true, calls: ['startswith'], read: (_, [name]) => name },
  tagvalue: { isTag: true, exact: true, read: (_, [, value]) => value },
};

const resourceProperties: Readonly<Record<string, Property>> = {
  ...tagProperties,
  name: { calls: ['substringof'], read: ({ name }) => name },
  resourcegroup: { calls: ['substringof'], read: ({ id }) => groupOf(id) },
  resourcetype: { read: ({ type }) => type },
  location: { isRegion: true, read: ({ body }) => textOf(body['location']) },
  identity: { read: ({ body }) => textOf(objectOf(body['identity'])['type']) },
  'identity/principalid': { read: ({ body }) => textOf(objectOf(body['identity'])['principalId']) },
  plan: { read: ({ body }) => textOf(objectOf(body['plan'])['name']) },
  ...Object.fromEntries(
    ['publisher', 'product', 'name', 'version', 'promotionCode'].map((field) => [
      `plan/${field.toLowerCase()}`,
      { read: ({ body }: Filterable) => textOf(objectOf(body['plan'])[field]) },
    ]),
  ),
};

const propertiesOfKind: Readonly<Record<FilterKind, Readonly<Record<string, Property>>>> = {
  resources: resourceProperties,
  groups: tagProperties,
  deployments: { provisioningstate: { read: ({ body }) => textOf(propertiesOf(body)['provisioningState']) } },
};

type Test = (item: Filterable, tag: readonly [string, string]) => boolean;

/**
 * The filter of a query; `undefined` if there is none.
 * @throws InvalidFilterInQueryString
 */
export function readFilter(text: string | undefined, kind: FilterKind): Filter | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  return new FilterReader(text, kind).whole();
}

const tokenPattern = /\s*(?:('(?:[^']|'')*')|([A-Za-z][\w/]*)|([(),]))/y;

/** Parses a filter from left to right. */
class FilterReader {
  readonly #text: string;
  readonly #kind: FilterKind;
  readonly #tokens: readonly string[];
  #at = 0;
  #usesTags = false;
  #usesOthers = false;

  constructor(text: string, kind: FilterKind) {
    this.#text = text;
    this.#kind = kind;
    this.#tokens = this.#split();
  }

  whole(): Filter {
    const test = this.#either();
    if (this.#at < this.#tokens.length) throw this.#refuse(`'${this.#tokens[this.#at].slice(0, 40)}' is not expected`);
    if (!this.#usesTags) return (item) => test(item, noTag);
    if (this.#usesOthers) throw this.#refuse('tags are not combined with other properties');
    return (item) => tagsOf(item).some((tag) => test(item, tag));
  }

  #split(): string[] {
    if (this.#text.length > limits.armFilterCharsMax)
      throw this.#refuse(`it has more than ${limits.armFilterCharsMax} characters`);
    const tokens: string[] = [];
    const text = this.#text.trimEnd();
    for (let at = 0; at < text.length; at = tokenPattern.lastIndex) {
      tokenPattern.lastIndex = at;
      const found = tokenPattern.exec(text);
      if (found === null) throw this.#refuse(`character ${at + 1} and what follows cannot be read`);
      tokens.push(found[1] ?? found[2] ?? found[3]);
    }
    return tokens;
  }

  #either(): Test {
    const tests = [this.#all()];
    while (this.#takes('or')) tests.push(this.#all());
    return tests.length === 1 ? tests[0] : (item, tag) => tests.some((test) => test(item, tag));
  }

  #all(): Test {
    const tests = [this.#one()];
    while (this.#takes('and')) tests.push(this.#one());
    return tests.length === 1 ? tests[0] : (item, tag) => tests.every((test) => test(item, tag));
  }

  #one(): Test {
    if (this.#takes('(')) {
      const inner = this.#either();
      this.#need(')');
      return inner;
    }
    const word = (this.#tokens[this.#at] ?? '').toLowerCase();
    const isCall = this.#tokens[this.#at + 1] === '(';
    if (isCall && (word === 'substringof' || word === 'startswith')) {
      this.#at++;
      return this.#call(word);
    }
    const property = this.#property();
    const isEqual = this.#takes('eq');
    if (!isEqual) this.#need('ne');
    if (!isEqual && property.isTag === true) throw this.#refuse('tags are compared with eq alone');
    const wanted = folded(property, this.#literal());
    return (item, tag) => (folded(property, property.read(item, tag)) === wanted) === isEqual;
  }

  /** `substringof('text', property)`, `startswith(property, 'text')` */
  #call(word: 'substringof' | 'startswith'): Test {
    this.#need('(');
    const first = word === 'substringof' ? this.#literal() : this.#property();
    this.#need(',');
    const second = word === 'substringof' ? this.#property() : this.#literal();
    this.#need(')');
    const [property, text] = typeof first === 'string' ? [second as Property, first] : [first, second as string];
    if (property.calls?.includes(word) !== true) throw this.#refuse(`${word} is not for this property`);
    const part = folded(property, text);
    return (item, tag) => {
      const value = folded(property, property.read(item, tag));
      return word === 'substringof' ? value.includes(part) : value.startsWith(part);
    };
  }

  #property(): Property {
    const name = this.#tokens[this.#at] ?? '';
    const known = propertiesOfKind[this.#kind];
    const key = name.toLowerCase();
    if (!Object.hasOwn(known, key))
      throw this.#refuse(
        `${name === '' ? 'its end' : `'${name.slice(0, 80)}'`} is none of ${Object.keys(known).join(', ')}`,
      );
    this.#at++;
    const property = known[key];
    if (property.isTag === true) this.#usesTags = true;
    else this.#usesOthers = true;
    return property;
  }

  #literal(): string {
    const token = this.#tokens[this.#at] ?? '';
    if (!token.startsWith("'")) throw this.#refuse('a text in single quotes is wanted');
    this.#at++;
    return token.slice(1, -1).replaceAll("''", "'");
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #need(word: string): void {
    if (!this.#takes(word)) throw this.#refuse(`'${word}' is wanted after ${this.#at} words and signs`);
  }

  #refuse(why: string): ArmError {
    return new ArmError(
      'InvalidFilterInQueryString',
      `Invalid $filter '${this.#text.slice(0, 200)}' specified in the query string: ${why}.`,
      { target: '$filter' },
    );
  }
}

const noTag = ['', ''] as const;

function tagsOf({ body }: Filterable): [string, string][] {
  return Object.entries(objectOf(body['tags'])).map(([name, value]) => [name, textOf(value)]);
}

function folded({ exact, isRegion }: Property, text: string): string {
  if (isRegion === true) return locationOf(text);
  return exact === true ? text : text.toLowerCase();
}
