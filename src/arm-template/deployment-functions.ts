/**
 * Functions of the deployment: its parameters, variables, loops, scope and resources. Functions that only Azure can
 * evaluate are refused by name. Source:
 * learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource, -deployment and -scope
 */
import type { Call, FunctionTable, TemplateFunction } from './call.ts';
import { define, integer, text, values, wrongArgument } from './call.ts';
import { providerPath, resourceIdOf } from './resource-id.ts';
import type { Value } from './value.ts';
import { TemplateProblem, newObject } from './value.ts';

export const deploymentFunctions: FunctionTable = {
  parameters: define(1, 1, (call) => call.template.parameter(text(call, 0))),
  variables: define(1, 1, (call) => call.template.variable(text(call, 0))),
  copyindex: define(0, 2, (call) => {
    const named = call.count > 0 && typeof call.value(0) === 'string';
    const offset = call.count > (named ? 1 : 0) ? integer(call, named ? 1 : 0) : 0;
    return call.template.copyIndex(named ? text(call, 0) : undefined) + offset;
  }),
  reference: define(1, 3, (call) => {
    const full = call.count > 2 && text(call, 2).toLowerCase() === 'full';
    return call.template.reference(text(call, 0), full, call.count > 1);
  }),

  resourceid: define(2, Infinity, (call) => {
    const { before, type, names } = splitIdArguments(call);
    const scope = { ...call.template.scope };
    if (before.length > 2)
      throw new TemplateProblem('resourceId() has more arguments before the type than a subscription and a group');
    if (before.length > 0) scope.resourceGroup = before[before.length - 1];
    if (before.length > 1) scope.subscriptionId = before[0];
    return resourceIdOf(scope, type, names);
  }),
  subscriptionresourceid: define(2, Infinity, (call) => {
    const { before, type, names } = splitIdArguments(call);
    return `/subscriptions/${before[0] ?? call.template.scope.subscriptionId}${providerPath(type, names)}`;
  }),
  tenantresourceid: define(2, Infinity, (call) => {
    const { type, names } = splitIdArguments(call);
    return providerPath(type, names);
  }),
  managementgroupresourceid: define(2, Infinity, (call) => {
    const { before, type, names } = splitIdArguments(call);
    return `/providers/Microsoft.Management/managementGroups/${before[0] ?? ''}${providerPath(type, names)}`;
  }),
  extensionresourceid: define(3, Infinity, (call) => {
    const texts = values(call).map((_, index) => text(call, index));
    return `${texts[0]}${providerPath(texts[1], checkNames(call, texts[1], texts.slice(2)))}`;
  }),

  subscription: define(0, 0, (call) => {
    const { subscriptionId, tenantId } = call.template.scope;
    return toObject({ id: `/subscriptions/${subscriptionId}`, subscriptionId, tenantId, displayName: subscriptionId });
  }),
  resourcegroup: define(0, 0, (call) => {
    const { subscriptionId, resourceGroup, location } = call.template.scope;
    return toObject({
      id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
      name: resourceGroup,
      type: 'Microsoft.Resources/resourceGroups',
      location,
      tags: newObject(),
      properties: toObject({ provisioningState: 'Succeeded' }),
    });
  }),
  tenant: define(0, 0, (call) => toObject({ tenantId: call.template.scope.tenantId })),
  deployment: define(0, 0, (call) => {
    const { deployment, location } = call.template.scope;
    const properties = toObject({ mode: 'Incremental', provisioningState: 'Accepted', parameters: newObject() });
    return toObject({ name: deployment, location, properties });
  }),
  environment: define(0, 0, () => environment),

  newguid: unanswerable('it is different every time: give the parameter a value'),
  utcnow: unanswerable('it is different every time: give the parameter a value'),
  listkeys: unanswerable('only Azure can answer it'),
  listsecrets: unanswerable('only Azure can answer it'),
  listaccountsas: unanswerable('only Azure can answer it'),
  list: unanswerable('only Azure can answer it'),
  pickzones: unanswerable('only Azure can answer it'),
  providers: unanswerable('only Azure can answer it'),
  deployer: unanswerable('only Azure can answer it'),
};

/** The public cloud. */
const environment = toObject({
  name: 'AzureCloud',
  portal: 'https://portal.azure.com',
  resourceManager: 'https://management.azure.com/',
  graph: 'https://graph.windows.net/',
  authentication: toObject({
    loginEndpoint: 'https://login.microsoftonline.com/',
    tenant: 'common',
    identityProvider: 'AAD',
    audiences: ['https://management.core.windows.net/', 'https://management.azure.com/'],
  }),
  suffixes: toObject({
    acrLoginServer: '.azurecr.io',
    keyvaultDns: '.vault.azure.net',
    sqlServerHostname: '.database.windows.net',
    storage: 'core.windows.net',
  }),
});

function unanswerable(reason: string): TemplateFunction {
  return define(0, Infinity, (call) => {
    throw new TemplateProblem(`${call.name}() has no value here: ${reason}`);
  });
}

function toObject(entries: Record<string, Value>): Value {
  return Object.assign(newObject(), entries);
}

/** The type is the first argument with a slash. Names follow it; subscription and group come before it. */
function splitIdArguments(call: Call): { before: string[]; type: string; names: string[] } {
  const texts = values(call).map((_, index) => text(call, index));
  const at = texts.findIndex((part) => part.includes('/'));
  if (at < 0) throw wrongArgument(call, 0, 'a resource type such as Microsoft.Network/virtualNetworks');
  return { before: texts.slice(0, at), type: texts[at], names: checkNames(call, texts[at], texts.slice(at + 1)) };
}

function checkNames(call: Call, type: string, names: string[]): string[] {
  const wanted = type.split('/').filter((part) => part !== '').length - 1;
  if (names.length !== wanted)
    throw new TemplateProblem(
      `${call.name}('${type}') needs ${wanted} name${wanted === 1 ? '' : 's'}, not ${names.length}`,
    );
  return names;
}
