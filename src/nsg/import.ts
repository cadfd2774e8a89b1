/**
 * Imports networks from files: ARM templates and exports, REST answers, the output of `az … show` and `az … list`, and
 * ServiceTags files, in any combination. The caller reads the files. docs/reference/networks.md describes what is resolved.
 */
import { readParameters } from '../arm-template/parameters.ts';
import { readJson } from '../arm-template/read-json.ts';
import { resourceKey } from '../arm-template/resource-id.ts';
import type { Scope } from '../arm-template/scope.ts';
import { defaultScope } from '../arm-template/scope.ts';
import type { Json, Value, ValueObject } from '../arm-template/value.ts';
import { getProperty, isObject, scalarText } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import type { Prefix } from '../net/prefix.ts';
import { buildNetwork } from './build-network.ts';
import { deployedResources } from './deployed-resources.ts';
import { isTemplate, templateResources } from './import-arm.ts';
import type { EffectiveRules } from './import-effective.ts';
import { readEffectiveRules } from './import-effective.ts';
import { restResources } from './import-rest.ts';
import type { Network, UnknownTag } from './network.ts';
import type { RawResource } from './raw-resource.ts';
import type { ServiceTag } from './service-tag.ts';
import { isServiceTagList, platformServiceTags, readServiceTags } from './service-tag.ts';

/** The text of a file. `path` is for messages. */
export interface NetworkFile {
  readonly path: string;
  readonly text: string;
}

/** The parsed content of a file, or an object that was never text. */
export interface NetworkDocument {
  readonly path: string;
  readonly json: Json;
}

export interface ImportOptions {
  readonly files: readonly (NetworkFile | NetworkDocument)[];
  /** Values for the templates' parameters. */
  readonly parameters?: NetworkFile | undefined;
  /** A ServiceTags file; it can also be one of `files`. */
  readonly serviceTags?: NetworkFile | NetworkDocument | undefined;
  /** Prefixes that the gateways of all VNets reach, in addition to those in the files. */
  readonly onPremises?: readonly Prefix[] | undefined;
  /**
   * Whether the rules are already in force. If so, a rule that Azure would refuse today but that can still be read is
   * only a warning.
   */
  readonly inForce?: boolean | undefined;
  /** The scope in which templates are deployed. */
  readonly scope?: Scope | undefined;
}

/**
 * Imports the network of the files.
 * @throws network-invalid if a file is not JSON, has no network resources, breaks a rule of Azure, or cannot be
 * resolved
 */
export function importNetwork(options: ImportOptions): Network {
  const scope = options.scope ?? defaultScope;
  const parameters: ReadonlyMap<string, Value> =
    options.parameters === undefined ? new Map() : readParameters(options.parameters.text, options.parameters.path);
  const serviceTags = platformServiceTags();
  const warnings: string[] = [];
  const documents = options.files.map(documentOf);
  const lists = documents.filter(({ json }) => isServiceTagList(json));
  if (options.serviceTags !== undefined) lists.push(documentOf(options.serviceTags));
  for (const { path, json } of lists) readServiceTags(json, path, serviceTags);
  const resources: RawResource[] = [];
  const effective: EffectiveRules[] = [];
  const networks = documents.filter(({ json }) => !isServiceTagList(json));
  const deployed = deployedResources(networks, parameters, scope);
  for (const document of networks) {
    const { path, json } = document;
    const found = fileResources(json, path, parameters, scope, warnings, deployed(document));
    const ofOne = isTemplate(json) ? undefined : readEffectiveRules(json, path, scope, warnings);
    if (ofOne !== undefined) effective.push(ofOne);
    if (found.length === 0 && ofOne === undefined)
      throw new FlowError('network-invalid', `${path}: ${nothingFound(json)}`);
    resources.push(...found);
  }
  addEffective(effective, resources, serviceTags);
  if (resources.length === 0)
    throw new FlowError('network-invalid', 'no file contains a network: give an NSG, a VNet or a network interface');
  warnOfUnusedParameters(documents, options.parameters, parameters, warnings);
  const { inForce = false } = options;
  const reader = { serviceTags, problems: [], warnings, inForce, unknownTags: new Map<string, string[]>() };
  const network = buildNetwork(resources, reader, scope.location, options.onPremises ?? [], warnings);
  for (const unknown of network.unknownTags) warnings.push(describeUnknownTag(unknown, lists.length > 0));
  return network;
}

/** @throws network-invalid if the text is not JSON */
export function documentOf(file: NetworkFile | NetworkDocument): NetworkDocument {
  return 'json' in file ? file : { path: file.path, json: readJson(file.text, file.path) };
}

/** Adds effective rules where no file has better data: the resource itself, or a ServiceTags file. */
function addEffective(
  effective: readonly EffectiveRules[],
  resources: RawResource[],
  serviceTags: Map<string, ServiceTag>,
): void {
  const keyOf = ({ kind, id }: RawResource): string => `${kind} ${resourceKey(id)}`;
  const known = new Set(resources.map(keyOf));
  for (const { resources: derived, serviceTags: tags } of effective) {
    for (const resource of derived) {
      if (known.has(keyOf(resource))) continue;
      known.add(keyOf(resource));
      resources.push(resource);
    }
    for (const [name, tag] of tags) if (!serviceTags.has(name)) serviceTags.set(name, tag);
  }
}

/** Rules that a warning lists; of more it gives only the number. */
const rulesNamed = 3;

/**
 * A sentence for users.
 * @param tagsGiven whether there was a ServiceTags file
 */
export function describeUnknownTag({ tag, rules }: UnknownTag, tagsGiven: boolean): string {
  const more = rules.length > rulesNamed ? ` and ${rules.length - rulesNamed} more` : '';
  const why = tagsGiven
    ? 'is not in the ServiceTags file, so it matches no address'
    : 'needs a ServiceTags file; without one it matches no address';
  return `${rules.slice(0, rulesNamed).join(', ')}${more}: the service tag ${tag} ${why}`;
}

/** `NSG web: rule r`: a rule of an unknown tag, without its file and JSON path. */
export function ruleWithoutPlace(rule: string): string {
  const at = rule.search(/\b(?:NSG|admin rule) /);
  return at < 0 ? rule : rule.slice(at);
}

function fileResources(
  json: Json,
  path: string,
  parameters: ReadonlyMap<string, Value>,
  scope: Scope,
  warnings: string[],
  existing: (id: string) => ValueObject | undefined,
): RawResource[] {
  return isTemplate(json)
    ? templateResources(json, path, parameters, scope, warnings, existing)
    : restResources(json, path, scope);
}

function nothingFound(json: Json): string {
  if (isObject(json) && scalarText(getProperty(json, '$schema')).toLowerCase().includes('deploymentparameters'))
    return 'this is a parameters file: use it as parameters, and its template as the network';
  return 'it contains no NSG, VNet, subnet, network interface or application security group';
}

/** A parameter that no template declares is probably misspelled. */
function warnOfUnusedParameters(
  documents: readonly { json: Json }[],
  file: NetworkFile | undefined,
  parameters: ReadonlyMap<string, Value>,
  warnings: string[],
): void {
  if (file === undefined) return;
  const declared = new Set<string>();
  for (const { json } of documents) {
    const own = isObject(json) ? getProperty(json, 'parameters') : undefined;
    if (isObject(own)) for (const name of Object.keys(own)) declared.add(name.toLowerCase());
  }
  for (const name of parameters.keys())
    if (!declared.has(name)) warnings.push(`${file.path}: no template declares the parameter '${name}'`);
}
