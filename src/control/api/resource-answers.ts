/** Requests for one resource, or a child resource such as a subnet: GET, HEAD, PUT, PATCH, DELETE, and actions. */
import type { JsonObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import type { Engine } from '../resources/engine.ts';
import type { ChildType, ResourceType } from '../resources/resource-type.ts';
import type { Resource } from '../resources/resource.ts';
import { childResponseBody, etagText, responseBody } from '../resources/response-body.ts';
import { conform } from '../resources/schema.ts';
import type { State } from '../resources/state.ts';
import { findChild } from '../resources/state.ts';
import { storageAccountType } from '../types/storage-account.ts';
import { empty, ok, pollHeaders } from './answer.ts';
import type { Operations } from './operations.ts';
import type { ArmResponse, Ask } from './request.ts';

export interface ResourceAnswers {
  /** The resource as GET returns it. */
  readonly show: (ask: Ask, definition: ResourceType, resource: Resource) => JsonObject;
  readonly onResource: (ask: Ask, definition: ResourceType, id: string) => Promise<ArmResponse>;
  readonly onChild: (ask: Ask, definition: ResourceType, child: ChildType, id: string) => Promise<ArmResponse>;
  readonly onAction: (ask: Ask, definition: ResourceType, id: string, name: string) => Promise<ArmResponse>;
}

export function createResourceAnswers(state: State, engine: Engine, operations: Operations): ResourceAnswers {
  const show = (ask: Ask, definition: ResourceType, resource: Resource): JsonObject =>
    responseBody(definition, resource, state.view(ask.origin), operations.isPending(resource.id));

  /** GET, HEAD, PUT, PATCH and DELETE of a resource. */
  const onResource = async (ask: Ask, definition: ResourceType, id: string): Promise<ArmResponse> => {
    const subscription = engine.requireSubscription(id);
    const conditions = conditionsOf(ask);
    const isNewOk = definition.putByLocation === true || definition.isNewOk === true;
    switch (ask.method) {
      case 'GET': {
        const resource = engine.require(definition, id);
        return ok(show(ask, definition, resource), 200, { etag: etagText(resource) });
      }
      case 'HEAD': {
        const there = state.store.get(id) ?? engine.implicit(definition, id);
        return empty(there === undefined ? 404 : 204);
      }
      case 'PUT': {
        if (definition.isFixed === 'get') throw notAllowed(ask, 'GET, HEAD');
        const body = ask.body();
        const { resource, created } = await state.exclusive(() => engine.put(definition, id, body, conditions));
        if (!state.settings.asynchronous || definition.isImmediate === true)
          return ok(show(ask, definition, resource), created && !isNewOk ? 201 : 200);
        const operation = operations.start(resource.id, ok(responseBody(definition, resource, state.view(ask.origin))));
        if (definition.putByLocation === true)
          return { status: 202, headers: pollHeaders(ask, subscription, operation, ['operationResults']) };
        const headers = pollHeaders(ask, subscription, operation, ['operations']);
        return ok(show(ask, definition, resource), created ? 201 : 200, headers);
      }
      case 'PATCH': {
        if (definition.patch === 'none') throw notAllowed(ask, 'GET, HEAD, PUT, DELETE');
        const body = ask.body();
        const { resource } = await state.exclusive(() => engine.patch(definition, id, body, conditions));
        return ok(show(ask, definition, resource));
      }
      case 'DELETE': {
        if (definition.isFixed !== undefined) throw notAllowed(ask, 'GET, HEAD, PUT');
        const there = await state.exclusive(() => engine.remove(definition, id, conditions));
        if (definition.scope === 'subscription' && !there) engine.require(definition, id);
        return removed(ask, subscription, definition, there);
      }
      default:
        throw notAllowed(ask, 'GET, HEAD, PUT, PATCH, DELETE');
    }
  };

  const removed = (ask: Ask, subscription: string, definition: ResourceType, there: boolean): ArmResponse => {
    if (!there) return empty(204);
    const isAsync =
      state.settings.asynchronous &&
      definition.putByLocation !== true &&
      !definition.type.startsWith(storageAccountType);
    if (definition.deleteStatus !== 202 && !isAsync) return empty(definition.deleteStatus);
    const operation = operations.start('', empty(definition.deleteStatus === 202 ? 200 : 204));
    const ways =
      isAsync && definition.deleteStatus !== 202
        ? (['operations', 'operationResults'] as const)
        : (['operationResults'] as const);
    return { status: 202, headers: pollHeaders(ask, subscription, operation, ways) };
  };

  /** The same for a child resource, such as a subnet. */
  const onChild = async (ask: Ask, definition: ResourceType, child: ChildType, id: string): Promise<ArmResponse> => {
    const subscription = engine.requireSubscription(id);
    const view = state.view(ask.origin);
    const conditions = conditionsOf(ask);
    if (child.readOnly === true && ask.method !== 'GET' && ask.method !== 'HEAD') throw notAllowed(ask, 'GET, HEAD');
    const shown = (): { parent: Resource; body: JsonObject } => {
      engine.requireGroup(id);
      const found = findChild(state.store, id);
      if (found === undefined) throw childNotFound(id);
      return { parent: found.parent, body: childResponseBody(child, found.parent, found.element, view) };
    };
    switch (ask.method) {
      case 'GET': {
        const { parent, body } = shown();
        return ok(body, 200, { etag: etagText(parent) });
      }
      case 'HEAD':
        return empty(findChild(state.store, id) === undefined ? 404 : 204);
      case 'PUT': {
        const asked = ask.body();
        const { created, resource } = await state.exclusive(() =>
          engine.putChild(definition, child, id, asked, conditions),
        );
        const { body } = shown();
        if (!state.settings.asynchronous) return ok(body, created ? 201 : 200);
        const operation = operations.start(resource.id, ok(body));
        return ok(body, created ? 201 : 200, pollHeaders(ask, subscription, operation, ['operations']));
      }
      case 'DELETE': {
        const there = await state.exclusive(() => engine.removeChild(definition, child, id, conditions));
        return removed(ask, subscription, definition, there);
      }
      default:
        throw notAllowed(ask, 'GET, HEAD, PUT, DELETE');
    }
  };

  const onAction = async (ask: Ask, definition: ResourceType, id: string, name: string): Promise<ArmResponse> => {
    const action = definition.actions?.find((known) => known.name.toLowerCase() === name.toLowerCase());
    if (action === undefined)
      throw new ArmError(
        'InvalidResourceType',
        `There is no action '${name}' of the resource type '${definition.type}'.`,
      );
    const subscription = engine.requireSubscription(id);
    const resource = engine.require(definition, id);
    const body = conform(action.schema, ask.body(), '') as JsonObject;
    const result = await state.exclusive(() =>
      Promise.resolve(action.run({ resource, body, view: state.view(ask.origin), changes: engine.changes })),
    );
    if (!state.settings.asynchronous || action.long !== true) return ok(result);
    const operation = operations.start('', ok(result));
    return { status: 202, headers: pollHeaders(ask, subscription, operation, ['operationResults']) };
  };

  return { show, onResource, onChild, onAction };
}

function childNotFound(id: string): ArmError {
  return new ArmError('NotFound', `Resource ${id} not found.`);
}

export function notAllowed(ask: Ask, allowed: string): ArmError {
  return new ArmError('MethodNotAllowed', `The method ${ask.method.slice(0, 20)} is not allowed here; ${allowed} are.`);
}

function conditionsOf(ask: Ask): Parameters<Engine['put']>[3] {
  return { ifMatch: ask.headers['if-match'], ifNoneMatch: ask.headers['if-none-match'] };
}
