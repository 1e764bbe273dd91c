import type { Options as DocsOptions } from '@docusaurus/plugin-content-docs';
import type { Options as SitemapOptions } from '@docusaurus/plugin-sitemap';
import type { Options as ThemeOptions } from '@docusaurus/theme-classic';
import type { UserThemeConfig } from '@docusaurus/theme-common';
import type { Config } from '@docusaurus/types';
import { PrivatePages, Repository } from './plugins/facts';
import figures from './plugins/figures';
import licences from './plugins/licences';
import remarkManual from './plugins/manual';
import remarkOpenapi from './plugins/openapi';
import ssrTemplate from './plugins/template';

const docs: DocsOptions = {
  path: '../docs',
  routeBasePath: 'docs',
  sidebarPath: './sidebars.ts',
  breadcrumbs: true,
  // Before Docusaurus' own plugins: those collect headings for the table of contents, and take links out of docs/ for files.
  beforeDefaultRemarkPlugins: [
    [remarkManual, { docs: '../docs', repository: Repository }],
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
      { type: 'custom-account', position: 'right' },
    ],
  },
  footer: {
    links: [
      {
        title: 'Begin',
        items: [
          { label: 'Getting started', to: '/docs/getting-started/' },
          { label: 'How it works', to: '/docs/how-it-works/' },
          { label: 'API reference', to: '/docs/api/' },
        ],
      },
      {
        title: 'Move',
        items: [
          { label: 'Importing from Supabase', to: '/docs/migrate/' },
          { label: 'Beside Better Auth', to: '/docs/better-auth/' },
          { label: 'Every difference', to: '/docs/divergences/' },
        ],
      },
      {
        title: 'Operate',
        items: [
          { label: 'Deploying to AWS', to: '/docs/deploy/' },
          { label: 'Configuration', to: '/docs/configuration/' },
          { label: 'Security, row by row', to: '/docs/security/' },
        ],
      },
      {
        title: 'Source',
        items: [
          { label: 'Repository', href: Repository },
          { label: 'Licences', to: '/docs/licences/' },
        ],
      },
    ],
    copyright: 'Xenon: the guest at the door; the gas beside neon. MIT licence.',
  },
  prism: {
    // No colours here: a theme would be written into style attributes, which the Content-Security-Policy refuses. custom.css has them.
    theme: { plain: {}, styles: [] },
    darkTheme: { plain: {}, styles: [] },
    additionalLanguages: ['bash', 'sql', 'http'],
  },
};

const config: Config = {
  title: 'Xenon',
  tagline: 'Authentication for static sites on serverless Postgres',
  favicon: 'img/favicon.svg',
  // The public origin, as the API knows it: the start of canonical links, the sitemap and the social card.
  url: process.env['BETTER_AUTH_URL'] ?? 'http://localhost:3000',
  baseUrl: '/',
  trailingSlash: true,
  baseUrlIssueBanner: false, // an inline script and inline styles, for a mistake that baseUrl '/' cannot make
  onBrokenLinks: 'throw',
  onBrokenAnchors: 'throw',
  onDuplicateRoutes: 'throw',
  markdown: {
    format: 'detect', // docs/ is read on GitHub too: .md is CommonMark, not MDX
    hooks: { onBrokenMarkdownLinks: 'throw', onBrokenMarkdownImages: 'throw' },
  },
  future: {
    v4: true,
    // The cache does not see that openapi.yaml has changed, and the whole build takes seconds without it.
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
  plugins: [
    ['@docusaurus/plugin-content-docs', docs],
    '@docusaurus/plugin-content-pages',
    ['@docusaurus/plugin-sitemap', { ignorePatterns: PrivatePages } satisfies SitemapOptions],
    (context) => figures(context, '../docs'),
    licences,
  ],
  themes: [
    [
      '@docusaurus/theme-classic',
      { customCss: ['./src/css/custom.css', './src/css/frame.css', './src/css/manual.css'] } satisfies ThemeOptions,
    ],
  ],
  themeConfig,
};

export default config;
