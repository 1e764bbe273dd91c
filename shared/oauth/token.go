package oauth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Tokens are what a token endpoint answers.
type Tokens struct {
	Access, Refresh, ID           string
	AccessExpires, RefreshExpires time.Time // zero: unknown
	Scope                         string    // separated by commas; "" if there is none
}

// Exchange exchanges a code for tokens. The error wraps ErrInvalidCode.
func (p *Provider) Exchange(ctx context.Context, code, verifier string) (Tokens, error) {
	params := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.redirectURI()},
	}
	if p.pkce {
		params.Set("code_verifier", verifier)
	}
	tokens, err := p.requestTokens(ctx, p.endpoint.AuthStyle, params)
	if err != nil {
		return Tokens{}, fmt.Errorf("%w: %w", ErrInvalidCode, err)
	}
	return tokens, nil
}

// Refresh returns new tokens. Those that the provider does not replace are empty.
func (p *Provider) Refresh(ctx context.Context, refreshToken string) (Tokens, error) {
	params := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	if p.refreshScopes {
		params.Set("scope", strings.Join(p.scopesOf(nil), " "))
	}
	style := p.endpoint.AuthStyle
	if p.refresh != oauth2.AuthStyleAutoDetect {
		style = p.refresh
	}
	tokens, err := p.requestTokens(ctx, style, params)
	if err != nil {
		return Tokens{}, fmt.Errorf("refresh: %w", err)
	}
	return tokens, nil
}

// requestTokens sends a request to the token endpoint. It uses clientcredentials.Config, which can send any grant,
// because EndpointParams may contain grant_type.
func (p *Provider) requestTokens(ctx context.Context, style oauth2.AuthStyle, params url.Values) (Tokens, error) {
	secret, err := p.clientSecret(ctx)
	if err != nil {
		return Tokens{}, err
	}
	request := clientcredentials.Config{
		ClientID: p.clientID(), ClientSecret: secret, TokenURL: p.endpoint.TokenURL, AuthStyle: style,
		EndpointParams: params,
	}
	transport := &tokenTransport{RoundTripper: p.providers.http.Transport}
	client := *p.providers.http
	client.Transport = transport
	answer, err := request.Token(context.WithValue(ctx, oauth2.HTTPClient, &client))
	if err != nil {
		return Tokens{}, withoutAnswerBody(err)
	}
	text := func(name string) string {
		s, _ := answer.Extra(name).(string)
		return s
	}
	now := p.providers.now()
	return Tokens{
		Access: answer.AccessToken, Refresh: text("refresh_token"), ID: text("id_token"),
		AccessExpires:  expiryTime(now, transport.expiresIn),
		RefreshExpires: expiryTime(now, answer.Extra("refresh_token_expires_in")),
		Scope:          strings.Join(splitScopes(answer.Extra("scope")), ","),
	}, nil
}

// expiryTime returns the time after a number of seconds, or the zero time if there is none. Some providers send the
// number as text.
func expiryTime(now time.Time, seconds any) time.Time {
	var n float64
	switch v := seconds.(type) {
	case float64:
		n = v
	case string:
		n, _ = strconv.ParseFloat(strings.TrimSpace(v), 64) // 0 if it is not a number
	}
	if !(n > 0) { // also NaN
		return time.Time{}
	}
	return now.Add(time.Duration(min(n, math.MaxInt32) * float64(time.Second)))
}

// splitScopes returns the granted scopes. The answer has them in a text that is separated by white space (RFC 6749,
// section 3.3), or in an array.
func splitScopes(scope any) (scopes []string) {
	switch v := scope.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		for _, item := range v {
			if s, ok := item.(string); ok && strings.TrimSpace(s) != "" {
				scopes = append(scopes, strings.TrimSpace(s))
			}
		}
	}
	return scopes
}

// quotableErrorCodes lists the error codes that withoutAnswerBody quotes: those of RFC 6749, section 5.2, and of
// GitHub.
var quotableErrorCodes = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
	"invalid_scope", "bad_verification_code", "incorrect_client_credentials", "redirect_uri_mismatch",
}

// withoutAnswerBody returns an error without the body of the answer, which may contain tokens or repeat the code.
func withoutAnswerBody(err error) error {
	var refused *oauth2.RetrieveError
	var failed *url.Error
	switch {
	case errors.As(err, &refused) && slices.Contains(quotableErrorCodes, refused.ErrorCode):
		return fmt.Errorf("the token endpoint answered %s, %s", refused.Response.Status, refused.ErrorCode)
	case errors.As(err, &refused):
		return fmt.Errorf("the token endpoint answered %s", refused.Response.Status)
	case errors.As(err, &failed):
		return fmt.Errorf("the token endpoint did not answer: %w", failed.Err)
	}
	return errors.New("the answer of the token endpoint has no access token")
}
