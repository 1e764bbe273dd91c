package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
)

// sitePolicy is the part of template.yaml that says which paths CloudFront sends to the API, and which headers it adds
// to the responses.
type sitePolicy struct {
	Parameters map[string]parameter `yaml:"Parameters"`
	Resources  struct {
		Distribution struct {
			Properties struct {
				DistributionConfig struct {
					CacheBehaviors []struct {
						PathPattern    string `yaml:"PathPattern"`
						TargetOriginID string `yaml:"TargetOriginId"`
					} `yaml:"CacheBehaviors"`
				} `yaml:"DistributionConfig"`
			} `yaml:"Properties"`
		} `yaml:"Distribution"`
		SecurityHeaders struct {
			Properties struct {
				ResponseHeadersPolicyConfig struct {
					SecurityHeadersConfig securityHeaders `yaml:"SecurityHeadersConfig"`
				} `yaml:"ResponseHeadersPolicyConfig"`
			} `yaml:"Properties"`
		} `yaml:"SecurityHeaders"`
	} `yaml:"Resources"`
}

// parameter is a parameter of the template.
type parameter struct {
	Default string `yaml:"Default"`
}

type securityHeaders struct {
	ContentSecurityPolicy struct {
		ContentSecurityPolicy string `yaml:"ContentSecurityPolicy"`
	} `yaml:"ContentSecurityPolicy"`
	FrameOptions struct {
		FrameOption string `yaml:"FrameOption"`
	} `yaml:"FrameOptions"`
	ReferrerPolicy struct {
		ReferrerPolicy string `yaml:"ReferrerPolicy"`
	} `yaml:"ReferrerPolicy"`
	StrictTransportSecurity struct {
		MaxAge int `yaml:"AccessControlMaxAgeSec"`
	} `yaml:"StrictTransportSecurity"`
}

func readSitePolicy() (sitePolicy, error) {
	var p sitePolicy
	if err := yaml.Unmarshal(embedded.Template, &p); err != nil {
		return p, fmt.Errorf("template.yaml: %w", err)
	}
	return p, nil
}

// isAPI reports whether CloudFront sends a path to the API.
func (p sitePolicy) isAPI(path string) bool {
	for _, b := range p.Resources.Distribution.Properties.DistributionConfig.CacheBehaviors {
		prefix, wild := strings.CutSuffix(b.PathPattern, "*")
		if b.TargetOriginID == "api" && (path == prefix || wild && strings.HasPrefix(path, prefix)) {
			return true
		}
	}
	return false
}

// cspPresets are values of the parameters of the Content-Security-Policy, by the name for --csp.
var cspPresets = map[string]map[string]string{
	"strict": {}, // the defaults of the template
	// A site of Docusaurus as create-docusaurus makes it: it has styles in attributes, and its pages may show images of
	// other hosts.
	"docusaurus": {"StyleSources": "'self' 'unsafe-inline'", "ImageSources": "'self' data: https:"},
}

// applyPreset sets the sources of the Content-Security-Policy to those of a preset.
func (p sitePolicy) applyPreset(preset string) {
	for name, value := range cspPresets[preset] {
		p.Parameters[name] = parameter{value}
	}
}

// headers returns a function that returns the headers for the hashes of the site's inline scripts. Without HTTPS it
// leaves out HSTS and upgrade-insecure-requests: with them, a browser would load the scripts of http://localhost with
// HTTPS.
func (p sitePolicy) headers(secure bool) func(hashes string) http.Header {
	c := p.Resources.SecurityHeaders.Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig
	const needsTLS = "upgrade-insecure-requests"
	directives := strings.Split(c.ContentSecurityPolicy.ContentSecurityPolicy, "; ")
	if !secure {
		directives = slices.DeleteFunc(directives, func(d string) bool { return d == needsTLS })
	}
	csp := strings.Join(directives, "; ")
	for _, name := range []string{"StyleSources", "ImageSources", "FontSources", "ConnectSources"} {
		csp = strings.ReplaceAll(csp, "${"+name+"}", p.Parameters[name].Default)
	}
	return func(hashes string) http.Header {
		h := http.Header{}
		h.Set("Content-Security-Policy", strings.ReplaceAll(csp, "${ScriptHashes}", hashes))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", c.FrameOptions.FrameOption)
		h.Set("Referrer-Policy", c.ReferrerPolicy.ReferrerPolicy)
		if secure {
			h.Set("Strict-Transport-Security", fmt.Sprintf("max-age=%d", c.StrictTransportSecurity.MaxAge))
		}
		return h
	}
}
