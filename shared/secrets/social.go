package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/xenon-auth/xenon/shared/config"
)

// UseSocial makes Secrets read the secrets of the configured providers from the app secret too. Call it before the
// first read. It is not a part of New, so that only functions/social links the code.
func (s *Secrets) UseSocial(social config.Social) {
	s.parseSocial = func(text []byte) (map[string]string, error) { return parseSocialSecrets(text, social) }
}

// SocialSecret returns a secret of a social provider, such as GOOGLE_CLIENT_SECRET, from the app secret. It returns ""
// if the app secret does not have it, or if there is no app secret. APPLE_PRIVATE_KEY is PEM with line breaks, as in
// config.Provider.
func (s *Secrets) SocialSecret(ctx context.Context, name string) (string, error) {
	if s.cfg.AppSecretARN == "" {
		return "", nil
	}
	app, err := s.app(ctx)
	return app.social[name], err
}

// parseSocialSecrets returns the secrets of the configured providers from the JSON text of the app secret. A provider
// whose secret is neither there nor in the settings is an error. No error quotes the text.
func parseSocialSecrets(text []byte, social config.Social) (map[string]string, error) {
	if len(social.Providers) == 0 {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil, errors.New("the text is not a JSON object")
	}
	found := map[string]string{}
	var problems []error
	for _, p := range social.Providers {
		for _, name := range p.SecretNames() {
			value, err := parseSocialSecret(name, members[name])
			if err != nil {
				problems = append(problems, fmt.Errorf("%s %w", name, err))
			} else if value != "" {
				found[name] = value
			}
		}
		if name, advice := p.MissingSecret(func(name string) bool { return members[name] != nil }); name != "" {
			problems = append(problems, fmt.Errorf("%s %s", name, advice))
		}
	}
	return found, errors.Join(problems...)
}

// parseSocialSecret returns the text of a member of the app secret, or "" if there is none. It normalizes the private
// key of Apple.
func parseSocialSecret(name string, member json.RawMessage) (string, error) {
	if member == nil {
		return "", nil
	}
	var value string
	if json.Unmarshal(member, &value) != nil || value == "" {
		return "", errors.New("is not a text, or is empty")
	}
	if name == config.ApplePrivateKey {
		return config.NormalizePrivateKey(value)
	}
	return value, nil
}
