/**
 * Answers against the schemas of an API description (OpenAPI 3). Fields that the schema does not have pass, unless they differ from one by their casing.
 */
interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly 'x-ms-enum'?: { readonly modelAsString?: boolean };
}

export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

/** What is wrong with an answer, one line each. */
export function answerFaults(
  api: ApiDescription,
  path: string,
  method: string,
  answer: { readonly status: number; readonly body: unknown },
): string[] {
  const responses = api.paths[path]?.[method]?.responses ?? {};
  const response = responses[String(answer.status)] ?? (answer.status >= 400 ? responses['default'] : undefined);
  if (response === undefined) return [`${method} ${path} answers ${answer.status}`];
  const schema = response.content?.['application/json']?.schema;
  if (schema === undefined || answer.status === 202) return [];
  return faults(api, schema, answer.body, `${method} ${path} ${answer.status}`);
}

function faults(api: ApiDescription, schema: Schema, value: unknown, where: string): string[] {
  if (schema.$ref !== undefined)
    return faults(api, api.components.schemas[schema.$ref.replace('#/components/schemas/', '')] ?? {}, value, where);
  const found = (schema.allOf ?? []).flatMap((part) => faults(api, part, value, where));
  if (schema.enum !== undefined && !schema.enum.includes(value))
    found.push(`${where}: ${String(value)} is no word of it`);
  if (schema.type !== undefined && !isOfType(schema.type, value)) {
    found.push(`${where}: ${JSON.stringify(value)} is no ${schema.type}`);
    return found;
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => found.push(...faults(api, schema.items ?? {}, item, `${where}[${index}]`)));
    return found;
  }
  if (typeof value !== 'object' || value === null) return found;
  const known = schema.properties ?? {};
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of schema.required ?? []) if (fields[name] === undefined) found.push(`${where} lacks ${name}`);
  for (const [name, field] of Object.entries(fields)) {
    const property = known[name];
    if (property !== undefined) found.push(...faults(api, property, field, `${where}.${name}`));
    else if (Object.keys(known).some((other) => other.toLowerCase() === name.toLowerCase()))
      found.push(`${where}.${name} has another casing`);
  }
  return found;
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
