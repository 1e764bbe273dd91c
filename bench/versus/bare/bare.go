// Package bare is the bare server of the benchmark: what an ordinary Go server does for requests that only read. The
// benchmark gives it Xenon's statements, keys and response headers, so that both do the same work in Postgres and send
// the same bytes.
package bare

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Server has the settings of the bare server. The server has net/http, a pgx pool and encoding/json, and nothing else:
// it checks no signature, no expiry and no rate limit, and writes no log.
type Server struct {
	Database   string
	SessionSQL string                 // of get-session and token; $1 is the session token, $2 the time
	ProfileSQL string                 // $1 is the user, $2 the time, $3 the session
	Token      string                 // the JWT that token returns, because Xenon also signs at most one a minute
	Keys       KeySet                 // the response of jwks
	Headers    map[string]http.Header // the headers of the responses, by path

	pool *pgxpool.Pool
}

// Handler returns the handler of the requests. Its pool has at most the given number of connections.
func (s *Server) Handler(ctx context.Context, connections int32) (http.Handler, error) {
	config, err := pgxpool.ParseConfig(s.Database)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/auth/get-session", s.getSession)
	mux.HandleFunc("GET /api/auth/token", s.token)
	mux.HandleFunc("GET /api/auth/jwks", s.jwks)
	mux.HandleFunc("GET /api/profile", s.profile)
	return mux, nil
}

// Close closes the connections to the database.
func (s *Server) Close() { s.pool.Close() }

// milliseconds is a time whose JSON is the one that JavaScript's toISOString writes.
type milliseconds struct{ time.Time }

func (t milliseconds) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// sessionAndUser is the response of get-session.
type sessionAndUser struct {
	Session struct {
		ExpiresAt milliseconds `json:"expiresAt"`
		Token     string       `json:"token"`
		CreatedAt milliseconds `json:"createdAt"`
		UpdatedAt milliseconds `json:"updatedAt"`
		IPAddress *string      `json:"ipAddress"`
		UserAgent *string      `json:"userAgent"`
		UserID    string       `json:"userId"`
		ID        string       `json:"id"`
	} `json:"session"`
	User struct {
		Name          string       `json:"name"`
		Email         string       `json:"email"`
		EmailVerified bool         `json:"emailVerified"`
		Image         *string      `json:"image"`
		CreatedAt     milliseconds `json:"createdAt"`
		UpdatedAt     milliseconds `json:"updatedAt"`
		ID            string       `json:"id"`
	} `json:"user"`
}

// readSession reads the session of the cookie, and its user.
func (s *Server) readSession(r *http.Request) (a sessionAndUser, err error) {
	cookie, err := r.Cookie("better-auth.session_token")
	if err != nil {
		return a, err
	}
	token, _, _ := strings.Cut(cookie.Value, ".") // the rest is the signature
	x, u := &a.Session, &a.User
	err = s.pool.QueryRow(r.Context(), s.SessionSQL, token, time.Now()).Scan(
		&x.ExpiresAt.Time, &x.Token, &x.CreatedAt.Time, &x.UpdatedAt.Time, &x.IPAddress, &x.UserAgent, &x.UserID, &x.ID,
		&u.ID, &u.Name, &u.Email, &u.EmailVerified, &u.Image, &u.CreatedAt.Time, &u.UpdatedAt.Time)
	return a, err
}

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) {
	a, err := s.readSession(r)
	s.answer(w, r, a, err)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	_, err := s.readSession(r)
	s.answer(w, r, struct {
		Token string `json:"token"`
	}{s.Token}, err)
}

// KeySet is the response of jwks.
type KeySet struct {
	Keys []struct {
		Alg string `json:"alg"`
		Kty string `json:"kty"`
		N   string `json:"n"`
		E   string `json:"e"`
		Kid string `json:"kid"`
		Use string `json:"use"`
	} `json:"keys"`
}

func (s *Server) jwks(w http.ResponseWriter, r *http.Request) { s.answer(w, r, s.Keys, nil) }

// profileRow is the response of profile, and its row.
type profileRow struct {
	ID                string    `json:"id"`
	UserID            string    `json:"user_id"`
	AgeRange          *string   `json:"age_range"`
	EducationLevel    *string   `json:"education_level"`
	TechBackground    *string   `json:"tech_background"`
	PrimaryGoal       *string   `json:"primary_goal"`
	LearningMode      *string   `json:"learning_mode"`
	LearningSpeed     *string   `json:"learning_speed"`
	TimePerWeek       *int32    `json:"time_per_week"`
	PreferredLanguage *string   `json:"preferred_language"`
	CreatedAt         time.Time `json:"created_at"`
	UpdatedAt         time.Time `json:"updated_at"`
}

func (s *Server) profile(w http.ResponseWriter, r *http.Request) {
	p, err := s.readProfile(r)
	s.answer(w, r, p, err)
}

// readProfile reads the profile of the user in the JWT.
func (s *Server) readProfile(r *http.Request) (p profileRow, err error) {
	_, payload, _ := strings.Cut(r.Header.Get("Authorization"), ".")
	payload, _, _ = strings.Cut(payload, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return p, err
	}
	var claims struct{ Sub, Sid string }
	if err := json.Unmarshal(text, &claims); err != nil {
		return p, err
	}
	var refused *string
	var found bool
	err = s.pool.QueryRow(r.Context(), s.ProfileSQL, claims.Sub, time.Now(), claims.Sid).Scan(
		&refused, &found, &p.ID, &p.UserID, &p.AgeRange, &p.EducationLevel, &p.TechBackground, &p.PrimaryGoal,
		&p.LearningMode, &p.LearningSpeed, &p.TimePerWeek, &p.PreferredLanguage, &p.CreatedAt, &p.UpdatedAt)
	p.CreatedAt, p.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return p, err
}

// answer sends v as JSON, or the error.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	var body []byte
	if err == nil {
		body, err = json.Marshal(v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	maps.Copy(w.Header(), s.Headers[r.URL.Path])
	_, _ = w.Write(body)
}
