import type { BlockContent, Heading, PhrasingContent } from 'mdast';
import {
  type Call,
  codesOf,
  type Document,
  type Operation,
  resolveReference,
  responseOf,
  sharedResponseName,
} from './document';
import {
  code,
  codeBlock,
  heading,
  joinNodes,
  link,
  paragraph,
  parseBlocks,
  parseInline,
  table,
  text,
  withClass,
} from './markdown';
import { fieldTable, optionalMark, sampleValue, typeNodes } from './schema';

type Part = BlockContent | Heading;

/** The documentation of one call: request, responses, errors and examples. */
export function operationNodes(document: Document, call: Call): Part[] {
  return [
    heading(2, call.operation.operationId, text(call.operation.summary)),
    endpointNode(call),
    ...parseBlocks(call.operation.description ?? ''),
    withClass('needs', 'p', paragraph(text(credentialsText(call.operation)))),
    ...parameterNodes(call.operation),
    ...requestNodes(document, call),
    ...successResponses(document, call.operation),
    ...errorResponses(document, call.operation),
  ];
}

/** Method and path of a call. */
export function endpointNode(call: Call): BlockContent {
  return withClass('endpoint', 'p', paragraph(methodBadge(call.method), text(' '), code(call.path)));
}

/** The method as a badge, with a colour for each method. */
export function methodBadge(name: string): PhrasingContent {
  return withClass(`method-${name.toLowerCase()}`, 'span', { type: 'strong', children: [text(name)] });
}

const credentialNames: Readonly<Record<string, string>> = {
  sessionCookie: 'the session cookie',
  sessionToken: 'a session token as bearer',
  jwt: 'a JWT as bearer',
};

function credentialsText(of: Operation): string {
  const names = of.security.flatMap((one) => Object.keys(one)).map((name) => credentialNames[name] ?? name);
  if (names.length === 0) return 'Needs no sign-in.';
  const accepted = names.join(' or ');
  const without = of.security.some((one) => Object.keys(one).length === 0);
  return without ? `Accepts ${accepted}, and also answers without one.` : `Needs ${accepted}.`;
}

function parameterNodes(of: Operation): Part[] {
  if (!of.parameters?.length) return [];
  const rows = of.parameters.map((one) => [
    [code(one.name), ...(one.required ? [] : [text(' '), optionalMark()])],
    [text(one.in)],
    typeNodes(one.schema),
    parseInline(one.description),
  ]);
  return [partLabel('Parameters'), table(['Name', 'Where', 'Type', 'Meaning'], rows)];
}

function requestNodes(document: Document, call: Call): Part[] {
  const body = call.operation.requestBody;
  const json = body?.content['application/json'];
  if (!body || !json) return [codeBlock('bash', curlCommand(call))];
  const form = body.content['application/x-www-form-urlencoded'] ? ', or the same fields as a form' : '';
  const format = `JSON${form}${body.required ? '' : '; optional'}.`;
  return [
    partLabel('Body'),
    paragraph(text(format)),
    ...fieldTable(resolveReference(document, json.schema)),
    codeBlock('bash', curlCommand(call, json.example)),
  ];
}

/** The call as a curl command, sent to the server that `make dev` starts. */
function curlCommand(call: Call, body?: unknown): string {
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
    const names = joinNodes(headers.map(code), ', ');
    return [
      partLabel(`Response ${status}`),
      paragraph(
        ...parseInline(response.description),
        ...(headers.length > 0 ? [text(' Headers: '), ...names, text('.')] : []),
      ),
      ...(json ? fieldTable(json.schema) : []),
      ...(json ? [codeBlock('json', JSON.stringify(json.example ?? sampleValue(document, json.schema), null, 2))] : []),
    ];
  });
}

function errorResponses(document: Document, of: Operation): Part[] {
  const errors = Object.entries(of.responses).filter(([status]) => /^[45]/.test(status));
  const own = errors.filter(([, one]) => sharedResponseName(one) === undefined);
  const shared = errors.filter(([, one]) => sharedResponseName(one) !== undefined);
  const rows = own.map(([status, one]) => {
    const response = responseOf(document, one);
    const codes = codesOf(document, response.content?.['application/json']?.schema);
    return [[code(status)], parseInline(response.description), joinNodes(codes.map(codeLink), ', ')];
  });
  const everywhere = shared.map(([status]) => link(`./errors.md#status-${status}`, text(status)));
  return [
    partLabel('Errors'),
    ...(rows.length > 0 ? [table(['Status', 'When', 'Codes'], rows)] : []),
    ...(everywhere.length > 0
      ? [paragraph(text('Errors of every call: '), ...joinNodes(everywhere, ', '), text('.'))]
      : []),
  ];
}

function codeLink(name: string): PhrasingContent {
  return link(`./errors.md#${name}`, code(name));
}

function partLabel(words: string): BlockContent {
  return withClass('part', 'p', paragraph(text(words)));
}
