/**
 * The shape of a resource type: schema, defaults, rules, links, and what a change of it changes. One file in types/ each; the table is in
 * resource-types.ts, and what is done with them is in engine.ts.
 */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import type { Network } from '../../nsg/network.ts';
import type { ArmError, ArmErrorCode } from '../arm-error.ts';
import type { Link, LinkKind, Resource } from './resource.ts';
import { tagsSchema } from './schema.ts';
import type { ControlSettings } from '../settings.ts';

/** What names a type permits. */
export interface NameRule {
  readonly pattern: RegExp;
  /** Ends "The name …". */
  readonly rule: string;
  /** `InvalidResourceName` by default. */
  readonly code?: ArmErrorCode;
}

/** Who keeps a resource or part from being deleted. */
export interface InUse {
  readonly code: ArmErrorCode;
  /** Begins the message: "Network security group". */
  readonly noun: string;
  readonly by: readonly LinkKind[];
}

/** Source: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, Microsoft.Network. */
export const networkName: NameRule = {
  pattern: /^[A-Za-z0-9_](?:[\w.-]{0,78}\w)?$/,
  rule: "can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. It may contain word characters or '.', '-', '_'.",
};

/** The state, as types read it. Resources are found by id in any casing. */
export interface View {
  readonly settings: ControlSettings;
  /** Beginning of absolute URLs: `https://localhost:8443`. */
  readonly origin: string;
  get(id: string): Resource | undefined;
  /** Whether there is a resource, or a part such as a subnet, of this id. */
  exists(id: string): boolean;
  /** The id of a resource or part in canonical casing; `undefined` where there is none. */
  canonicalId(id: string): string | undefined;
  ofType(type: string): Iterable<Resource>;
  linksTo(id: string): readonly Link[];
  /** NSGs, VNets, NICs as the rule evaluator has them. */
  network(): Network;
}

/** A resource about to be made or changed. */
export interface WriteContext {
  readonly id: string;
  readonly name: string;
  /** In lower case, without blanks; '' where the type has none. */
  readonly location: string;
  readonly previous: Resource | undefined;
  readonly view: View;
}

/** What the server adds to a body. */
export interface Completed {
  /** JSON values. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** `sku`, `kind` and the like, which stand beside `properties`. */
  readonly top?: JsonObject;
  readonly hidden?: JsonObject;
}

/** A POST below a resource, `…/listKeys`. */
export interface Action {
  /** In Azure's casing. */
  readonly name: string;
  readonly schema: TSchema;
  /** Whether clients poll for it, in asynchronous mode. */
  readonly long?: true;
  /** The body of the answer. What it changes goes through `change`. */
  run(call: ActionCall): Promise<Json> | Json;
}

export interface ActionCall {
  readonly resource: Resource;
  /** As the action's schema says. */
  readonly body: JsonObject;
  readonly view: View;
  readonly changes: Changes;
}

/** How actions and rules change other resources; each is on disk when it resolves. */
export interface Changes {
  /** As a PUT of `body` to `id` would. */
  put(type: string, id: string, body: JsonObject): Promise<Resource>;
  /** A changed resource as it stands, without its type's rules. */
  save(resource: Resource): Promise<void>;
}

/** Parts that are resources of their own in the API and live inside their parent here: subnets, security rules. */
export interface ChildType {
  readonly type: string;
  /** Name of the list in the parent's properties, and of the collection. */
  readonly list: string;
  readonly name: NameRule;
  /** Made by the server; only GET. */
  readonly readOnly?: true;
  readonly inUse?: InUse;
  /** All elements in the parent; `undefined` takes those in its properties. */
  elements?(parent: Resource): readonly JsonObject[];
  /** Properties shown besides its own. */
  toResponse?(element: JsonObject, id: string, view: View): JsonObject;
}

export interface ResourceType<S extends TSchema = TSchema> {
  /** Canonical casing. */
  readonly type: string;
  /** Only resource groups lie in the subscription itself. */
  readonly scope: 'subscription' | 'group';
  readonly name: NameRule;
  readonly location: 'required' | 'optional' | 'none';
  readonly schema: S;
  /** A type that is not known: see types/inert.ts. */
  readonly isInert?: true;
  /** Of a DELETE: one that Azure's description of the API lists, since clients take no other. */
  readonly deleteStatus: 200 | 202 | 204;
  /** What has to be told of a change. */
  readonly changes: 'network' | 'recording' | 'nothing';
  readonly inUse?: InUse;
  readonly children?: readonly ChildType[];
  readonly actions?: readonly Action[];
  /** What PATCH changes: the tags alone, all that its body names, or nothing, since there is no PATCH. */
  readonly patch?: 'merge' | 'none';
  /** Whether a PUT is answered 200, or 202 with a Location in asynchronous mode, instead of 201 with Azure-AsyncOperation: az takes no 201 here. */
  readonly putByLocation?: true;
  /** Whether a PUT is no long operation in Azure, so that clients do not poll for it. */
  readonly isImmediate?: true;
  /** Whether a PUT of a new resource is answered 200, not 201. */
  readonly isNewOk?: true;
  /** The one name of a resource that is there with its parent, whether it was ever set or not. */
  readonly implicitName?: string;
  /** Whether there is no DELETE, or (`get`) neither DELETE nor PUT. */
  readonly isFixed?: 'put' | 'get';
  /** The answer where there is no such resource; `ResourceNotFound` by default. */
  notFound?(id: string): ArmError;
  /** What is done outside of the state, before a new resource is kept and before a resource that is deleted by itself is forgotten. */
  readonly outside?: {
    make(context: Pick<WriteContext, 'id' | 'view'>): Promise<void>;
    remove(context: Pick<WriteContext, 'id' | 'view'>): Promise<void>;
  };
  /** Applies Azure's rules and fills in what the server decides. @throws ArmError */
  complete(body: Static<S>, context: WriteContext): Completed;
  links?(resource: Resource): Link[];
  /** The body as GET shows it, without id, name, type and etag. */
  toResponse?(resource: Resource, view: View): JsonObject;
}

export function defineType<S extends TSchema>(type: ResourceType<S>): ResourceType {
  return type;
}

/** The schema of a whole resource around that of its properties. `top` stands beside `properties`. */
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
