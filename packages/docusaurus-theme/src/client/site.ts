import globalData from '@generated/globalData';
import type { SiteData } from '../siteData';

export type { Logo } from '../siteData';

/** The options of the theme in docusaurus.config, as the build resolved them. */
export const site: SiteData = readSiteData();

/** The paths of the theme's pages, with the site's base URL. */
export const { paths } = site;

// The build writes this data, so it needs no schema. The theme has one instance, with any id.
function readSiteData(): SiteData {
  const [data] = Object.values(globalData['docusaurus-theme-xenon'] ?? {});
  if (!data) throw new Error('@xenon-auth/docusaurus-theme is not one of the themes in docusaurus.config');
  return data as SiteData;
}

/** The URL of a path of the API. */
export function apiUrlOf(path: string): string {
  return site.apiOrigin + path;
}

/** A page to which the API redirects. An API with another origin needs the whole URL. */
export function callbackUrl(path: string): string {
  return site.apiOrigin ? window.location.origin + path : path;
}

/** Whether a path is `page` or below it. */
export function isWithin(path: string, page: string): boolean {
  const prefix = page.replace(/\/$/, '');
  return path === prefix || path.startsWith(`${prefix}/`);
}
