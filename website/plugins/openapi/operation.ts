import type { BlockContent, Heading, PhrasingContent } from 'mdast';
import { type Call, codesOf, type Document, type Operation, resolve, responseOf, sharedName } from './document';
import { between, blocks, code, heading, link, listing, marked, paragraph, table, text, words } from './markdown';
import { fields, optional, sample, typeOf } from './schema';

type Part = BlockContent | Heading;

/** The documentation of one call: request, responses, errors and examples. */
export function operation(document: Document, call: Call): Part[] {
  return [
    heading(2, call.operation.operationId, text(call.operation.summary)),
    endpoint(call),
    ...blocks(call.operation.description ?? ''),
    marked('needs', 'p', paragraph(text(needs(call.operation)))),
    ...parameters(call.operation),
    ...request(document, call),
    ...successResponses(document, call.operation),
    ...errorResponses(document, call.operation),
  ];
}

/** Method and path of a call. */
export function endpoint(call: Call): BlockContent {
  return marked('endpoint', 'p', paragraph(method(call.method), text(' '), code(call.path)));
}

/** The method as a badge, with a colour for each method. */
export function method(name: string): PhrasingContent {
  return marked(`method-${name.toLowerCase()}`, 'span', { type: 'strong', children: [text(name)] });
}

const credentials: Readonly<Record<string, string>> = {
  sessionCookie: 'the session cookie',
  sessionToken: 'a session token as bearer',
  jwt: 'a JWT as bearer',
};

function needs(of: Operation): string {
  const names = of.security.flatMap((one) => Object.keys(one)).map((name) => credentials[name] ?? name);
  if (names.length === 0) return 'Needs no sign-in.';
  const accepted = names.join(' or ');
  const without = of.security.some((one) => Object.keys(one).length === 0);
  return without ? `Accepts ${accepted}, and also answers without one.` : `Needs ${accepted}.`;
}

function parameters(of: Operation): Part[] {
  if (!of.parameters?.length) return [];
  const rows = of.parameters.map((one) => [
    [code(one.name), ...(one.required ? [] : [text(' '), optional()])],
    [text(one.in)],
    typeOf(one.schema),
    words(one.description),
  ]);
  return [label('Parameters'), table(['Name', 'Where', 'Type', 'Meaning'], rows)];
}

function request(document: Document, call: Call): Part[] {
  const body = call.operation.requestBody;
  const json = body?.content['application/json'];
  if (!body || !json) return [listing('bash', curl(call))];
  const form = body.content['application/x-www-form-urlencoded'] ? ', or the same fields as a form' : '';
  const format = `JSON${form}${body.required ? '' : '; optional'}.`;
  return [
    label('Body'),
    paragraph(text(format)),
    ...fields(resolve(document, json.schema)),
    listing('bash', curl(call, json.example)),
  ];
}

/** The call as a curl command, sent to the server that `make dev` starts. */
function curl(call: Call, body?: unknown): string {
  const security = call.operation.security.flatMap((one) => Object.keys(one));
  const lines = [`curl ${call.method === 'GET' ? '' : `-X ${call.method} `}http://localhost:3000${call.path}`];
  if (security.includes('jwt')) lines.push('-H "Authorization: Bearer $JWT"');
  else if (security.includes('sessionCookie')) lines.push('-b cookies.txt');
  if (call.method !== 'GET' && security.includes('sessionCookie')) lines.push("-H 'Origin: http://localhost:3000'");
  if (body !== undefined) lines.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`);
  return lines.join(' \\\n  ');
}

function successResponses(document: Document, of: Operation): Part[] {
  return Object.entries(of.responses).flatMap(([status, one]): Part[] => {
    if (!/^[23]/.test(status)) return [];
    const response = responseOf(document, one);
    const json = response.content?.['application/json'];
    const headers = Object.keys(response.headers ?? {});
    const names = between(headers.map(code), ', ');
    return [
      label(`Response ${status}`),
      paragraph(
        ...words(response.description),
        ...(headers.length > 0 ? [text(' Headers: '), ...names, text('.')] : []),
      ),
      ...(json ? fields(json.schema) : []),
      ...(json ? [listing('json', JSON.stringify(json.example ?? sample(document, json.schema), null, 2))] : []),
    ];
  });
}

function errorResponses(document: Document, of: Operation): Part[] {
  const errors = Object.entries(of.responses).filter(([status]) => /^[45]/.test(status));
  const own = errors.filter(([, one]) => sharedName(one) === undefined);
  const shared = errors.filter(([, one]) => sharedName(one) !== undefined);
  const rows = own.map(([status, one]) => {
    const response = responseOf(document, one);
    const codes = codesOf(document, response.content?.['application/json']?.schema);
    return [[code(status)], words(response.description), between(codes.map(codeLink), ', ')];
  });
  const everywhere = shared.map(([status]) => link(`./errors.md#status-${status}`, text(status)));
  return [
    label('Errors'),
    ...(rows.length > 0 ? [table(['Status', 'When', 'Codes'], rows)] : []),
    ...(everywhere.length > 0
      ? [paragraph(text('Errors of every call: '), ...between(everywhere, ', '), text('.'))]
      : []),
  ];
}

function codeLink(name: string): PhrasingContent {
  return link(`./errors.md#${name}`, code(name));
}

function label(words: string): BlockContent {
  return marked('part', 'p', paragraph(text(words)));
}
