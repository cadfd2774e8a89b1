/**
 * The definition of a resource type: schema, defaults, rules, links, and the effect of its changes. Each type is a file
 * in types/; resource-types.ts has the table, engine.ts the operations.
 */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import type { Network } from '../../nsg/network.ts';
import type { ArmError, ArmErrorCode } from '../arm-error.ts';
import type { Link, LinkKind, Resource } from './resource.ts';
import { tagsSchema } from './schema.ts';
import type { ControlSettings } from '../settings.ts';

/** Valid names of a type. */
export interface NameRule {
  readonly pattern: RegExp;
  /** The end of the sentence "The name …". */
  readonly rule: string;
  /** `InvalidResourceName` by default. */
  readonly code?: ArmErrorCode;
}

/** References that prevent the deletion of a resource or child resource. */
export interface InUse {
  readonly code: ArmErrorCode;
  /** The beginning of the message: "Network security group". */
  readonly noun: string;
  readonly by: readonly LinkKind[];
}

/** Source: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, Microsoft.Network. */
export const networkName: NameRule = {
  pattern: /^[A-Za-z0-9_](?:[\w.-]{0,78}\w)?$/,
  rule: "can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. It may contain word characters or '.', '-', '_'.",
};

/** The state for resource types. Resources are found by id, ignoring case. */
export interface View {
  readonly settings: ControlSettings;
  /** Origin of absolute URLs: `https://localhost:8443`. */
  readonly origin: string;
  get(id: string): Resource | undefined;
  /** Whether a resource, or a child resource such as a subnet, with this id exists. */
  exists(id: string): boolean;
  /** The id in canonical casing; `undefined` if it does not exist. */
  canonicalId(id: string): string | undefined;
  ofType(type: string): Iterable<Resource>;
  linksTo(id: string): readonly Link[];
  /** NSGs, VNets, NICs for the rule evaluator. */
  network(): Network;
}

/** A resource that is being created or changed. */
export interface WriteContext {
  readonly id: string;
  readonly name: string;
  /** In lower case, without spaces; '' if the type has no location. */
  readonly location: string;
  readonly previous: Resource | undefined;
  readonly view: View;
}

/** Values that the server adds to a body. */
export interface Completed {
  /** JSON values. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** `sku`, `kind` and other fields next to `properties`. */
  readonly top?: JsonObject;
  readonly hidden?: JsonObject;
}

/** A POST below a resource, such as `…/listKeys`. */
export interface Action {
  /** In Azure's casing. */
  readonly name: string;
  readonly schema: TSchema;
  /** Whether clients poll for it in asynchronous mode. */
  readonly long?: true;
  /** Returns the body of the response; changes go through `change`. */
  run(call: ActionCall): Promise<Json> | Json;
}

export interface ActionCall {
  readonly resource: Resource;
  /** As defined by the action's schema. */
  readonly body: JsonObject;
  readonly view: View;
  readonly changes: Changes;
}

/** Changes of other resources by actions and rules; each is on disk when it resolves. */
export interface Changes {
  /** The same as a PUT of `body` to `id`. */
  put(type: string, id: string, body: JsonObject): Promise<Resource>;
  /** Stores a changed resource without the rules of its type. */
  save(resource: Resource): Promise<void>;
}

/** Child resources that are stored in their parent: subnets, security rules. */
export interface ChildType {
  readonly type: string;
  /** Name of the list in the parent's properties, and of the collection. */
  readonly list: string;
  readonly name: NameRule;
  /** Created by the server; only GET. */
  readonly readOnly?: true;
  readonly inUse?: InUse;
  /** All elements in the parent; `undefined` uses those in its properties. */
  elements?(parent: Resource): readonly JsonObject[];
  /** Additional properties in responses. */
  toResponse?(element: JsonObject, id: string, view: View): JsonObject;
}

export interface ResourceType<S extends TSchema = TSchema> {
  /** Canonical casing. */
  readonly type: string;
  /** Only resource groups are directly in the subscription. */
  readonly scope: 'subscription' | 'group';
  readonly name: NameRule;
  readonly location: 'required' | 'optional' | 'none';
  readonly schema: S;
  /** An unknown type: see types/inert.ts. */
  readonly isInert?: true;
  /** Status of a DELETE, as in Azure's description of the API, because clients accept no other. */
  readonly deleteStatus: 200 | 202 | 204;
  /** Who must be notified of a change. */
  readonly changes: 'network' | 'recording' | 'nothing';
  readonly inUse?: InUse;
  readonly children?: readonly ChildType[];
  readonly actions?: readonly Action[];
  /** What PATCH changes: only the tags (default), the fields in its body, or nothing, because there is no PATCH. */
  readonly patch?: 'merge' | 'none';
  /**
   * Whether a PUT returns 200, or 202 with a Location in asynchronous mode, instead of 201 with Azure-AsyncOperation,
   * which az does not accept here.
   */
  readonly putByLocation?: true;
  /** Whether a PUT is not a long operation in Azure, so that clients do not poll. */
  readonly isImmediate?: true;
  /** Whether a PUT of a new resource returns 200, not 201. */
  readonly isNewOk?: true;
  /** The only name of a resource that always exists with its parent. */
  readonly implicitName?: string;
  /** Whether there is no DELETE, or (`get`) neither DELETE nor PUT. */
  readonly isFixed?: 'put' | 'get';
  /** The error for a missing resource; default `ResourceNotFound`. */
  notFound?(id: string): ArmError;
  /** Effects outside the state, before a new resource is stored and before a directly deleted one is removed. */
  readonly outside?: {
    make(context: Pick<WriteContext, 'id' | 'view'>): Promise<void>;
    remove(context: Pick<WriteContext, 'id' | 'view'>): Promise<void>;
  };
  /**
   * Applies Azure's rules and adds values that the server decides.
   * @throws ArmError
   */
  complete(body: Static<S>, context: WriteContext): Completed;
  links?(resource: Resource): Link[];
  /** The body as GET returns it, without id, name, type and etag. */
  toResponse?(resource: Resource, view: View): JsonObject;
}

export function defineType<S extends TSchema>(type: ResourceType<S>): ResourceType {
  return type;
}

/** The schema of a whole resource with the given properties. `top` is next to `properties`. */
export function resourceSchema<P extends TSchema, T extends Record<string, TSchema> = { [name in never]: TSchema }>(
  properties: P,
  top?: T,
) {
  return Type.Object({
    id: Type.Optional(Type.String({ readOnly: true })),
    name: Type.Optional(Type.String({ readOnly: true })),
    type: Type.Optional(Type.String({ readOnly: true })),
    etag: Type.Optional(Type.String({ readOnly: true })),
    location: Type.Optional(Type.String({ maxLength: 60 })),
    tags: Type.Optional(tagsSchema),
    ...(top ?? ({} as T)),
    properties,
  });
}
