/**
 * Networks from files: ARM templates and exports, REST answers, the output of `az … show` and `az … list`, in any mixture, and ServiceTags
 * files among them. Reading the files is the caller's. What is resolved, and how, is in docs/networks.md.
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

/** A file that the caller has read. `path` is for messages. */
export interface NetworkFile {
  readonly path: string;
  readonly text: string;
}

/** What such a file holds, or what was never text. */
export interface NetworkDocument {
  readonly path: string;
  readonly json: Json;
}

export interface ImportOptions {
  readonly files: readonly (NetworkFile | NetworkDocument)[];
  /** Values for the templates' parameters. */
  readonly parameters?: NetworkFile | undefined;
  /** A ServiceTags file; one among `files` serves as well. */
  readonly serviceTags?: NetworkFile | NetworkDocument | undefined;
  /** What the gateways of all VNets reach, besides what the files say. */
  readonly onPremises?: readonly Prefix[] | undefined;
  /** Whether the rules are in force already: then what Azure would refuse today is a warning, where the rule still means something. */
  readonly inForce?: boolean | undefined;
  /** Where templates are taken to be deployed. */
  readonly scope?: Scope | undefined;
}

/**
 * The network that the files hold together.
 * @throws network-invalid where a file is no JSON, holds nothing of a network, breaks a rule of Azure, or cannot be resolved
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
    throw new FlowError('network-invalid', 'no file holds a network: an NSG, a VNet or a network interface is wanted');
  warnOfUnusedParameters(documents, options.parameters, parameters, warnings);
  const { inForce = false } = options;
  const reader = { serviceTags, problems: [], warnings, inForce, unknownTags: new Map<string, string[]>() };
  const network = buildNetwork(resources, reader, scope.location, options.onPremises ?? [], warnings);
  for (const unknown of network.unknownTags) warnings.push(describeUnknownTag(unknown, lists.length > 0));
  return network;
}

/** @throws network-invalid where it is text that is no JSON */
export function documentOf(file: NetworkFile | NetworkDocument): NetworkDocument {
  return 'json' in file ? file : { path: file.path, json: readJson(file.text, file.path) };
}

/** What effective rules say counts where no file says it better: the resource itself, or a ServiceTags file. */
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

/** Rules that a warning names; of more only the number is told. */
const rulesNamed = 3;

/** A sentence for a person. `tagsGiven` says whether there was a ServiceTags file. */
export function describeUnknownTag({ tag, rules }: UnknownTag, tagsGiven: boolean): string {
  const more = rules.length > rulesNamed ? ` and ${rules.length - rulesNamed} more` : '';
  const why = tagsGiven
    ? 'is not in the ServiceTags file, so it matches no address'
    : 'is not known without a ServiceTags file; until one is given it matches no address';
  return `${rules.slice(0, rulesNamed).join(', ')}${more}: the service tag ${tag} ${why}`;
}

/** `NSG web: rule r`, of a rule of an unknown tag: without the file and the place in it. */
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
    return 'this is a parameters file: give it as such, and its template as the network';
  return 'it holds no NSG, VNet, subnet, network interface or application security group';
}

/** A parameter that no template declares is likely misspelt. */
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
