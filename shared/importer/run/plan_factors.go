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
}

// maxListedSocialUsers is the maximum number of users that a plan lists.
const maxListedSocialUsers = 1000

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
