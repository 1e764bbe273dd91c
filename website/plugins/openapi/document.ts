import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The part of OpenAPI 3.1 that docs/openapi.yaml uses. */
export type Document = {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly description: string }>>;
    readonly headers: Readonly<Record<string, Header>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
};

export type Operation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response | Reference>>;
};

export type Parameter = {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
};

export type Response = {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Content;
};

export type Header = { readonly description: string; readonly required?: boolean };
export type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
export type Reference = { readonly $ref: string };

export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly (string | null)[];
  readonly const?: unknown;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maxLength?: number;
};

/** An operation with its method and path. */
export type Call = { readonly method: string; readonly path: string; readonly operation: Operation };

/** Reads docs/openapi.yaml. The tests in conformance/ check it against every recorded exchange. */
export function readDocument(file: string): Document {
  return parse(readFileSync(file, 'utf8')) as Document;
}

/** All operations in the order of the document. */
export function operationsOf(document: Document): Call[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** The last segment of a reference: `User` for `#/components/schemas/User`. */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

/** Follows the reference of a schema, if it is one. */
export function resolveReference(document: Document, schema: Schema): Schema {
  if (!schema.$ref) return schema;
  const found = document.components.schemas[nameOf(schema.$ref)];
  if (!found) throw new Error(`openapi.yaml has no ${schema.$ref}`);
  return found;
}

/** The name of a response in `components`, which several operations refer to; undefined for any other response. */
export function sharedResponseName(response: Response | Reference): string | undefined {
  return '$ref' in response ? nameOf(response.$ref) : undefined;
}

/** Follows the reference of a response, if it is one. */
export function responseOf(document: Document, response: Response | Reference): Response {
  if (!('$ref' in response)) return response;
  const found = document.components.responses[nameOf(response.$ref)];
  if (!found) throw new Error(`openapi.yaml has no ${response.$ref}`);
  return found;
}

/** The values that `code` or `error_code` can have in an error of this schema. */
export function codesOf(document: Document, schema: Schema | undefined): string[] {
  if (!schema) return [];
  const direct = resolveReference(document, schema);
  const inField = [direct.properties?.['code'], direct.properties?.['error_code']];
  const values = inField.flatMap((field) => (field ? valuesOf(document, field) : []));
  return [...values, ...(direct.allOf ?? []).flatMap((part) => codesOf(document, part))];
}

function valuesOf(document: Document, schema: Schema): string[] {
  const direct = resolveReference(document, schema);
  const own = direct.enum ?? (typeof direct.const === 'string' ? [direct.const] : []);
  return [
    ...own.filter((value) => value !== null),
    ...(direct.anyOf ?? []).flatMap((part) => valuesOf(document, part)),
  ];
}
