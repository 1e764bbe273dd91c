import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { LoadContext, Plugin } from '@docusaurus/types';
import { normalizeUrl } from '@docusaurus/utils';
import { applyTrailingSlash } from '@docusaurus/utils-common';
import { fieldTextPrefix, localize, textsOf, translateFields, translationFileOf } from './declaration/fieldTexts';
import { readDeclaration, shippedFile } from './declaration/readDeclaration';
import type { PluginOptions } from './options';
import type { ProfileData } from './profileFields';
import { hasPage, type PageName, packageName, pageNames, type SiteData } from './siteData';

export { default as getSwizzleConfig } from './getSwizzleConfig';
export { validateOptions } from './options';

const pluginName = 'docusaurus-theme-xenon';

/** The theme: its pages, its navbar item, and the session of the person who visits the site. */
export default function themeXenon(context: LoadContext, options: PluginOptions): Plugin<ProfileData | undefined> {
  checkDocusaurus(context.siteDir);
  checkListedOnce(context.siteConfig);
  const data = siteDataOf(context, options);
  const pages = pageNames.filter((page) => hasPage(page, options));
  return {
    name: pluginName,
    getThemePath: () => '../lib/theme',
    getTypeScriptThemePath: () => '../src/theme',
    // `docusaurus write-translations` searches these folders and the theme path for texts.
    getPathsToWatch: () => [
      ...['client', 'components'].map((folder) => path.join(__dirname, folder, '**/*.js')),
      ...(typeof options.profile === 'string' ? [path.resolve(context.siteDir, options.profile)] : []),
    ],
    getClientModules: () => ['./css/theme.css', data.supabase ? './client/startWithSupabase' : './client/start'],
    getDefaultCodeTranslationMessages: async () => codeMessagesOf(readMessages(context.i18n.currentLocale)),
    loadContent: async () => loadProfile(context, options),
    getTranslationFiles: ({ content }) => (content ? [translationFileOf(content.fields)] : []),
    translateContent: ({ content, translationFiles }) =>
      content && { ...content, fields: translateFields(content.fields, translationFiles) },
    async contentLoaded({ content, actions }) {
      actions.setGlobalData(data);
      // Only the page of the profile loads the fields.
      const profile = content && (await actions.createData('profile.json', content));
      for (const page of pages) {
        const route = { path: data.paths[page], component: componentOf(page), exact: true };
        actions.addRoute(page === 'profile' && profile ? { ...route, context: { profile } } : route);
      }
    },
    allContentLoaded({ allContent }) {
      const ids = Object.keys(allContent[pluginName] ?? {});
      if (ids.length > 1)
        throw new Error(`${packageName} is installed ${ids.length} times (ids ${ids.join(', ')}). Keep one of them.`);
      const permalinks = new Set([...permalinksOf(allContent)].map(withoutSlash));
      for (const page of pages) {
        if (permalinks.has(withoutSlash(data.paths[page])))
          throw new Error(
            `${packageName}: the site already has a page at ${data.paths[page]}. Move that page, or choose another ` +
              `path in the options of the theme: routes: { ${page}: '/other-path' }`,
          );
      }
    },
  };
}

/** The theme component of a page. */
function componentOf(page: PageName): string {
  return `@theme/Xenon${page.charAt(0).toUpperCase()}${page.slice(1)}Page`;
}

function siteDataOf({ baseUrl, siteConfig }: LoadContext, options: PluginOptions): SiteData {
  const { trailingSlash } = siteConfig;
  const pathOf = (route: string) => applyTrailingSlash(normalizeUrl([baseUrl, route]), { trailingSlash, baseUrl });
  const { id: _, routes, profile, afterSignIn = profile ? routes.profile : '/', ...rest } = options;
  const paths = Object.fromEntries(pageNames.map((page) => [page, pathOf(routes[page])]));
  return {
    ...rest,
    profile: Boolean(profile),
    baseUrl,
    paths: paths as SiteData['paths'],
    afterSignIn: pathOf(afterSignIn),
  };
}

/** The fields of the profile. Texts of the shipped declaration are in the language of the site. */
function loadProfile({ siteDir, i18n }: LoadContext, { profile }: PluginOptions): ProfileData | undefined {
  if (!profile) return undefined;
  const isShipped = profile === true;
  const fields = readDeclaration(isShipped ? shippedFile : path.resolve(siteDir, profile));
  const shippedTexts = textsOf(readDeclaration(shippedFile));
  return { isShipped, fields: localize(fields, shippedTexts, readMessages(i18n.currentLocale)) };
}

/** Stops the build of a site with a version of Docusaurus that the theme was not made for. */
function checkDocusaurus(siteDir: string): void {
  const file = createRequire(path.join(siteDir, 'package.json')).resolve('@docusaurus/core/package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 3 && minor >= 10) return;
  throw new Error(
    `${packageName} needs Docusaurus 3.10 or a later 3.x version, and this site has ${version}. ` +
      'Install the same new version of every @docusaurus package.',
  );
}

/** Stops the build before Docusaurus does: its message about a unique id has advice that does not help here. */
function checkListedOnce({ themes, plugins }: LoadContext['siteConfig']): void {
  const names = [...themes, ...plugins].map((entry) => (Array.isArray(entry) ? entry[0] : entry));
  const count = names.filter((name) => name === packageName).length;
  if (count > 1) throw new Error(`${packageName} is listed ${count} times in docusaurus.config. List it once.`);
}

/**
 * The texts of the theme in the language of a locale. None for English: its texts are in the code, and Docusaurus puts
 * all that this function returns into the script of every page. locales/en.json is for translators.
 */
function readMessages(locale: string): { [id: string]: string } {
  const { language } = new Intl.Locale(locale);
  const file = path.join(__dirname, '../locales', `${language}.json`);
  return language !== 'en' && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/** The texts that are in the code. Those of the profile's fields are in the data of the profile's page. */
function codeMessagesOf(messages: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(messages).filter(([id]) => !id.startsWith(fieldTextPrefix)));
}

/** The paths of all pages in the content of the site's plugins. They are in properties named `permalink`. */
function* permalinksOf(content: unknown, seen = new Set<unknown>()): Generator<string> {
  if (typeof content !== 'object' || content === null || seen.has(content)) return;
  seen.add(content);
  for (const [name, value] of Object.entries(content)) {
    if (name === 'permalink' && typeof value === 'string') yield value;
    else yield* permalinksOf(value, seen);
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
