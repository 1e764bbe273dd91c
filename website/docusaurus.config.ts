import path from 'node:path';
import type { Options as DocsOptions } from '@docusaurus/plugin-content-docs';
import type { Options as SitemapOptions } from '@docusaurus/plugin-sitemap';
import type { Options as ThemeOptions } from '@docusaurus/theme-classic';
import type { UserThemeConfig } from '@docusaurus/theme-common';
import type { Config } from '@docusaurus/types';
import type { PluginOptions as SearchOptions } from '@easyops-cn/docusaurus-search-local';
import type { Options as XenonOptions } from '@xenon-auth/docusaurus-theme';
import { PrivatePages, RepositoryURL, SearchPage } from './plugins/constants';
import counts from './plugins/counts';
import licences from './plugins/licences';
import remarkManual from './plugins/manual';
import remarkOpenapi from './plugins/openapi';
import prismInChunks from './plugins/prismInChunks';
import stableNames from './plugins/stableNames';
import ssrTemplate from './plugins/template';

const docs: DocsOptions = {
  path: '../docs',
  routeBasePath: 'docs',
  sidebarPath: './sidebars.ts',
  breadcrumbs: true,
  // These run before Docusaurus' own plugins, which collect headings for the table of contents and copy files
  // outside docs/ to which a page links.
  beforeDefaultRemarkPlugins: [
    [remarkManual, { docs: '../docs', repository: RepositoryURL }],
    [remarkOpenapi, { file: '../docs/openapi.yaml' }],
  ],
};

const themeConfig: UserThemeConfig = {
  image: 'img/social-card.png',
  colorMode: { respectPrefersColorScheme: true },
  docs: { sidebar: { autoCollapseCategories: true } },
  navbar: {
    title: 'Xenon',
    logo: { alt: '', src: 'img/logo.svg', srcDark: 'img/logo-dark.svg', width: 30, height: 30 },
    items: [
      { to: '/docs/getting-started/', label: 'Docs', position: 'left', activeBaseRegex: '^/docs/(?!api/|migrate)' },
      { to: '/docs/api/', label: 'API', position: 'left' },
      { to: '/docs/migrate/', label: 'Import from Supabase', position: 'left', activeBaseRegex: '^/docs/migrate' },
      { type: 'search', position: 'right' },
      { type: 'custom-xenonAccount', position: 'right' },
    ],
  },
  footer: {
    links: [
      {
        title: 'Start',
        items: [
          { label: 'Getting started', to: '/docs/getting-started/' },
          { label: 'How it works', to: '/docs/how-it-works/' },
          { label: 'API reference', to: '/docs/api/' },
        ],
      },
      {
        title: 'Migrate',
        items: [
          { label: 'Importing from Supabase', to: '/docs/migrate/' },
          { label: 'With Better Auth', to: '/docs/better-auth/' },
          { label: 'Every difference', to: '/docs/divergences/' },
        ],
      },
      {
        title: 'Operate',
        items: [
          { label: 'Deploying to AWS', to: '/docs/deploy/' },
          { label: 'Configuration', to: '/docs/configuration/' },
          { label: 'Security properties and their tests', to: '/docs/security/' },
        ],
      },
      {
        title: 'Source',
        items: [
          { label: 'Repository', href: RepositoryURL },
          { label: 'Licences', to: '/docs/licences/' },
        ],
      },
    ],
    copyright: 'Xenon is free software under the MIT licence.',
  },
  prism: {
    // A theme with colours would be written into style attributes, which the Content-Security-Policy blocks. The
    // colours are in manual.css instead.
    theme: { plain: {}, styles: [] },
    darkTheme: { plain: {}, styles: [] },
    additionalLanguages: ['bash', 'sql', 'http'],
  },
};

// The site has the pages of a feature if the server has the feature: both read the same environment variables.
const isOn = (variable: string): boolean => process.env[variable] === 'on';
const supabaseRef = isOn('SUPABASE_BRIDGE') ? process.env['SUPABASE_REF'] : undefined;
const profileFile = process.env['PROFILE_FIELDS'];
const xenonOptions: XenonOptions = {
  // A relative path is relative to the root of the repository, in which xenon dev runs.
  profile: process.env['PROFILE'] !== 'off' && (profileFile ? path.resolve('..', profileFile) : true),
  privacyLink: '/docs/security/',
  methods: { magicLink: isOn('MAGIC_LINK'), emailOTP: isOn('EMAIL_OTP') },
  twoFactor: isOn('TWO_FACTOR'),
  admin: isOn('ADMIN'),
  ...(supabaseRef && { supabase: { ref: supabaseRef } }),
};

const config: Config = {
  title: 'Xenon',
  tagline: 'Authentication for static sites on serverless Postgres',
  favicon: 'img/favicon.svg',
  // The public origin, in the same environment variable as for the API. Canonical links and sitemap start with it.
  url: process.env['BETTER_AUTH_URL'] ?? 'http://localhost:3000',
  baseUrl: '/',
  trailingSlash: true,
  baseUrlIssueBanner: false, // it needs an inline script and inline styles, and baseUrl '/' cannot be wrong
  onBrokenLinks: 'throw',
  onBrokenAnchors: 'throw',
  onDuplicateRoutes: 'throw',
  markdown: {
    format: 'detect', // GitHub renders docs/ too, so .md is CommonMark, not MDX
    hooks: { onBrokenMarkdownLinks: 'throw', onBrokenMarkdownImages: 'throw' },
  },
  future: {
    v4: true,
    // The persistent cache does not notice changes of openapi.yaml, and a full build without it takes seconds.
    faster: {
      swcJsLoader: true,
      swcJsMinimizer: true,
      swcHtmlMinimizer: true,
      lightningCssMinimizer: true,
      mdxCrossCompilerCache: true,
      rspackBundler: true,
      rspackPersistentCache: false,
      ssgWorkerThreads: true,
      gitEagerVcs: true,
    },
  },
  headTags: [{ tagName: 'meta', attributes: { name: 'color-scheme', content: 'light dark' } }],
  ssrTemplate,
  clientModules: ['./src/clientModules/progressBar.ts'],
  plugins: [
    ['@docusaurus/plugin-content-docs', docs],
    '@docusaurus/plugin-content-pages',
    ['@docusaurus/plugin-sitemap', { ignorePatterns: [...PrivatePages, SearchPage] } satisfies SitemapOptions],
    (context) => counts(context, '../docs'),
    licences,
    prismInChunks,
    stableNames,
  ],
  themes: [
    [
      '@docusaurus/theme-classic',
      { customCss: ['./src/css/custom.css', './src/css/frame.css', './src/css/manual.css'] } satisfies ThemeOptions,
    ],
    // Only the pages of the manual are in the index of the search.
    ['@easyops-cn/docusaurus-search-local', { indexBlog: false } satisfies SearchOptions],
    ['@xenon-auth/docusaurus-theme', xenonOptions],
  ],
  themeConfig,
};

export default config;
