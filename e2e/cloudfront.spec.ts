import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CloudFront, cloudFrontOriginSecret, startCloudFront } from './harness/cloudfront';
import { readDistribution } from './harness/template';
import { test as base, expect, newPerson } from './harness/test';

type Call = { method?: string; headers?: Record<string, string>; body?: string };

const test = base.extend<{ cloudfront: CloudFront }>({
  cloudfront: async ({ startServer }, use) => {
    let api = '';
    const cloudfront = await startCloudFront(() => api);
    const env = {
      BETTER_AUTH_URL: cloudfront.origin,
      CLIENT_IP: 'xff:2',
      SSL_CERT_FILE: cloudfront.certificate, // /api/profile reads the key set through CloudFront
    };
    api = (await startServer(env, ['--no-site'])).address;
    await use(cloudfront);
    await cloudfront.stop();
  },
  baseURL: async ({ cloudfront }, use) => use(cloudfront.origin),
  ignoreHTTPSErrors: true,
});

test.describe('behind the CloudFront distribution of template.yaml', { tag: '@once' }, () => {
  test('R26: cookies are set, and private responses are not cached', async ({ page, context, cloudfront }) => {
    const ada = newPerson();
    await page.goto('/docs/');
    const registered = await page.evaluate(async (body) => {
      const answer = await fetch('/api/auth/sign-up/email', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      return answer.status;
    }, ada);
    expect(registered).toBe(200);
    const cookie = (await context.cookies()).find(({ name }) => name.endsWith('session_token'));
    expect(cookie).toMatchObject({
      name: '__Secure-better-auth.session_token',
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      domain: 'localhost',
    });
    await page.reload();
    await expect(page.locator('[data-account]').first()).toHaveAttribute('data-account', 'signed-in');
    await page.goto('/'); // also requests the key set
    await page.waitForLoadState('networkidle');

    const send = (path: string) =>
      page.evaluate(async (url) => {
        const { status, headers } = await fetch(url, { cache: 'no-store' }); // not from the browser's cache
        return { status, cache: headers.get('x-cache'), control: headers.get('cache-control') };
      }, path);
    for (const path of ['/api/auth/get-session', '/api/auth/list-sessions', '/api/auth/token', '/health']) {
      for (let i = 0; i < 2; i++)
        expect(await send(path), path).toMatchObject({ status: 200, cache: 'Miss from cloudfront' });
    }
    for (const path of ['/api/auth/get-session', '/health']) expect((await send(path)).control, path).toBe('no-store');
    expect(await send('/api/auth/jwks')).toMatchObject({
      status: 200,
      cache: 'Hit from cloudfront',
      control: expect.stringContaining('max-age=300'),
    });
    for (const path of ['/.well-known/openid-configuration', '/.well-known/jwks.json']) {
      expect(await send(path), path).toMatchObject({ status: 200, cache: 'Miss from cloudfront' });
      expect(await send(path), path).toMatchObject({ status: 200, cache: 'Hit from cloudfront' });
    }
    expect(cloudfront.cached().filter((path) => path.startsWith('/api/') || path === '/health')).toEqual([
      '/api/auth/jwks',
    ]);
    expect(cloudfront.cached()).toContain('/docs/');
  });

  test('an error of the API keeps its JSON and is not replaced by a page', async ({ page, guard }) => {
    await page.goto('/');
    const send = (path: string, init: Call = {}) =>
      page.evaluate(
        async ([url, options]) => {
          const answer = await fetch(url, options);
          return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
        },
        [path, init] as const,
      );
    const post = (body: unknown): Call => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    guard.allow(403, '/api/auth/request-password-reset');
    const response = await send(
      '/api/auth/request-password-reset',
      post({ email: 'a@example.com', redirectTo: 'https://evil.example/' }),
    );
    expect(response).toMatchObject({ status: 403, type: 'application/json' });
    expect(JSON.parse(response.body)).toMatchObject({ code: 'INVALID_REDIRECT_URL' });
    guard.allow(401, '/api/profile');
    expect(await send('/api/profile')).toMatchObject({ status: 401, type: 'application/json' });
    guard.allow(404, '/api/nothing');
    expect(await send('/api/nothing')).toMatchObject({ status: 404, body: '' });
  });

  test('R33: the Content-Security-Policy is on every page, without unsafe-inline, and pages work', async ({ page }) => {
    for (const path of ['/', '/docs/', '/docs/divergences', '/docs/api/errors/', '/search/', '/login', '/register/']) {
      const answer = await page.goto(path);
      const headers = answer?.headers() ?? {};
      const policy = headers['content-security-policy'] ?? '';
      expect(policy, path).toContain("script-src 'self' 'sha256-");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'strict-origin-when-cross-origin',
      });
      expect(Number(/max-age=(\d+)/.exec(headers['strict-transport-security'] ?? '')?.[1])).toBeGreaterThanOrEqual(
        31536000,
      );
      const account = page.locator('[data-account]').first();
      await expect(account, 'the state of the account, which the scripts of the page set').toHaveAttribute(
        'data-account',
        'signed-out',
      );
      expect(
        await page.evaluate(() => document.documentElement.dataset['theme']),
        'the theme, which the inline script sets',
      ).toBeTruthy();
    }
  });

  test('R16: the API gets the IP address of the viewer, not one that the viewer sends', async ({
    cloudfront,
    playwright,
  }) => {
    const viewer = await playwright.request.newContext({
      baseURL: cloudfront.origin,
      ignoreHTTPSErrors: true,
      extraHTTPHeaders: {
        origin: cloudfront.origin,
        'x-forwarded-for': '203.0.113.9',
        'x-origin-secret': "the viewer's own value",
      },
    });
    expect((await viewer.post('/api/auth/sign-up/email', { data: newPerson() })).status()).toBe(200);
    const [session] = (await (await viewer.get('/api/auth/list-sessions')).json()) as { ipAddress: string }[];
    expect(['127.0.0.1', '::1', '0000:0000:0000:0000:0000:0000:0000:0000']).toContain(session?.ipAddress);
    const request = cloudfront.requests().at(-1);
    expect(request?.headers.host).toMatch(/^127\.0\.0\.1:/);
    expect(request?.headers['x-forwarded-for']).toMatch(/^203\.0\.113\.9, .+, 130\.176\.0\.1$/);
    expect(request?.headers['x-origin-secret']).toBe(cloudFrontOriginSecret);
    await viewer.dispose();
  });

  test('a request with a large cookie is rejected before it reaches the API', async ({ cloudfront, playwright }) => {
    const viewer = await playwright.request.newContext({ baseURL: cloudfront.origin, ignoreHTTPSErrors: true });
    const send = (bytes: number) =>
      viewer.get('/api/auth/get-session', { headers: { cookie: `other=${'x'.repeat(bytes)}` } });
    expect((await send(9_000)).status()).toBe(200);
    const before = cloudfront.requests().length;
    for (const bytes of [10_240, 20_000]) {
      const response = await send(bytes);
      expect(response.status()).toBe(431);
      expect(await response.json()).toEqual({ message: 'Request Header Fields Too Large' });
    }
    expect(cloudfront.requests()).toHaveLength(before);
    expect((await viewer.get('/docs/', { headers: { cookie: `other=${'x'.repeat(10_240)}` } })).status()).toBe(200);
    await viewer.dispose();
  });

  test('a user with the largest image signs in, gets a token, loads the profile and signs out', async ({
    cloudfront,
    playwright,
  }) => {
    const { name, email, password } = newPerson();
    const image = 'data:,'.padEnd(32_768, 'x');
    const viewer = await playwright.request.newContext({
      baseURL: cloudfront.origin,
      ignoreHTTPSErrors: true,
      extraHTTPHeaders: { origin: cloudfront.origin },
    });
    const registered = await viewer.post('/api/auth/sign-up/email', { data: { name, email, password, image } });
    expect(registered.status(), await registered.text()).toBe(200);
    expect((await viewer.post('/api/auth/sign-in/email', { data: { email, password } })).status()).toBe(200);
    const session = await viewer.get('/api/auth/get-session');
    expect(session.status()).toBe(200);
    expect(await session.json()).toMatchObject({ user: { email, image } });
    const answer = await viewer.get('/api/auth/token');
    expect(answer.status()).toBe(200);
    const { token } = (await answer.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    const saved = await viewer.post('/api/profile', {
      headers,
      data: { username: `user_${randomUUID().slice(0, 8)}` },
    });
    expect(saved.ok(), await saved.text()).toBe(true);
    expect((await viewer.get('/api/profile', { headers })).status()).toBe(200);
    expect((await viewer.post('/api/auth/sign-out')).status()).toBe(200);
    expect(await (await viewer.get('/api/auth/get-session')).json()).toBeNull();
    await viewer.dispose();
  });

  test('xenon dev and the distribution answer each path with the same page', async ({ cloudfront, playwright }) => {
    const { toFilePath } = readDistribution();
    expect(toFilePath('/docs/')).toBe('/docs/index.html');
    const dev = await playwright.request.newContext({
      baseURL: (await import('./harness/setup')).sharedServer().origin,
    });
    const distribution = await playwright.request.newContext({ baseURL: cloudfront.origin, ignoreHTTPSErrors: true });
    for (const path of [
      '/',
      '/docs',
      '/docs/',
      '/docs/api/errors',
      '/login',
      '/.well-known/change-password',
      '/sitemap.xml',
      '/assets',
      '/nothing',
      '/docs//api/',
      '/a.b/c',
    ]) {
      const [local, remote] = [
        await dev.get(path, { maxRedirects: 0 }),
        await distribution.get(path, { maxRedirects: 0 }),
      ];
      expect(local.status(), path).toBe(remote.status());
      expect(local.headers()['location']).toBeUndefined();
      if (!local.ok()) continue;
      expect(await local.text(), path).toBe(await remote.text());
      expect(local.headers()['cache-control'], path).toBe(remote.headers()['cache-control']);
    }
    await dev.dispose();
    await distribution.dispose();
  });
});

test('a response with headers above the limit of CloudFront becomes 502', { tag: '@once' }, async ({ playwright }) => {
  const api = createServer((req, res) => {
    res.setHeader('x-large', 'x'.repeat(Number(new URL(req.url ?? '', 'http://api').searchParams.get('bytes'))));
    res.end('the answer');
  });
  await new Promise<void>((done) => api.listen(0, '127.0.0.1', done));
  const address = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const cloudfront = await startCloudFront(() => address);
  const viewer = await playwright.request.newContext({ baseURL: cloudfront.origin, ignoreHTTPSErrors: true });
  expect((await viewer.get('/api/auth/ok?bytes=15000')).status()).toBe(200);
  for (const bytes of [20_480, 40_000]) {
    const response = await viewer.get(`/api/auth/ok?bytes=${bytes}`);
    expect(response.status()).toBe(502);
    expect(await response.text()).toBe('<h1>502 ERROR</h1>');
  }
  await viewer.dispose();
  await cloudfront.stop();
  api.close();
});
