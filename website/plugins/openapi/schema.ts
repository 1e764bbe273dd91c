import type { BlockContent, PhrasingContent } from 'mdast';
import { type Document, nameOf, resolveReference, type Schema } from './document';
import { code, joinNodes, link, paragraph, parseInline, table, text } from './markdown';

/** The type of a value as text, with a link for a named schema. */
export function typeNodes(schema: Schema): PhrasingContent[] {
  if (schema.$ref) return [link(`./schemas.md#${nameOf(schema.$ref).toLowerCase()}`, text(nameOf(schema.$ref)))];
  if (schema.const !== undefined) return [code(JSON.stringify(schema.const))];
  if (schema.enum)
    return joinNodes(
      schema.enum.map((value) => code(value ?? 'null')),
      ', ',
    );
  if (schema.oneOf) return alternativeTypeNodes(schema.oneOf);
  if (schema.type === 'array' && schema.items) return [text('list of '), ...typeNodes(schema.items)];
  const names = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['anything']);
  return [text(names.map((name) => (name === 'string' && schema.format) || name).join(' or '))];
}

function alternativeTypeNodes(schemas: readonly Schema[]): PhrasingContent[] {
  return schemas.flatMap((schema, index) => (index === 0 ? typeNodes(schema) : [text(' or '), ...typeNodes(schema)]));
}

/** A table of an object's fields; for any other schema, its type. */
export function fieldTable(schema: Schema): BlockContent[] {
  const whole = objectIn(schema);
  if (!whole?.properties) {
    const type = typeNodes(schema);
    return type.length === 1 && type[0]?.type === 'text' && type[0].value === 'anything' ? [] : [paragraph(...type)];
  }
  const rows = Object.entries(whole.properties).map(([name, field]) => [
    [code(name), ...(whole.required?.includes(name) ? [] : [text(' '), optionalMark()])],
    typeNodes(field),
    meaningOfField(field),
  ]);
  const nullable = schema.oneOf?.some((one) => one.type === 'null');
  return [...(nullable ? [paragraph(code('null'), text(', or'))] : []), table(['Field', 'Type', 'Meaning'], rows)];
}

/** The word "optional" beside the name of a field. */
export function optionalMark(): PhrasingContent {
  return {
    type: 'emphasis',
    data: { hName: 'span', hProperties: { className: ['optional'] } },
    children: [text('optional')],
  };
}

/** The description of a field, with its limits. */
function meaningOfField(field: Schema): PhrasingContent[] {
  const bounds = [
    field.minimum === undefined ? '' : `At least ${field.minimum}.`,
    field.maxLength === undefined ? '' : `At most ${field.maxLength} characters.`,
  ].filter(Boolean);
  const description = parseInline(field.description);
  return bounds.length === 0
    ? description
    : [...description, text(`${description.length > 0 ? ' ' : ''}${bounds.join(' ')}`)];
}

/** The object schema itself, or the object in a union with null. */
function objectIn(schema: Schema): Schema | undefined {
  if (schema.properties) return schema;
  if (schema.oneOf) return schema.oneOf.find((one) => one.properties);
  return undefined;
}

/** An example value that matches the schema. */
export function sampleValue(document: Document, schema: Schema, name = ''): unknown {
  const whole = resolveReference(document, schema);
  if (whole.const !== undefined) return whole.const;
  if (whole.enum) return whole.enum[0];
  if (whole.oneOf) return sampleValue(document, whole.oneOf.find((one) => one.type !== 'null') ?? {}, name);
  if (whole.allOf) return Object.assign({}, ...whole.allOf.map((part) => sampleValue(document, part, name)));
  if (whole.properties) {
    return Object.fromEntries(
      Object.entries(whole.properties).map(([field, value]) => [field, sampleValue(document, value, field)]),
    );
  }
  if (whole.items) return [sampleValue(document, whole.items, name)];
  return sampleScalar(whole, name);
}

const sampleTexts: Readonly<Record<string, string>> = {
  name: 'Ada',
  email: 'ada@example.com',
  password: 'correct horse',
  token: 'Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX',
  url: '/welcome',
  ipAddress: '203.0.113.7',
  userAgent: 'Mozilla/5.0 …',
  accountId: '0b7f5c1e-6d0a-4f57-9a39-2f1c5f9f6a11',
  providerId: 'credential',
  preferred_language: 'en',
  message: 'Invalid email or password',
};

function sampleScalar(schema: Schema, name: string): unknown {
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  if (type === 'boolean') return false;
  if (type === 'integer' || type === 'number') return 5;
  if (type !== 'string') return {};
  if (schema.format === 'uuid') return '0b7f5c1e-6d0a-4f57-9a39-2f1c5f9f6a11';
  if (schema.format === 'date-time') return '2026-01-31T09:30:00.000Z';
  if (typeof schema.type !== 'string' && !(name in sampleTexts)) return null;
  return sampleTexts[name] ?? '…';
}
