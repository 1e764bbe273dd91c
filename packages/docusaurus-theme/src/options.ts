import type { OptionValidationContext } from '@docusaurus/types';
import { Joi } from '@docusaurus/utils-validation';
import { type Features, type Logo, type PageName, packageName, pageNames } from './siteData';

/** The options after validation. README.md describes them. */
export interface PluginOptions extends Omit<Features, 'profile'> {
  /** `true` is the shipped profile of a learner; a text is the path of a declaration, relative to the site's folder. */
  readonly profile: boolean | string;
  readonly id: string;
  readonly routes: { readonly [P in PageName]: string };
  readonly apiOrigin: string;
  readonly afterSignIn?: string;
}

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/** The options in docusaurus.config. */
export type Options = Omit<DeepPartial<Omit<PluginOptions, 'logo'>>, 'id'> & {
  readonly id?: string;
  readonly logo?: Logo;
};

const defaultRoutes: PluginOptions['routes'] = {
  login: '/login',
  mailSignIn: '/login/mail',
  magicLink: '/magic-link',
  twoFactor: '/two-factor',
  register: '/register',
  forgotPassword: '/forgot-password',
  resetPassword: '/reset-password',
  verifyEmail: '/verify-email',
  cancelEmailChange: '/cancel-email-change',
  account: '/account',
  profile: '/profile',
  admin: '/admin',
};

/** An object whose error for an unknown name lists the valid names. */
function objectOf(keys: Record<string, Joi.Schema>): Joi.ObjectSchema {
  const names = Object.keys(keys).join(', ');
  return Joi.object(keys).messages({ 'object.unknown': `{{#label}} is not an option. The options are: ${names}` });
}

const pathSchema = Joi.string()
  .pattern(/^\/[^\s?#\\]*$/)
  .messages({
    'string.pattern.base': '{{#label}} must be a path of this site, such as "/account"; it is {{#value}}',
    'any.invalid': '{{#label}} cannot be "/", because that is the home page of the site',
  });

const linkSchema = Joi.string()
  .pattern(/^(\/(?!\/)|https:\/\/)/)
  .messages({
    'string.pattern.base': '{{#label}} must be a path of this site or a URL with https:; it is {{#value}}',
  });

const routesSchema = objectOf(
  Object.fromEntries(pageNames.map((page) => [page, pathSchema.invalid('/').default(defaultRoutes[page])])),
)
  .default(defaultRoutes)
  .custom((value: PluginOptions['routes'], helpers) => {
    for (const [index, page] of pageNames.entries()) {
      const other = pageNames
        .slice(0, index)
        .find((one) => withoutTrailingSlash(value[one]) === withoutTrailingSlash(value[page]));
      if (other) return helpers.error('routes.same', { other, page, path: value[page] });
    }
    return value;
  })
  .messages({ 'routes.same': '{{#label}}: {{#other}} and {{#page}} have the same path {{#path}}' });

const apiOriginSchema = Joi.string()
  .allow('')
  .default('')
  .custom((value: string, helpers) => (isOriginOrEmpty(value) ? value : helpers.error('origin')))
  .messages({
    origin:
      '{{#label}} must be an origin without a path, such as "https://auth.example.com"; it is {{#value}}. ' +
      'Leave it out if the API has the origin of the site',
  });

const profileProblem =
  '{{#label}} must be true for the profile of a learner, false for no profile, or the path of a file with your own ' +
  'fields, such as "./profile.yaml"; it is {{#value}}';

const optionsSchema = objectOf({
  routes: routesSchema,
  apiOrigin: apiOriginSchema,
  apiMode: Joi.string().valid('cookie', 'bearer').default('cookie'),
  afterSignIn: pathSchema,
  methods: objectOf({
    password: Joi.boolean().default(true),
    providers: Joi.alternatives(Joi.boolean(), Joi.array().items(Joi.string())),
    magicLink: Joi.boolean().default(false),
    emailOTP: Joi.boolean().default(false),
  }).default({ password: true, magicLink: false, emailOTP: false }),
  signUp: Joi.boolean().default(true),
  changeEmail: Joi.boolean().default(true),
  deleteAccount: Joi.boolean().default(true),
  twoFactor: Joi.boolean().default(false),
  admin: Joi.boolean().default(false),
  profile: Joi.alternatives(Joi.boolean(), Joi.string()).default(false).messages({
    'alternatives.match': profileProblem,
    'alternatives.types': profileProblem,
    'string.empty': profileProblem,
  }),
  supabase: objectOf({
    ref: Joi.string()
      .pattern(/^[A-Za-z0-9-]+$/)
      .messages({
        'string.pattern.base':
          '{{#label}} must be the first label of the host of the Supabase project, such as "abc" for ' +
          'https://abc.supabase.co; it is {{#value}}',
      }),
    storageKey: Joi.string(),
  }).xor('ref', 'storageKey'),
  passwordLength: objectOf({
    min: Joi.number().integer().min(1).default(8),
    max: Joi.number().integer().min(Joi.ref('min')).default(128),
  }).default({ min: 8, max: 128 }),
  termsLink: linkSchema,
  privacyLink: linkSchema,
  logo: objectOf({
    src: Joi.string().required(),
    srcDark: Joi.string(),
    alt: Joi.string().allow(''),
    width: Joi.number(),
    height: Joi.number(),
  }),
})
  .custom(checkMethods)
  .prefs({ abortEarly: false });

/** Completes the options and checks those that depend on each other. */
function checkMethods(options: PluginOptions, helpers: { message: (text: { custom: string }) => unknown }): unknown {
  const fail = (custom: string) => helpers.message({ custom });
  const isBearer = options.apiMode === 'bearer';
  if (isBearer && !options.apiOrigin)
    return fail(
      'apiMode "bearer" needs apiOrigin. It keeps the session token where scripts can read it, so use it only if ' +
        'cookies do not work because the API is on another site',
    );
  const { password, providers = !isBearer, magicLink, emailOTP } = options.methods;
  const hasProviders = providers === true || (Array.isArray(providers) && providers.length > 0);
  if (isBearer && hasProviders)
    return fail('methods.providers does not work with apiMode "bearer": the API returns from a provider with a cookie');
  if (isBearer && magicLink)
    return fail('methods.magicLink does not work with apiMode "bearer": a link signs in with a cookie. Use emailOTP');
  if (isBearer && options.twoFactor)
    return fail('twoFactor does not work with apiMode "bearer": between the two steps of a sign-in there is a cookie');
  if (isBearer && options.admin)
    return fail('admin does not work with apiMode "bearer": to act as a user needs a cookie');
  if (!password && !hasProviders && !magicLink && !emailOTP)
    return fail('methods shows no way to sign in: allow password, providers, magicLink or emailOTP');
  return { ...options, methods: { password, providers, magicLink, emailOTP } };
}

function isOriginOrEmpty(value: string): boolean {
  return value === '' || (URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value);
}

function withoutTrailingSlash(route: string): string {
  return route.replace(/\/+$/, '');
}

/** Docusaurus calls it with the options in docusaurus.config. */
export function validateOptions({
  validate,
  options,
}: OptionValidationContext<Options | undefined, PluginOptions>): PluginOptions {
  try {
    return validate(optionsSchema as Joi.ObjectSchema<PluginOptions>, options);
  } catch (error) {
    if (!isValidationError(error)) throw error;
    const faults = error.details.map(({ message }) => `\n- ${message}`).join('');
    throw new Error(`The options of ${packageName} in docusaurus.config are wrong:${faults}`, { cause: error });
  }
}

// Not Joi.isError: Docusaurus can have another copy of Joi.
function isValidationError(error: unknown): error is Joi.ValidationError {
  return error instanceof Error && 'details' in error && Array.isArray(error.details);
}
