/** The name of this package. */
export const packageName = '@xenon-auth/docusaurus-theme';

/** The pages of the theme, by the name in the option `routes`. */
export const pageNames = [
  'login',
  'register',
  'forgotPassword',
  'resetPassword',
  'verifyEmail',
  'cancelEmailChange',
  'mailSignIn',
  'magicLink',
  'twoFactor',
  'account',
  'profile',
  'admin',
] as const;

export type PageName = (typeof pageNames)[number];

/** A picture above the forms. */
export interface Logo {
  readonly src: string;
  readonly srcDark?: string;
  readonly alt?: string;
  readonly width?: number;
  readonly height?: number;
}

/** The options that the pages use unchanged. */
export interface Features {
  readonly apiMode: 'cookie' | 'bearer';
  readonly methods: {
    readonly password: boolean;
    readonly providers: boolean | readonly string[];
    /** Better Auth's plugin magicLink: a link by mail. */
    readonly magicLink: boolean;
    /** Better Auth's plugin emailOTP: a code by mail. */
    readonly emailOTP: boolean;
  };
  readonly signUp: boolean;
  readonly changeEmail: boolean;
  readonly deleteAccount: boolean;
  /** Better Auth's plugin twoFactor: a second step after the password. */
  readonly twoFactor: boolean;
  /** Better Auth's plugin admin: the page for administrators. */
  readonly admin: boolean;
  /** The page of the profile. */
  readonly profile: boolean;
  /** Signs in people whom a Supabase client of this site had signed in. */
  readonly supabase?: { readonly ref?: string; readonly storageKey?: string };
  readonly passwordLength: { readonly min: number; readonly max: number };
  readonly termsLink?: string;
  readonly privacyLink?: string;
  readonly logo?: Logo;
}

type PageOptions = Omit<Features, 'profile'> & { readonly profile: boolean | string };

/** Whether a site with these options has a page. */
export function hasPage(page: PageName, { methods, twoFactor, profile, admin }: PageOptions): boolean {
  if (page === 'mailSignIn') return methods.magicLink || methods.emailOTP;
  if (page === 'magicLink') return methods.magicLink;
  if (page === 'twoFactor') return twoFactor;
  if (page === 'admin') return admin;
  return page !== 'profile' || Boolean(profile);
}

/** What the pages need to know about the site. The build computes it from the options of the theme. */
export interface SiteData extends Features {
  /** The path of the site's home page: the base URL. */
  readonly baseUrl: string;
  /** The paths of the pages, with the base URL and the trailing slash of the site. */
  readonly paths: { readonly [P in PageName]: string };
  /** The path of the page that opens after a sign-in. */
  readonly afterSignIn: string;
  /** The origin of the API; empty for the origin of the site. */
  readonly apiOrigin: string;
}
