import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { parse } from 'yaml';
import { repositoryRoot } from './xenon';

/** One cache behaviour of the distribution. */
export interface Behaviour {
  readonly pattern: string;
  readonly origin: 'site' | 'api';
  readonly methods: readonly string[];
  /** Undefined if nothing is cached. */
  readonly cache: { readonly maxTTL: number } | undefined;
  /** Whether the viewer's headers (also cookies, but not Host) and query go to the origin. */
  readonly forwardsHeadersAndQuery: boolean;
}

/** The configuration of CloudFront in template.yaml. */
export interface Distribution {
  /** In the order in which they are matched; the last is the default. */
  readonly behaviours: readonly Behaviour[];
  /** The headers of every response. */
  readonly headers: Readonly<Record<string, string>>;
  /** The function SiteIndex: returns the path of the file for the path of a request. */
  readonly toFilePath: (uri: string) => string;
}

// AWS's managed policies, which the template names by their ids.
const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const cachingOptimized = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const allViewerExceptHost = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';

interface RawBehaviour {
  readonly PathPattern?: string;
  readonly TargetOriginId: 'site' | 'api';
  readonly AllowedMethods: string[];
  readonly CachePolicyId: string;
  readonly OriginRequestPolicyId?: string;
  readonly ResponseHeadersPolicyId: string;
}

interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default?: string }>>;
  readonly Resources: {
    readonly SiteIndex: { readonly Properties: { readonly FunctionCode: string } };
    readonly SecurityHeaders: {
      readonly Properties: {
        readonly ResponseHeadersPolicyConfig: { readonly SecurityHeadersConfig: SecurityHeaders };
      };
    };
    readonly JwksCaching: { readonly Properties: { readonly CachePolicyConfig: { readonly MaxTTL: number } } };
    readonly Distribution: {
      readonly Properties: {
        readonly DistributionConfig: {
          readonly DefaultCacheBehavior: RawBehaviour;
          readonly CacheBehaviors: RawBehaviour[];
        };
      };
    };
  };
}

interface SecurityHeaders {
  readonly ContentSecurityPolicy: { readonly ContentSecurityPolicy: string };
  readonly FrameOptions: { readonly FrameOption: string };
  readonly ReferrerPolicy: { readonly ReferrerPolicy: string };
  readonly StrictTransportSecurity: { readonly AccessControlMaxAgeSec: number };
}

/** Reads the CloudFront configuration from template.yaml. A !Ref becomes the logical id of its resource. */
export function readDistribution(): Distribution {
  const text = readFileSync(path.join(repositoryRoot, 'template.yaml'), 'utf8');
  const { Parameters, Resources } = parse(text, { logLevel: 'error' }) as Template;
  const { DefaultCacheBehavior, CacheBehaviors } = Resources.Distribution.Properties.DistributionConfig;
  const jwksTTL = Resources.JwksCaching.Properties.CachePolicyConfig.MaxTTL;
  const raw = [...CacheBehaviors, DefaultCacheBehavior];
  const bare = raw.find((one) => one.ResponseHeadersPolicyId !== 'SecurityHeaders');
  if (bare)
    throw new Error(`the cache behaviour ${bare.PathPattern ?? 'default'} in template.yaml has no SecurityHeaders`);
  return {
    behaviours: raw.map((one) => parseBehaviour(one, jwksTTL)),
    headers: readSecurityHeaders(
      Resources.SecurityHeaders.Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig,
      Parameters,
    ),
    toFilePath: (uri) =>
      runInNewContext(`${Resources.SiteIndex.Properties.FunctionCode}; handler({ request: { uri } }).uri`, {
        uri,
      }) as string,
  };
}

function parseBehaviour(raw: RawBehaviour, jwksTTL: number): Behaviour {
  const caches: Record<string, Behaviour['cache']> = {
    [cachingDisabled]: undefined,
    [cachingOptimized]: { maxTTL: 31536000 },
    JwksCaching: { maxTTL: jwksTTL },
  };
  if (!(raw.CachePolicyId in caches))
    throw new Error(`template.yaml uses the cache policy ${raw.CachePolicyId}: add it to e2e/harness/template.ts`);
  return {
    pattern: raw.PathPattern ?? '*',
    origin: raw.TargetOriginId,
    methods: raw.AllowedMethods,
    cache: caches[raw.CachePolicyId],
    forwardsHeadersAndQuery: raw.OriginRequestPolicyId === allViewerExceptHost,
  };
}

/** Whether a path matches the behaviour's pattern. */
export function matchesPattern({ pattern }: Behaviour, uri: string): boolean {
  const source = (pattern.startsWith('/') ? pattern : `/${pattern}`)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*');
  return new RegExp(`^${source}$`, 's').test(uri);
}

function readSecurityHeaders(config: SecurityHeaders, parameters: Template['Parameters']): Record<string, string> {
  const hashes = readFileSync(path.join(repositoryRoot, 'website/csp-hashes.txt'), 'utf8').trim();
  const parameterValue = (name: string) => (name === 'ScriptHashes' ? hashes : (parameters[name]?.Default ?? ''));
  return {
    'content-security-policy': config.ContentSecurityPolicy.ContentSecurityPolicy.replace(
      /\$\{(\w+)\}/g,
      (_, name: string) => parameterValue(name),
    ),
    'x-content-type-options': 'nosniff',
    'x-frame-options': config.FrameOptions.FrameOption,
    'referrer-policy': config.ReferrerPolicy.ReferrerPolicy,
    'strict-transport-security': `max-age=${config.StrictTransportSecurity.AccessControlMaxAgeSec}`,
  };
}
