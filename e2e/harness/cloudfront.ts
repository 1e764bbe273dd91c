import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as ask, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Behaviour, matchesPattern, readDistribution } from './template';
import { repositoryRoot } from './xenon';

/** The IP address of CloudFront's edge location, from which the gateway gets its requests. */
const edgeIP = '130.176.0.1';

/** The secret that CloudFront sends to the API. It replaces a header of the same name from the viewer. */
export const cloudFrontOriginSecret = 'the secret of this distribution, not the viewer';

// The limits in bytes: API Gateway's for request line and headers, and CloudFront's for the headers of a response. They
// are MaxRequestHeader and MaxResponseHeader in shared/web/gateway.go.
const maxRequestHeaderBytes = 10_240;
const maxResponseHeaderBytes = 20_480;

// The limit of Node, larger than both limits above.
const maxHeaderSize = 128 * 1024;

/** An HTTPS server with the rules of the distribution in template.yaml, in front of the built site and one API. */
export interface CloudFront {
  readonly origin: string;
  /** The path of the server's certificate: SSL_CERT_FILE for an API that reads the key set through this server. */
  readonly certificate: string;
  /** The paths of the cached responses. */
  readonly cached: () => string[];
  /** The requests as the API received them. */
  readonly requests: () => readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  readonly stop: () => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

/** Starts the server. `api` returns the URL of the API, which the caller starts after the origin is known. */
export async function startCloudFront(api: () => string): Promise<CloudFront> {
  const distribution = readDistribution();
  const cache = new Map<string, { answer: Answer; until: number }>();
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];

  const fetchFromOrigin = async (behaviour: Behaviour, req: IncomingMessage, uri: string): Promise<Answer> => {
    if (behaviour.origin === 'site') return readBucket(distribution.toFilePath(uri.split('?', 1)[0] ?? '/'));
    const headers = headersToApi(behaviour, req, new URL(api()).host);
    const target = behaviour.forwardsHeadersAndQuery ? uri : (uri.split('?', 1)[0] ?? '/');
    const line = `${req.method} ${target} HTTP/1.1\r\n`;
    if (line.length + countHeaderBytes(headers) > maxRequestHeaderBytes) return newTooLargeAnswer();
    requests.push({ path: target, headers });
    const answer = await requestAPI(api() + target, req, headers);
    return countHeaderBytes(answer.headers) > maxResponseHeaderBytes ? newBadGatewayAnswer() : answer;
  };

  const respond = async (req: IncomingMessage): Promise<Answer> => {
    const uri = req.url ?? '/';
    const key = uri.split('?', 1)[0] ?? '/'; // the template's cache policies use the path only
    const behaviour = distribution.behaviours.find((one) => matchesPattern(one, key));
    if (!behaviour?.methods.includes(req.method ?? '')) return newForbiddenAnswer();
    const cached = cache.get(key);
    if (behaviour.cache && cached && cached.until > Date.now())
      return withHeaders(cached.answer, 'Hit from cloudfront');
    const answer = await fetchFromOrigin(behaviour, req, uri);
    const seconds =
      behaviour.cache && req.method === 'GET' && answer.status < 400
        ? sharedCacheSeconds(answer, behaviour.cache.maxTTL)
        : 0;
    if (seconds > 0) cache.set(key, { answer, until: Date.now() + seconds * 1000 });
    return withHeaders(answer, 'Miss from cloudfront');
  };
  const withHeaders = (answer: Answer, hit: string): Answer => ({
    ...answer,
    headers: { ...answer.headers, ...distribution.headers, 'x-cache': hit },
  });

  const files = createCertificate();
  const tls = { cert: readFileSync(files.cert), key: readFileSync(files.key), maxHeaderSize };
  const server = createServer(tls, (req, res) => {
    respond(req).then(
      (answer) => sendAnswer(res, answer),
      (error: unknown) => sendAnswer(res, { status: 502, headers: {}, body: Buffer.from(String(error)) }),
    );
  });
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificate: files.cert,
    cached: () => [...cache.keys()],
    requests: () => requests,
    stop: () =>
      new Promise((done) => {
        rmSync(files.dir, { recursive: true });
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The headers that API Gateway sends to the API: its own Host, and two more IP addresses in X-Forwarded-For. */
function headersToApi(behaviour: Behaviour, req: IncomingMessage, host: string): IncomingHttpHeaders {
  const viewer = req.socket.remoteAddress ?? '';
  const fromViewer = behaviour.forwardsHeadersAndQuery ? req.headers : {};
  const chain = [fromViewer['x-forwarded-for'], viewer, edgeIP].flat().filter(Boolean).join(', ');
  const own = {
    host,
    'x-forwarded-for': chain,
    'x-forwarded-proto': 'https',
    via: '2.0 edge.cloudfront.net (CloudFront)',
    'x-origin-secret': cloudFrontOriginSecret,
  };
  const address = `${viewer}:${req.socket.remotePort}`;
  return { ...fromViewer, ...own, 'cloudfront-viewer-address': address, connection: 'close' };
}

function requestAPI(url: string, req: IncomingMessage, headers: IncomingHttpHeaders): Promise<Answer> {
  return new Promise((done, fail) => {
    const out = ask(url, { method: req.method ?? 'GET', headers, maxHeaderSize }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', fail);
      res.on('end', () => {
        const forwarded = Object.entries(res.headers).filter(
          ([name]) => !['connection', 'transfer-encoding', 'keep-alive'].includes(name),
        );
        done({
          status: res.statusCode ?? 502,
          headers: Object.fromEntries(forwarded) as Answer['headers'],
          body: Buffer.concat(chunks),
        });
      });
    });
    out.on('error', fail);
    req.pipe(out);
  });
}

/** The S3 bucket, with the files that scripts/publish uploads. For a missing key it answers 404 with XML. */
function readBucket(uri: string): Answer {
  const key = decodeURIComponent(uri.slice(1));
  const build = path.join(repositoryRoot, 'website/build');
  const file = path.join(build, key);
  const exact = file === `${build}${path.sep}${key}`; // S3 does not normalise keys
  if (!exact || !existsSync(file) || !statSync(file).isFile()) {
    const error = `<Error><Code>NoSuchKey</Code><Key>${encodeURIComponent(key)}</Key></Error>`;
    const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${error}`);
    return { status: 404, headers: { 'content-type': 'application/xml' }, body };
  }
  const body = readFileSync(file);
  const cacheControl = readPublishedCacheControl()[key.startsWith('assets/') ? 'assets' : 'pages'];
  const tag = `"${createHash('md5').update(body).digest('hex')}"`;
  return {
    status: 200,
    headers: { 'content-type': contentTypeOf(file), 'cache-control': cacheControl, etag: tag },
    body,
  };
}

const contentTypes: Record<string, string> = {
  css: 'text/css',
  html: 'text/html',
  ico: 'image/x-icon',
  js: 'text/javascript',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  woff2: 'font/woff2',
  xml: 'application/xml',
};

const contentTypeOf = (file: string) => contentTypes[path.extname(file).slice(1)] ?? 'binary/octet-stream';

/** The values of Cache-Control in scripts/publish. */
function readPublishedCacheControl(): { assets: string; pages: string } {
  const found = [
    ...readFileSync(path.join(repositoryRoot, 'scripts/publish'), 'utf8').matchAll(/--cache-control "([^"]+)"/g),
  ];
  const [assets, pages] = found.map((one) => one[1]);
  if (!assets || !pages || found.length !== 2) throw new Error('scripts/publish must have --cache-control twice');
  return { assets, pages };
}

/** Seconds for which a shared cache may keep a response. */
function sharedCacheSeconds(answer: Answer, maxTTL: number): number {
  const control = String(answer.headers['cache-control'] ?? '');
  if (/no-store|no-cache|private/.test(control)) return 0;
  const age = /s-maxage=(\d+)/.exec(control)?.[1] ?? /max-age=(\d+)/.exec(control)?.[1] ?? '0';
  return Math.min(Number(age), maxTTL);
}

/** The size of headers on the wire. */
function countHeaderBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values ?? []].flat()) bytes += Buffer.byteLength(`${name}: ${value}\r\n`);
  }
  return bytes;
}

const newTooLargeAnswer = (): Answer => ({
  status: 431,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"message":"Request Header Fields Too Large"}'),
});

const newBadGatewayAnswer = (): Answer => ({
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<h1>502 ERROR</h1>'),
});

const newForbiddenAnswer = (): Answer => ({
  status: 403,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<h1>403 ERROR</h1>'),
});

function sendAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  res.writeHead(status, { ...headers, 'content-length': body.length });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

/** Creates a certificate with a program of the Go distribution, in a directory that the caller has to remove. */
function createCertificate(): { dir: string; cert: string; key: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-tls-'));
  const goroot = execFileSync('go', ['env', 'GOROOT'], { cwd: repositoryRoot, encoding: 'utf8' }).trim();
  const program = path.join(goroot, 'src/crypto/tls/generate_cert.go');
  execFileSync('go', ['run', program, '--host', 'localhost', '--ecdsa-curve', 'P256'], { cwd: dir, stdio: 'pipe' });
  return { dir, cert: path.join(dir, 'cert.pem'), key: path.join(dir, 'key.pem') };
}
