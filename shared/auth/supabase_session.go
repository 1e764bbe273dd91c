package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/xenon-auth/xenon/shared/bridge"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// supabaseImport is what Xenon knows about the import of sessions.
type supabaseImport struct {
	lastPassAt time.Time
	keys       []jwkset.JWK // the public keys of the project
	readAt     time.Time
}

// supabaseImportMaxAge is how long a supabaseImport is used before it is read again.
const supabaseImportMaxAge = time.Minute

// defaultUntil is when the sessions of Supabase can no longer be used, without SUPABASE_BRIDGE_UNTIL.
func (i supabaseImport) defaultUntil() time.Time {
	return i.lastPassAt.AddDate(0, 0, config.DefaultBridgeDays)
}

// supabaseImport returns what the database has about the import of sessions, or nil if there was none. It reads the
// database once a minute.
func (s *Service) supabaseImport(ctx context.Context, db *store.Store) (*supabaseImport, error) {
	last := s.lastSupabaseImport.Load()
	if last != nil && s.Now().Sub(last.readAt).Abs() < supabaseImportMaxAge {
		return last, nil
	}
	row, err := db.SupabaseImport(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil //nolint:nilnil // no import is not an error
	case err != nil:
		return nil, fmt.Errorf("read the import of Supabase: %w", err)
	}
	imported := &supabaseImport{lastPassAt: row.LastPassAt, readAt: s.Now()}
	if row.JWKS != "" {
		if imported.keys, err = jwks.Parse([]byte(row.JWKS)); err != nil {
			web.NoteError(ctx, fmt.Errorf("public keys of the Supabase project: %w", err))
		}
	}
	s.lastSupabaseImport.Store(imported)
	return imported, nil
}

// refreshTokenDigests returns the digests of a refresh token, or none if it has not the form of one.
func (s *Service) refreshTokenDigests(ctx context.Context, token string) (digests [][]byte, err error) {
	// The import may have used any of the secrets of the deployment.
	secrets, err := s.Sessions.Secrets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read secrets of digests: %w", err)
	}
	for _, secret := range secrets {
		digest, err := bridge.Digest(bridge.Key(secret), token)
		if err != nil {
			return nil, nil //nolint:nilerr // the token cannot be that of any session
		}
		digests = append(digests, digest)
	}
	return digests, nil
}

// findSupabaseSession returns the session that the tokens prove, and the reason why it cannot sign in, or "". A refresh
// token counts more than an access token: an invalid access token does not matter beside a valid refresh token. A
// session that was used has no reason, because it can answer again.
func (s *Service) findSupabaseSession(
	r *http.Request, db *store.Store, tokens supabaseTokens,
) (in supabaseSignIn, reason string, err error) {
	in.tokens = tokens
	digests, err := s.refreshTokenDigests(r.Context(), tokens.refresh)
	if err != nil {
		return in, "", err
	}
	proof, err := s.parseSupabaseAccessToken(r.Context(), db, tokens.access)
	if err != nil {
		return in, "", err
	}
	if len(digests) == 0 && proof.sessionID == "" {
		return in, reasonWithoutProof(tokens), nil
	}
	found, err := db.SupabaseSessions(r.Context(), store.SupabaseLookup{
		Digests: digests, SessionID: proof.sessionID, UserID: proof.userID,
	}, s.Now())
	if err != nil {
		return in, "", fmt.Errorf("find session of Supabase: %w", err)
	}
	if len(found) == 0 {
		return in, supabaseUnknown, nil
	}
	in.source, in.aal2 = found[0], true
	for _, each := range found {
		if each.ID != in.source.ID {
			return in, supabaseMismatch, nil
		}
		in.aal2 = in.aal2 && each.AAL2 && (each.ByRefreshToken || proof.aal2)
	}
	web.NoteUser(r.Context(), in.source.User.ID)
	return in, s.reasonAgainst(in.source), nil
}

// reasonWithoutProof is the reason of a refusal if neither token proves a session.
func reasonWithoutProof(tokens supabaseTokens) string {
	if tokens.access == "" {
		return supabaseMalformed
	}
	return supabaseUnknown
}

// reasonAgainst returns the reason why a session of Supabase cannot sign in, or "".
func (s *Service) reasonAgainst(source store.SupabaseSession) string {
	switch {
	case source.IsBanned:
		return supabaseBanned
	case source.IsRevoked:
		return supabaseRevoked
	case source.UsedAt == nil && source.IsOver:
		return supabaseOver
	case s.isUnverifiedSupabaseUser(source.User):
		return supabaseUnverified
	}
	return ""
}
