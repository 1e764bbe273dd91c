package run

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// SecondFactors counts the verified second factors of the source, for a decision about Options.MFA.
type SecondFactors struct {
	Users  int64            `json:"users"`  // users with at least one
	ByType map[string]int64 `json:"byType"` // "totp", "phone" or "webauthn"
	// Carried is the number of TOTP factors that the run is expected to copy, at most one of each user.
	Carried int64 `json:"carried"`
	// SocialUsers is the number of users with a copied factor who can also sign in at a provider: with
	// TWO_FACTOR_FOR=password, such a sign-in asks for no code. SocialUserIDs lists the first of them.
	SocialUsers   int64    `json:"socialUsers"`
	SocialUserIDs []string `json:"socialUserIds,omitempty"`
	// NotCarried is the number of verified second factors and passkeys that users do not have at the target, and
	// NotCarriedFactors lists the first of them. Without a decision to copy TOTP factors it has no TOTP factors.
	NotCarried        int64              `json:"notCarried"`
	NotCarriedFactors []NotCarriedFactor `json:"notCarriedFactors,omitempty"`
}

// NotCarriedFactor is a second factor that the user does not have at the target.
type NotCarriedFactor struct {
	User   string `json:"user"`
	Kind   string `json:"kind"` // "totp", "phone", "webauthn" or "passkey"
	Reason string `json:"reason"`
}

// maxListedSocialUsers and maxListedFactors are the largest numbers of users, and of second factors, that a plan lists.
const (
	maxListedSocialUsers = 1000
	maxListedFactors     = 1000
)

// checkFactors returns the reasons why a run cannot copy TOTP factors into the target.
func (p *planner) checkFactors(ctx context.Context) ([]string, error) {
	if !p.mapping.CarriesFactors() {
		return nil, nil
	}
	why := p.mapping.Target.FactorRefusals()
	_, err := p.env.factorCipher(ctx)
	if errors.Is(err, ErrRefused) {
		return append(why, strings.TrimPrefix(err.Error(), ErrRefused.Error()+": ")), nil
	}
	return why, err
}

const (
	countFactorUsers = `SELECT count(DISTINCT user_id) FROM auth.mfa_factors WHERE status = 'verified'`

	countFactorTypes = `SELECT factor_type::text, count(*)
FROM auth.mfa_factors
WHERE status = 'verified'
GROUP BY 1`
)

// countFactors adds the numbers of second factors to the plan. r has the conflicts within the source.
func (p *planner) countFactors(ctx context.Context, r mapping.Rejections) error {
	f := &p.SecondFactors
	f.ByType = map[string]int64{}
	if err := p.listNotCarriedFactors(ctx, r); err != nil {
		return err
	}
	if !p.mapping.Source.Factors.IsUsable() {
		return nil
	}
	if err := p.src.QueryRow(ctx, countFactorUsers).Scan(&f.Users); err != nil {
		return Wrap("count the users with a second factor", err)
	}
	rows, err := p.src.Query(ctx, countFactorTypes)
	if err != nil {
		return Wrap("count the second factors", err)
	}
	var kind string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&kind, &n}, func() error { f.ByType[kind] = n; return nil })
	if err != nil || !p.mapping.CarriesFactors() {
		return Wrap("count the second factors", err)
	}
	f.Carried = p.Expected[mapping.Factor][mapping.Copied]
	f.SocialUserIDs, err = QueryTexts(ctx, p.src, p.mapping.SocialUsersWithFactor(r))
	f.SocialUsers = int64(len(f.SocialUserIDs))
	f.SocialUserIDs = f.SocialUserIDs[:min(len(f.SocialUserIDs), maxListedSocialUsers)]
	return Wrap("look for users with a second factor and a provider", err)
}

// listNotCarriedFactors adds the second factors that users do not have at the target.
func (p *planner) listNotCarriedFactors(ctx context.Context, r mapping.Rejections) error {
	sql := p.mapping.FactorsNotCopied(r, maxListedFactors)
	if sql == "" {
		return nil
	}
	rows, err := p.src.Query(ctx, sql)
	if err != nil {
		return Wrap("list the second factors that are not copied", err)
	}
	f, x := &p.SecondFactors, NotCarriedFactor{}
	_, err = pgx.ForEachRow(rows, []any{&x.User, &x.Kind, &x.Reason, &f.NotCarried}, func() error {
		f.NotCarriedFactors = append(f.NotCarriedFactors, x)
		return nil
	})
	return Wrap("list the second factors that are not copied", err)
}
