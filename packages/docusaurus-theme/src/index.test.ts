// @vitest-environment node
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LoadContext, PluginContentLoadedActions, RouteConfig } from '@docusaurus/types';
import { normalizePluginOptions } from '@docusaurus/utils-validation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import themeXenon, { getSwizzleConfig, validateOptions } from '.';
import type { Options, PluginOptions } from './options';
import type { SiteData } from './siteData';

let siteDir: string;
beforeAll(() => {
  siteDir = mkdtempSync(path.join(tmpdir(), 'xenon-theme-'));
  useDocusaurus('3.10.2');
});
afterAll(() => rmSync(siteDir, { recursive: true }));

function useDocusaurus(version: string): void {
  const dir = path.join(siteDir, 'node_modules/@docusaurus/core');
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ name: '@docusaurus/core', version }));
}

const validate = (options: Options = {}): PluginOptions =>
  validateOptions({ validate: normalizePluginOptions as never, options });

function createPlugin(options: Options = {}, baseUrl = '/', trailingSlash?: boolean, locale = 'en') {
  const siteConfig = { trailingSlash, themes: ['@xenon-auth/docusaurus-theme'], plugins: [] };
  const context = { siteDir, baseUrl, siteConfig, i18n: { currentLocale: locale } };
  return themeXenon(context as unknown as LoadContext, validate(options));
}

async function loadPlugin(...of: Parameters<typeof createPlugin>): Promise<{ routes: string[]; data: SiteData }> {
  const routes: string[] = [];
  let data: unknown;
  const actions = {
    addRoute: ({ path, component }: RouteConfig) => routes.push(`${path} ${component}`),
    setGlobalData: (value: unknown) => {
      data = value;
    },
  };
  await createPlugin(...of).contentLoaded?.({
    content: undefined,
    actions: actions as unknown as PluginContentLoadedActions,
  });
  return { routes, data: data as SiteData };
}

describe('the pages', () => {
  it('are routes with theme components; pages of features only with their options', async () => {
    const { routes } = await loadPlugin();
    expect(routes).toEqual([
      '/login @theme/XenonLoginPage',
      '/register @theme/XenonRegisterPage',
      '/forgot-password @theme/XenonForgotPasswordPage',
      '/reset-password @theme/XenonResetPasswordPage',
      '/verify-email @theme/XenonVerifyEmailPage',
      '/cancel-email-change @theme/XenonCancelEmailChangePage',
      '/account @theme/XenonAccountPage',
    ]);
    const { routes: withMail } = await loadPlugin({ methods: { emailOTP: true } });
    expect(withMail).toContain('/login/mail @theme/XenonMailSignInPage');
    expect(withMail).not.toContain('/magic-link @theme/XenonMagicLinkPage');
    const { routes: withLink } = await loadPlugin({ methods: { magicLink: true } });
    expect(withLink).toContain('/login/mail @theme/XenonMailSignInPage');
    expect(withLink).toContain('/magic-link @theme/XenonMagicLinkPage');
    expect((await loadPlugin({ twoFactor: true })).routes).toContain('/two-factor @theme/XenonTwoFactorPage');
    expect((await loadPlugin({ admin: true })).routes).toContain('/admin @theme/XenonAdminPage');
    expect((await loadPlugin({ profile: true })).routes).toContain('/profile @theme/XenonProfilePage');
  });

  it('have the base URL, the trailing slash and the paths of the options', async () => {
    const { data } = await loadPlugin({ routes: { login: '/sign-in' }, afterSignIn: '/docs' }, '/learn/', true);
    expect(data.paths.login).toBe('/learn/sign-in/');
    expect(data.paths.account).toBe('/learn/account/');
    expect(data.afterSignIn).toBe('/learn/docs/');
  });

  it('open the profile after a sign-in if there is one, and otherwise the home page', async () => {
    expect((await loadPlugin({}, '/learn/')).data.afterSignIn).toBe('/learn/');
    expect((await loadPlugin({ profile: true }, '/learn/')).data.afterSignIn).toBe('/learn/profile');
  });
});

it('signs in with sessions of Supabase only with the option, and then before it reads the session', async () => {
  const modulesOf = (options: Options) => createPlugin(options).getClientModules?.();
  expect(modulesOf({})).toEqual(['./css/theme.css', './client/start']);
  expect(modulesOf({ supabase: { ref: 'abc' } })).toEqual(['./css/theme.css', './client/startWithSupabase']);
  expect((await loadPlugin({ supabase: { ref: 'abc' } })).data.supabase).toEqual({ ref: 'abc' });
});

describe('the build fails', () => {
  const contentLoaded = (allContent: unknown) =>
    createPlugin({}, '/learn/').allContentLoaded?.({ allContent: allContent as never, actions: {} as never });

  it('if the site has a page at a path of the theme', () => {
    const pages = { default: [{ permalink: '/learn/' }, { permalink: '/learn/account/' }] };
    expect(() => contentLoaded({ 'docusaurus-plugin-content-pages': pages })).toThrow(
      'the site already has a page at /learn/account. Move that page, or choose another path in the options of the ' +
        "theme: routes: { account: '/other-path' }",
    );
  });

  it('if the site has a document at a path of the theme', () => {
    const docs = { default: { loadedVersions: [{ docs: [{ permalink: '/learn/login' }] }] } };
    expect(() => contentLoaded({ 'docusaurus-plugin-content-docs': docs })).toThrow('page at /learn/login');
  });

  it('if the theme is listed twice', () => {
    const themes = ['@xenon-auth/docusaurus-theme', ['@xenon-auth/docusaurus-theme', { profile: true }]];
    const context = { siteDir, baseUrl: '/', siteConfig: { themes, plugins: [false, () => null] } };
    expect(() => themeXenon(context as unknown as LoadContext, validate())).toThrow(
      '@xenon-auth/docusaurus-theme is listed 2 times in docusaurus.config. List it once.',
    );
  });

  it('if the theme has two instances', () => {
    expect(() => contentLoaded({ 'docusaurus-theme-xenon': { default: undefined, second: undefined } })).toThrow(
      'is installed 2 times (ids default, second)',
    );
  });

  it.each(['2.4.3', '3.9.2', '4.0.0'])('with Docusaurus %s', (version) => {
    useDocusaurus(version);
    try {
      expect(() => createPlugin()).toThrow(
        `needs Docusaurus 3.10 or a later 3.x version, and this site has ${version}`,
      );
    } finally {
      useDocusaurus('3.10.2');
    }
  });
});

describe('options', () => {
  it('have defaults for a server with the origin of the site', () => {
    expect(validate()).toMatchObject({
      apiOrigin: '',
      apiMode: 'cookie',
      methods: { password: true, providers: true, magicLink: false, emailOTP: false },
      twoFactor: false,
      admin: false,
      profile: false,
      signUp: true,
      passwordLength: { min: 8, max: 128 },
    });
  });

  it.each<[Options, string]>([
    [{ apiOrigin: 'https://auth.example.com/api' }, 'must be an origin without a path'],
    [{ apiOrigin: 'auth.example.com' }, 'must be an origin without a path'],
    [{ apiMode: 'bearer' }, 'apiMode "bearer" needs apiOrigin'],
    [
      { apiMode: 'bearer', apiOrigin: 'https://auth.example.com', methods: { providers: true } },
      'methods.providers does not work with apiMode "bearer"',
    ],
    [
      { apiMode: 'bearer', apiOrigin: 'https://auth.example.com', methods: { magicLink: true } },
      'methods.magicLink does not work with apiMode "bearer"',
    ],
    [
      { apiMode: 'bearer', apiOrigin: 'https://auth.example.com', twoFactor: true },
      'twoFactor does not work with apiMode "bearer"',
    ],
    [
      { apiMode: 'bearer', apiOrigin: 'https://auth.example.com', admin: true },
      'admin does not work with apiMode "bearer"',
    ],
    [{ methods: { password: false, providers: false } }, 'methods shows no way to sign in'],
    [{ routes: { login: 'login' } }, 'must be a path of this site, such as "/account"'],
    [{ routes: { login: 'https://example.com/' } }, 'must be a path of this site, such as "/account"'],
    [{ routes: { login: '/account' } }, 'have the same path /account'],
    [{ termsLink: 'javascript:alert(1)' }, 'must be a path of this site or a URL with https:'],
    [{ passwordLength: { min: 20, max: 10 } }, 'must be greater than or equal to'],
    [{ apiUrl: 'https://a.test' } as Options, '"apiUrl" is not an option. The options are: routes, apiOrigin, apiMode'],
    [{ routes: { in: '/sign-in' } } as Options, '"routes.in" is not an option. The options are: login, register'],
    [{ routes: { register: '/' } }, '"routes.register" cannot be "/", because that is the home page of the site'],
    [{ supabase: { ref: 'https://abc.supabase.co' } }, 'must be the first label of the host of the Supabase project'],
    [{ supabase: {} }, '"supabase" must contain at least one of [ref, storageKey]'],
    [{ supabase: { ref: 'abc', storageKey: 'x' } }, '"supabase" contains a conflict between exclusive peers'],
    [{ apiMode: 'token' } as unknown as Options, '"apiMode" must be one of [cookie, bearer]'],
  ])('%j are rejected', (options, message) => {
    expect(() => validate(options)).toThrow(message);
  });

  it('are rejected with all faults and the name of the theme', () => {
    const options = { apiMode: 'token', routes: { login: 'login', register: '/' } } as unknown as Options;
    expect(() => validate(options)).toThrow(
      [
        'The options of @xenon-auth/docusaurus-theme in docusaurus.config are wrong:',
        '- "routes.login" must be a path of this site, such as "/account"; it is login',
        '- "routes.register" cannot be "/", because that is the home page of the site',
        '- "apiMode" must be one of [cookie, bearer]',
      ].join('\n'),
    );
  });

  it('allow bearer tokens for an API on another site, without providers', () => {
    const { methods } = validate({ apiMode: 'bearer', apiOrigin: 'https://auth.example.com' });
    expect(methods).toEqual({ password: true, providers: false, magicLink: false, emailOTP: false });
  });
});

it('puts no English texts into the script of every page, because they are in the code', async () => {
  expect(await createPlugin().getDefaultCodeTranslationMessages?.()).toEqual({});
});

it('has German texts', async () => {
  const messages = await createPlugin({}, '/', undefined, 'de-CH').getDefaultCodeTranslationMessages?.();
  expect(messages?.['theme.xenon.login.title']).toBe('Anmelden');
});

it('lets sites replace pages, layout and menu safely, and forms with a warning', () => {
  const { components } = getSwizzleConfig();
  expect(components['XenonLoginPage']?.actions).toEqual({ eject: 'safe', wrap: 'safe' });
  expect(components['XenonAuthForms/SignInForm']?.actions).toEqual({ eject: 'unsafe', wrap: 'unsafe' });
});
