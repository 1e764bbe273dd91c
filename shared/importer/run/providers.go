package run

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Provider describes the users of a provider in the source.
type Provider struct {
	Name       string `json:"name"` // in Supabase; "sso" stands for all SAML servers
	ID         string `json:"id"`   // in Xenon; "" if the import maps the provider to none
	Identities int64  `json:"identities"`
	Users      int64  `json:"users"` // who are imported and have such an identity
	// Only counts the users who have nothing else: neither a password nor an account at another provider that the import
	// copies. If their identity is not imported either, they have no way to sign in but a reset of the password by mail.
	Only int64 `json:"only"`
	// Settings are the names of the settings with which users of the provider can sign in, and CallbackPath is the path of
	// the redirect URI to add at the provider. Both are empty if ID is.
	Settings     []string `json:"settings"`
	CallbackPath string   `json:"callbackPath"`
	// NotImported counts the identities that are not imported, by reason. Its keys are reasons without a kind.
	NotImported mapping.Reasons `json:"notImported"`
}

// Copied returns the number of identities that are imported.
func (p Provider) Copied() int64 { return p.Identities - p.NotImported.Total() }

// queryProviders returns the providers of the source by name.
func queryProviders(ctx context.Context, src *pgx.Conn, sql string) (all []Provider, err error) {
	rows, err := src.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("count the users of each provider: %w", err)
	}
	reasons := map[string]mapping.Reasons{}
	var p Provider
	var reason *string
	_, err = pgx.ForEachRow(rows, []any{&p.Name, &p.ID, &reason, &p.Identities, &p.Users, &p.Only}, func() error {
		if reasons[p.Name] == nil {
			reasons[p.Name] = mapping.Reasons{}
		}
		if reason != nil {
			reasons[p.Name][*reason] = p.Identities
			return nil
		}
		p.NotImported, p.Settings, p.CallbackPath = reasons[p.Name], mapping.ProviderSettings(p.ID), ""
		if p.ID != "" {
			p.CallbackPath = "/api/auth/callback/" + p.ID
		}
		all = append(all, p)
		return nil
	})
	return all, Wrap("count the users of each provider", err)
}
