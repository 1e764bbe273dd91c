package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/web"
)

// Scripts and styles come from the site or have a hash in the policy. No page can be framed.
func TestR33_SecurityHeadersOfTheSite(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	headers := templateNode(
		c.valueAt("Resources", "SecurityHeaders", "Properties", "ResponseHeadersPolicyConfig",
			"SecurityHeadersConfig").(map[string]any),
	)
	csp := strings.TrimPrefix(fmt.Sprint(headers.valueAt("ContentSecurityPolicy", "ContentSecurityPolicy")), "!Sub ")
	for _, name := range []string{"StyleSources", "ImageSources", "FontSources", "ConnectSources"} {
		csp = strings.ReplaceAll(csp, "${"+name+"}", fmt.Sprint(c.valueAt("Parameters", name, "Default")))
	}
	got := map[string]string{}
	for directive := range strings.SplitSeq(csp, ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
		got[name] = sources
	}
	want := map[string]string{
		"default-src": "'self'", "script-src": "'self' ${ScriptHashes}", "img-src": "'self' data:", "object-src": "'none'",
		"style-src": "'self'", "font-src": "'self'", "connect-src": "'self'",
		"base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'", "upgrade-insecure-requests": "",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("Content-Security-Policy of the site (-template +want):\n%s", diff)
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy of the site: got %s, want none that contains \"unsafe\"", csp)
	}
	if age := parseInt(t, headers.valueAt("StrictTransportSecurity", "AccessControlMaxAgeSec")); age < 365*24*60*60 {
		t.Errorf("max-age of HSTS: got %d s, want at least a year", age)
	}
	for name, h := range headers {
		if templateNode(h.(map[string]any))["Override"] != "true" {
			t.Errorf("the security header %s: got no Override, want true, so that it replaces the header of the origin", name)
		}
	}
	if headers["ContentTypeOptions"] == nil || headers["ReferrerPolicy"] == nil {
		t.Error("security headers: ContentTypeOptions or ReferrerPolicy is missing, want both")
	}
}

// CloudFront caches only responses that are the same for all users, and no errors. Its requests to routes of the API
// that it does not cache have the API's own Host and all other headers of the viewer. Requests to the cached routes
// have none of the viewer's headers, cookies and query parameters.
func TestR26_DistributionOfTheTemplate(t *testing.T) {
	t.Parallel()
	const (
		cachingDisabled     = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
		cachingOptimized    = "658327ea-f89d-4fab-a63d-7e88639e58f6"
		allViewerExceptHost = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	)
	c := readTemplateNode(t)
	d := templateNode(c.valueAt("Resources", "Distribution", "Properties", "DistributionConfig").(map[string]any))
	type behaviour struct{ path, origin, cache, request, viewer string }
	read := func(v any) behaviour {
		b := templateNode(v.(map[string]any))
		if b["ResponseHeadersPolicyId"] != "!Ref SecurityHeaders" {
			t.Errorf("the behaviour for %v: got ResponseHeadersPolicyId %v, want !Ref SecurityHeaders",
				b["PathPattern"], b["ResponseHeadersPolicyId"])
		}
		text := func(name string) string { s, _ := b[name].(string); return s }
		return behaviour{
			text("PathPattern"),
			text("TargetOriginId"),
			text("CachePolicyId"),
			text("OriginRequestPolicyId"),
			text("ViewerProtocolPolicy"),
		}
	}
	var got []behaviour // in order: CloudFront uses the first behaviour whose path matches
	for _, b := range d["CacheBehaviors"].([]any) {
		got = append(got, read(b))
	}
	got = append(got, read(d["DefaultCacheBehavior"]))
	want := []behaviour{
		{"/api/auth/jwks", "api", "!Ref JwksCaching", "", "https-only"},
		{"/.well-known/openid-configuration", "api", "!Ref JwksCaching", "", "https-only"},
		{"/.well-known/jwks.json", "api", "!Ref JwksCaching", "", "https-only"},
		{"/api/*", "api", cachingDisabled, allViewerExceptHost, "https-only"},
		{"/health", "api", cachingDisabled, allViewerExceptHost, "https-only"},
		{"", "site", cachingOptimized, "", "redirect-to-https"},
	}
	if diff := cmp.Diff(got, want, cmp.AllowUnexported(behaviour{})); diff != "" {
		t.Errorf("behaviours of the distribution (-template +want):\n%s", diff)
	}
	cachedByDefault := []string{"404", "414", "500", "501", "502", "503", "504"} // CloudFront caches these errors
	var codes []string
	for _, e := range d["CustomErrorResponses"].([]any) {
		e := templateNode(e.(map[string]any))
		codes = append(codes, e["ErrorCode"].(string))
		if len(e) != 2 || e["ErrorCachingMinTTL"] != "0" {
			t.Errorf("CustomErrorResponses of the distribution: got %v, want only ErrorCode and ErrorCachingMinTTL 0", e)
		}
	}
	if diff := cmp.Diff(codes, cachedByDefault); diff != "" {
		t.Errorf("errors that the distribution must not cache (-template +want):\n%s", diff)
	}
	// The IP address of the viewer is the second last entry of X-Forwarded-For: CloudFront appends the viewer, and API
	// Gateway appends CloudFront. Without CloudFront, the viewer is the peer of the connection.
	const source = "!If [HasClientIp, !Ref ClientIp, !If [HasSite, xff:2, remote]]"
	if got := c.valueAt("Globals", "Function", "Environment", "Variables", "CLIENT_IP"); got != source {
		t.Errorf("CLIENT_IP of the functions: got %v, want %s", got, source)
	}
}

// The functions answer preflights, because API Gateway's CORS support compares only exact origins. The parameter
// TrustedOrigins allows every form of an origin that the functions accept, such as wildcards.
func TestPreflightsAreAnsweredByAFunction(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	if got := c.valueAt("Resources", "Api", "Properties", "CorsConfiguration"); got != nil {
		t.Errorf("CorsConfiguration of the API: got %v, want none, because the functions answer preflights", got)
	}
	pattern := regexp.MustCompile(fmt.Sprint(c.valueAt("Parameters", "TrustedOrigins", "AllowedPattern")))
	for _, origins := range []string{
		"", "https://app.example.com", "https://*.example.com,myapp://",
		"capacitor://localhost,exp://192.168.*.*:*/**",
	} {
		if !pattern.MatchString(origins) {
			t.Errorf("the AllowedPattern of TrustedOrigins rejects %q, want it accepted", origins)
		}
	}
	behaviors := c.valueAt("Resources", "Distribution", "Properties", "DistributionConfig", "CacheBehaviors").([]any)
	for _, b := range behaviors {
		b := templateNode(b.(map[string]any))
		if methods := fmt.Sprint(b["AllowedMethods"]); b["PathPattern"] != "/health" &&
			!strings.Contains(methods, "OPTIONS") {
			t.Errorf("AllowedMethods of the behaviour for %s: got %s, want OPTIONS among them for preflights",
				b["PathPattern"], methods)
		}
	}
}

// The API recognises CloudFront's requests by a secret. The template contains only a reference to Secrets Manager, so
// that the secret is in no parameter, output or log.
func TestDistributionSendsTheOriginSecret(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	for _, o := range c.valueAt("Resources", "Distribution", "Properties", "DistributionConfig", "Origins").([]any) {
		o := templateNode(o.(map[string]any))
		if o["Id"] != "api" {
			continue
		}
		want := "!If [HasOriginSecret, [map[HeaderName:" + web.OriginSecretHeader + " HeaderValue:!Sub " +
			"[{{resolve:secretsmanager:${Arn}:SecretString:originSecret::${OriginSecretVersion}}}, " +
			"map[Arn:!If [MakesAppSecret, !Ref AppSecret, !Ref AppSecretArn]]]]], !Ref AWS::NoValue]"
		if got := fmt.Sprint(o["OriginCustomHeaders"]); got != want {
			t.Errorf("OriginCustomHeaders of the origin api:\ngot  %s\nwant %s", got, want)
		}
		return
	}
	t.Error("the distribution has no origin api")
}

func TestDistributionAcceptsWebACL(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	if got := c.valueAt(
		"Resources",
		"Distribution",
		"Properties",
		"DistributionConfig",
		"WebACLId",
	); got != "!If [HasWebAcl, !Ref WebAclArn, !Ref AWS::NoValue]" {
		t.Errorf("got WebACLId %v, want the parameter WebAclArn", got)
	}
	pattern := regexp.MustCompile(fmt.Sprint(c.valueAt("Parameters", "WebAclArn", "AllowedPattern")))
	for arn, want := range map[string]bool{
		"": true, "arn:aws:wafv2:us-east-1:123456789012:global/webacl/xenon/1a2b": true,
		"arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/xenon/1a2b": false, "x": false,
	} {
		if pattern.MatchString(arn) != want {
			t.Errorf("the AllowedPattern of WebAclArn with %q: got a match = %v, want %v", arn, !want, want)
		}
	}
}

// Only the distribution can read the bucket of the site. The bucket is versioned and encrypted.
func TestSiteBucketIsPrivateVersionedAndEncrypted(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	bucket := templateNode(c.valueAt("Resources", "SiteBucket").(map[string]any))
	closed := map[string]any{
		"BlockPublicAcls":       "true",
		"BlockPublicPolicy":     "true",
		"IgnorePublicAcls":      "true",
		"RestrictPublicBuckets": "true",
	}
	if diff := cmp.Diff(bucket.valueAt("Properties", "PublicAccessBlockConfiguration"), any(closed)); diff != "" {
		t.Errorf("PublicAccessBlockConfiguration of the bucket (-template +want):\n%s", diff)
	}
	if bucket.valueAt("Properties", "VersioningConfiguration", "Status") != "Enabled" ||
		bucket.valueAt("Properties", "BucketEncryption") == nil {
		t.Error("the bucket of the site is not versioned or not encrypted, want both")
	}
	for _, s := range c.valueAt("Resources", "SiteBucketPolicy", "Properties", "PolicyDocument", "Statement").([]any) {
		s := templateNode(s.(map[string]any))
		from := fmt.Sprint(s.valueAt("Condition", "StringEquals", "AWS:SourceArn"))
		if s["Effect"] == "Allow" && (fmt.Sprint(s["Principal"]) != "map[Service:cloudfront.amazonaws.com]" ||
			!strings.HasSuffix(from, ":distribution/${Distribution}")) {
			t.Errorf("who may read the bucket: got %v from %s, want only CloudFront from this distribution",
				s["Principal"], from)
		}
	}
}

// Resources whose content cannot be restored stay when the stack is deleted.
func TestSecretsAndSiteBucketAreRetained(t *testing.T) {
	t.Parallel()
	var kept []string
	for name, r := range readTemplateNode(t).valueAt("Resources").(map[string]any) {
		if r := templateNode(r.(map[string]any)); r["DeletionPolicy"] == "Retain" && r["UpdateReplacePolicy"] == "Retain" {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	if diff := cmp.Diff(kept, []string{"AppSecret", "SigningKeys", "SiteBucket"}); diff != "" {
		t.Errorf("resources that are retained (-template +want):\n%s", diff)
	}
}

func TestTemplateHasExactlyTheseOutputs(t *testing.T) {
	t.Parallel()
	outputs := readTemplateNode(t).valueAt("Outputs").(map[string]any)
	want := []string{
		"ApiDomainTarget", "ApiUrl", "AppSecretArn", "DistributionDomain", "DistributionId", "FunctionLogGroup",
		"ImportStateMachineArn",
		"OriginSecretVersion",
		"SigningKeysArn",
		"SiteBucketName", "SiteUrl",
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(outputs)), want); diff != "" {
		t.Errorf("outputs of the stack (-template +want):\n%s", diff)
	}
}

// With Site=none the stack has neither a bucket nor a distribution. cfn-lint checks that no other resource refers to
// them.
func TestStackWithoutASiteHasNoBucketAndNoDistribution(t *testing.T) {
	t.Parallel()
	for name, r := range readTemplateNode(t).valueAt("Resources").(map[string]any) {
		r := templateNode(r.(map[string]any))
		kind, _ := r["Type"].(string)
		service := strings.Join(strings.Split(kind, "::")[:2], "::")
		want := map[string]any{
			"AWS::S3": "HasSite", "AWS::CloudFront": "HasSite", "AWS::ApiGatewayV2": "HasApiDomain",
		}[service]
		if want != nil && r["Condition"] != want {
			t.Errorf("the resource %s of the type %s: got the condition %v, want %v", name, kind, r["Condition"], want)
		}
	}
}
