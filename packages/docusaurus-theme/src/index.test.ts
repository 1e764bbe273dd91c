// @vitest-environment node
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LoadContext, PluginContentLoadedActions, RouteConfig } from '@docusaurus/types';
import { normalizePluginOptions } from '@docusaurus/utils-validation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import themeXenon, { getSwizzleConfig, validateOptions } from '.';
import { shippedFile } from './declaration/readDeclaration';
import type { Options, PluginOptions } from './options';
import type { ProfileData } from './profileFields';
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

interface LoadedPlugin {
  readonly routes: readonly string[];
  readonly data: SiteData;
  /** The data of the page of the profile. */
  readonly profile: ProfileData | undefined;
}

/** Loads the plugin as a build does. */
async function loadPlugin(...of: Parameters<typeof createPlugin>): Promise<LoadedPlugin> {
  const routes: string[] = [];
  const files: Record<string, unknown> = {};
  let data: unknown;
  let profile: unknown;
  const actions = {
    createData: async (name: string, content: unknown) => {
      files[name] = content;
      return name;
    },
    addRoute: ({ path, component, context }: RouteConfig) => {
      routes.push(`${path} ${component}`);
      if (context) profile = files[String(context['profile'])];
    },
    setGlobalData: (value: unknown) => {
      data = value;
    },
  };
  const plugin = createPlugin(...of);
  const content = await plugin.loadContent?.();
  await plugin.contentLoaded?.({ content, actions: actions as unknown as PluginContentLoadedActions });
  return { routes, data: data as SiteData, profile: profile as ProfileData | undefined };
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

describe('the profile', () => {
  const declare = (text: string, name = 'profile.yaml') => writeFileSync(path.join(siteDir, name), text);
  const ownFields = 'fields:\n  - name: pet\n    type: boolean\n    label: Do you have a pet?\n';
  const labelsOf = (data: ProfileData | undefined) => data?.fields.map(({ label }) => label);

  it('has no page, no fields and no file to watch without the option', async () => {
    const { routes, data, profile } = await loadPlugin({ profile: false });
    expect(routes.join()).not.toContain('Profile');
    expect(data.profile).toBe(false);
    expect(profile).toBeUndefined();
    expect(await createPlugin().getTranslationFiles?.({ content: undefined })).toEqual([]);
  });

  it('has the fields of a learner', async () => {
    const { data, profile } = await loadPlugin({ profile: true });
    expect(data.profile).toBe(true);
    expect(profile?.isShipped).toBe(true);
    expect(labelsOf(profile)?.[0]).toBe('How old are you?');
  });

  it('has the fields of a file of the site, which docusaurus start watches', async () => {
    declare(ownFields);
    const options = { profile: './profile.yaml' };
    const { data, profile } = await loadPlugin(options);
    expect(data.profile).toBe(true);
    expect(profile).toEqual({
      isShipped: false,
      fields: [{ name: 'pet', type: 'boolean', label: 'Do you have a pet?' }],
    });
    expect(createPlugin(options).getPathsToWatch?.()).toContain(path.join(siteDir, 'profile.yaml'));
    expect(data, 'the data of every page').not.toHaveProperty('fields');
  });

  it('is in the language of the site, also in a copy of the file of a learner', async () => {
    const { profile } = await loadPlugin({ profile: true }, '/', undefined, 'de');
    expect(labelsOf(profile)?.[0]).toBe('Wie alt sind Sie?');
    declare(`${readFileSync(shippedFile, 'utf8')}  - name: pet\n    type: boolean\n    label: Do you have a pet?\n`);
    const { profile: copy } = await loadPlugin({ profile: './profile.yaml' }, '/', undefined, 'de');
    expect(labelsOf(copy)).toEqual([...(labelsOf(profile) ?? []), 'Do you have a pet?']);
  });

  it('has texts that docusaurus write-translations writes, and that a site can translate', async () => {
    declare(ownFields);
    const plugin = createPlugin({ profile: './profile.yaml' });
    const content = await plugin.loadContent?.();
    const [file, ...others] = (await plugin.getTranslationFiles?.({ content })) ?? [];
    const id = 'theme.xenon.profile.field.pet.label';
    expect(others).toEqual([]);
    expect(file).toEqual({ path: 'profile', content: { [id]: { message: 'Do you have a pet?' } } });
    const translated = { path: 'profile', content: { [id]: { message: 'Avez-vous un animal ?' } } };
    expect(labelsOf(plugin.translateContent?.({ content, translationFiles: [translated] }))).toEqual([
      'Avez-vous un animal ?',
    ]);
    expect(labelsOf(plugin.translateContent?.({ content, translationFiles: [] }))).toEqual(['Do you have a pet?']);
  });

  it('stops the build with all faults of its file', async () => {
    declare(
      'fields:\n  - name: id\n    type: text\n    label: A\n  - name: b\n    type: date\n    label: B\n',
      'wrong.yaml',
    );
    await expect(loadPlugin({ profile: 'wrong.yaml' })).rejects.toThrow(
      `option profile: ${path.join(siteDir, 'wrong.yaml')} declares no fields for a profile:\n` +
        '- line 2: the name "id" is reserved; reserved names are id, user_id,',
    );
    await expect(loadPlugin({ profile: 'wrong.yaml' })).rejects.toThrow('\n- line 6: the type "date" is unknown');
  });

  it('stops the build without its file, and says where the file has to be', async () => {
    await expect(loadPlugin({ profile: './none.yaml' })).rejects.toThrow(
      /cannot be read: .*none\.yaml.* The path is relative to the folder of the site\./,
    );
  });
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
    [{ profile: '' }, '"profile" must be true for the profile of a learner, false for no profile'],
    [{ profile: 1 } as unknown as Options, 'or the path of a file with your own fields, such as "./profile.yaml"'],
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
  expect(Object.keys(messages ?? {}).filter((id) => id.includes('.profile.field.'))).toEqual([]);
});

it('lets sites replace pages, layout and menu safely, and forms with a warning', () => {
  const { components } = getSwizzleConfig();
  expect(components['XenonLoginPage']?.actions).toEqual({ eject: 'safe', wrap: 'safe' });
  expect(components['XenonAuthForms/SignInForm']?.actions).toEqual({ eject: 'unsafe', wrap: 'unsafe' });
});
