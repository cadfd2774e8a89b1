/**
 * The routes. Paths are matched ignoring case, and `//` counts as `/`.
 *
 *   /tenants  /subscriptions  /subscriptions/{id}[/locations | /resources | /providers[/{namespace}[/register | /unregister]]]
 *   /subscriptions/{id}/resourceGroups[/{group}[/resources]]
 *   /subscriptions/{id}/providers/{namespace}/{type}                                 a list of a subscription
 *   /subscriptions/{id}/providers/{namespace}/locations/{region}/operations/{id}     see answer.ts
 *   /subscriptions/{id}/resourceGroups/{group}/providers/{namespace}/{type}[/{name}[/{type}[/{name}]…]]
 *   /subscriptions/{id}/resourceGroups/{group}/deployments…                          an older path of those of Microsoft.Resources
 */
import { parentId, resourceKey } from '../../arm-template/resource-id.ts';
import { ok, poll, pollHeaders } from './answer.ts';
import { checkApiVersionOf } from './api-versions.ts';
import { ArmError } from '../arm-error.ts';
import { answerOperations } from '../deployments/deployment-operations.ts';
import { syncContainers } from '../resources/container-sync.ts';
import { createDeployments } from '../deployments/deploy.ts';
import { createEngine } from '../resources/engine.ts';
import type { FilterKind } from './filter.ts';
import { readFilter } from './filter.ts';
import { listPage } from './list.ts';
import { createOperations } from './operations.ts';
import { childElements, childResponseBody } from '../resources/response-body.ts';
import type { ArmResponse, Ask } from './request.ts';
import { createResourceAnswers, notAllowed } from './resource-answers.ts';
import { groupId, parseProviderPath, subscriptionOf } from '../resources/resource-path.ts';
import { namespaceNamed } from '../resources/registration.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { listResources } from './resource-list.ts';
import { childTypeNamed, parentOfChild, resourceTypeNamed } from '../resources/resource-types.ts';
import { textOf } from '../resources/resource.ts';
import type { State } from '../resources/state.ts';
import { answerSubscription, answerTenants, listSubscriptions } from './subscription.ts';
import { deployment, deploymentType } from '../types/deployment.ts';
import { inertType } from '../types/inert.ts';
import { groupType } from '../types/resource-group.ts';
import { storageAccountType } from '../types/storage-account.ts';
import { checkFileService } from '../types/storage-services.ts';

export type Route = (ask: Ask) => Promise<ArmResponse>;

export function createRoutes(state: State): Route {
  const engine = createEngine(state);
  const operations = createOperations(state.settings.now);
  const deployments = createDeployments(state, engine);

  const { show, onResource, onChild, onAction } = createResourceAnswers(state, engine, operations);

  /** Below `…/resourceGroups/{group}/providers/`. */
  const onProvider = async (ask: Ask, base: string, segments: readonly string[]): Promise<ArmResponse> => {
    const { type, names, last } = parseProviderPath(segments);
    const id = pathId(base, segments);
    await beforeServices(segments, base);
    if (
      isDeployment(type.replace(/\/operations$/i, '')) &&
      segments[3]?.toLowerCase() === 'operations' &&
      segments.length < 6
    ) {
      if (ask.method !== 'GET') throw notAllowed(ask, 'GET');
      checkApiVersionOf(deploymentType, ask.apiVersion);
      const found = engine.require(deployment, pathId(base, segments.slice(0, 3)));
      return answerOperations(ask, found, segments[4] ?? '', state.settings.pageSize);
    }
    if (last === '') {
      if (names.length === 0)
        throw new ArmError('InvalidResourceType', `The path names no resource type of '${segments[0]}'.`);
      if (isDeployment(type) && ask.method === 'PUT') return deployments.put(ask, id);
      return onTyped(ask, type, id);
    }
    const parentPath = pathId(base, segments.slice(0, -1));
    if (ask.method === 'POST') {
      if (isDeployment(type)) {
        const answer = await deployments.act(ask, parentPath, last);
        if (last.toLowerCase() !== 'whatif') return answer;
        const headers = pollHeaders(ask, subscriptionOf(base), operations.start('', answer), ['operationResults']);
        return { status: 202, headers };
      }
      const definition = requireType(type);
      checkVersion(ask, type, parentPath);
      return onAction(ask, definition, parentPath, last);
    }
    if (ask.method !== 'GET') throw notAllowed(ask, 'GET, POST');
    return list(ask, `${type}/${last}`, names.length === 0 ? base : parentPath, names.length > 0);
  };

  /** Syncs the containers below a storage account: see container-sync.ts. */
  const beforeServices = async (segments: readonly string[], base: string): Promise<void> => {
    if (`${segments[0]}/${segments[1]}`.toLowerCase() !== storageAccountType.toLowerCase()) return;
    const [, , account = '', service = '', name = '', part] = segments;
    const below = pathId(base, ['Microsoft.Storage', 'storageAccounts', account]);
    if (/^(queue|table)services$/i.test(service)) {
      engine.require(requireType(storageAccountType), below);
      throw new ArmError(
        'ResourceNotFound',
        `The storage account ${account} has no ${service} here: it has blobs alone.`,
      );
    }
    if (/^fileservices$/i.test(service)) checkFileService(engine.require(requireType(storageAccountType), below));
    if (/^blobservices$/i.test(service) && part?.toLowerCase() === 'containers')
      await state.exclusive(() => syncContainers(state, engine, `${below}/${service}/${name}`));
  };

  const onTyped = (ask: Ask, type: string, id: string): Promise<ArmResponse> => {
    const child = childTypeNamed(type);
    const parent = parentOfChild(type);
    const definition = parent ?? requireKept(type, id);
    checkVersion(ask, type, parent === undefined ? id : parentId(id));
    if (child !== undefined && parent !== undefined) return onChild(ask, parent, child, id);
    return onResource(ask, definition, id);
  };

  /** A known type, or a type with a resource: that of `id`, or any. */
  const requireKept = (type: string, id: string): ResourceType => {
    const [kept] = id === '' ? state.store.ofType(type) : [state.store.get(id)];
    return resourceTypeNamed(type) ?? (kept === undefined ? undefined : inertType(kept.type)) ?? requireType(type);
  };

  /** @param id of a resource whose region is in the error */
  const checkVersion = (ask: Ask, type: string, id: string): void =>
    checkApiVersionOf(type, ask.apiVersion, textOf(state.store.get(id)?.body['location']));

  /** A list of one type below `scope`: a subscription, a group, or with `inResource` a resource. */
  const list = (ask: Ask, type: string, scope: string, inResource: boolean): ArmResponse => {
    const view = state.view(ask.origin);
    const child = childTypeNamed(type);
    const parentDefinition = parentOfChild(type);
    const matches = readFilter(ask.query.get('$filter'), filterKindOf(type)) ?? (() => true);
    if (child !== undefined && parentDefinition !== undefined) {
      if (!inResource) throw noType(type);
      checkVersion(ask, type, scope);
      const parent = engine.require(parentDefinition, scope);
      const elements = childElements(child, parent)
        .map((element) => childResponseBody(child, parent, element, view))
        .filter((body) => matches({ id: textOf(body['id']), name: textOf(body['name']), type: child.type, body }));
      return ok(listPage(ask, elements, state.settings.pageSize));
    }
    const definition = requireKept(type, '');
    checkVersion(ask, type, scope);
    if (inResource) {
      const parentType = definition.type.slice(0, definition.type.lastIndexOf('/'));
      engine.require(requireKept(parentType, scope), scope);
    } else if (/\/resourcegroups\//i.test(`${scope}/`)) engine.requireGroup(scope);
    const below = `${scope.toLowerCase()}/`;
    const implicit =
      inResource && definition.implicitName !== undefined
        ? engine.implicit(definition, `${scope}/${type.slice(type.lastIndexOf('/') + 1)}/${definition.implicitName}`)
        : undefined;
    const own = [...state.store.ofType(definition.type)];
    const isSet = own.some(({ id }) => resourceKey(id) === resourceKey(implicit?.id ?? ''));
    const found = [...own, ...(implicit === undefined || isSet ? [] : [implicit])].filter(
      (resource) => resource.id.toLowerCase().startsWith(below) && matches(resource),
    );
    return ok(listPage(ask, found, state.settings.pageSize, (resource) => show(ask, definition, resource)));
  };

  const onSubscription = async (ask: Ask, segments: readonly string[]): Promise<ArmResponse> => {
    const subscription = engine.requireSubscription(`/subscriptions/${segments[0]}`);
    const base = `/subscriptions/${subscription}`;
    const [first = '', second, third] = segments.slice(1);
    switch (first.toLowerCase()) {
      case 'resourcegroups':
        return onGroups(ask, subscription, segments.slice(2));
      case 'resources':
        if (ask.method !== 'GET') throw notAllowed(ask, 'GET');
        checkApiVersionOf(groupType, ask.apiVersion);
        return listResources(state, ask, base);
      case 'providers': {
        if (second === undefined || third === undefined || ['register', 'unregister'].includes(third.toLowerCase()))
          return answerSubscription(state, ask, subscription, segments.slice(1));
        if (isDeployment(`${second}/${third}`) && (segments.length > 4 || ask.method !== 'GET')) throw groupsAlone();
        if (
          ask.method === 'GET' &&
          segments.length === 4 &&
          state.store.types().includes(`${second}/${third}`.toLowerCase())
        )
          return list(ask, `${second}/${third}`, base, false);
        const namespace = namespaceNamed(second);
        if (third.toLowerCase() === 'locations') {
          const [kind = '', id = ''] = segments.slice(5);
          if (/^operation(s|results)$/i.test(kind) && id !== '')
            return poll(ask, subscription, operations, kind.toLowerCase(), id);
          return answerSubscription(state, ask, subscription, segments.slice(1));
        }
        if (ask.method === 'GET' && segments.length === 4 && third.toLowerCase() !== 'skus')
          return list(ask, `${namespace}/${third}`, base, false);
        return answerSubscription(state, ask, subscription, segments.slice(1));
      }
      default:
        return answerSubscription(state, ask, subscription, segments.slice(1));
    }
  };

  const onGroups = async (ask: Ask, subscription: string, segments: readonly string[]): Promise<ArmResponse> => {
    if (segments.length === 0) {
      if (ask.method !== 'GET') throw notAllowed(ask, 'GET');
      return list(ask, groupType, `/subscriptions/${subscription}`, false);
    }
    const base = groupId(subscription, segments[0]);
    if (segments.length === 1) return onTyped(ask, groupType, base);
    if (segments[1].toLowerCase() === 'resources' && segments.length === 2) {
      if (ask.method !== 'GET') throw notAllowed(ask, 'GET');
      checkApiVersionOf(groupType, ask.apiVersion);
      engine.requireGroup(base);
      return listResources(state, ask, base);
    }
    if (segments[1].toLowerCase() === 'deployments')
      return onProvider(ask, base, ['Microsoft.Resources', ...segments.slice(1)]);
    if (segments[1].toLowerCase() !== 'providers' || segments.length < 4) throw noPath(ask);
    return onProvider(ask, base, segments.slice(2));
  };

  return async (ask) => {
    const [first = '', ...rest] = ask.segments;
    switch (first.toLowerCase()) {
      case 'tenants':
        return answerTenants(state, ask);
      case 'subscriptions':
        return rest.length === 0 ? listSubscriptions(state, ask) : onSubscription(ask, rest);
      default:
        if (isDeployment(ask.segments.slice(-3, -1).join('/'))) throw groupsAlone();
        throw noPath(ask);
    }
  };
}

function isDeployment(type: string): boolean {
  return type.toLowerCase() === deploymentType.toLowerCase();
}

function groupsAlone(): ArmError {
  return new ArmError(
    'DeploymentScopeNotSupported',
    'Deployments are made in resource groups here, not in subscriptions, management groups or tenants.',
  );
}

function requireType(type: string): ResourceType {
  const definition = resourceTypeNamed(type);
  if (definition !== undefined) return definition;
  throw noType(type);
}

function noType(type: string): ArmError {
  const [namespace, ...rest] = type.split('/');
  namespaceNamed(namespace);
  return new ArmError(
    'InvalidResourceType',
    `The resource type '${rest.join('/').slice(0, 200)}' could not be found in the namespace '${namespace}'.`,
  );
}

function noPath(ask: Ask): ArmError {
  return new ArmError('NotFound', `There is nothing at '/${ask.segments.join('/').slice(0, 200)}'.`);
}

function filterKindOf(type: string): FilterKind {
  if (type === groupType) return 'groups';
  return isDeployment(type) ? 'deployments' : 'resources';
}

function pathId(base: string, segments: readonly string[]): string {
  return `${base}/providers/${segments.join('/')}`;
}
