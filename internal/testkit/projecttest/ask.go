package projecttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Request is a statement that an application sends through PostgREST.
type Request struct {
	As  string // a key of claims: "anon" or the name of a user
	SQL string
}

// object is a JSON object.
type object = map[string]any

// claims are the claims of the tokens that come with requests. Supabase's public key is itself a token, of the role
// anon.
var claims = map[string]object{
	"anon": {"iss": "supabase", "ref": "project", "role": "anon", "iat": 1700000000, "exp": 2000000000},
	"ada":  claimsOf(1, "ada@example.com", "Ada Moreau", object{"role": "admin"}),
	"ben":  claimsOf(2, "ben@example.com", "Ben Okafor", nil),
	"cleo": claimsOf(3, "cleo@example.com", "Cleo Lindqvist", nil),
}

// claimsOf returns the claims that Supabase Auth writes into the token of a user of users.sql.
func claimsOf(number int, email, name string, app object) object {
	metadata := object{"provider": "email", "providers": []any{"email"}}
	for key, value := range app {
		metadata[key] = value
	}
	return object{
		"iss": "https://project.supabase.example/auth/v1", "aud": "authenticated", "role": "authenticated",
		"sub": fmt.Sprintf("8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a%04d", number), "email": email, "phone": "",
		"app_metadata":  metadata,
		"user_metadata": object{"full_name": name, "avatar_url": fmt.Sprintf("https://img.example/%d.png", number-1)},
		"session_id":    fmt.Sprintf("5e551011-0000-4000-8000-%012d", number), "is_anonymous": false, "aal": "aal1",
		"iat": 1700000000, "exp": 2000000000,
	}
}

// Requests returns the requests of a project: each of its statements as anon and as three users.
func Requests(t testing.TB, project string) (all []Request) {
	t.Helper()
	for sql := range strings.SplitSeq(read(t, "projects/"+project+".requests.sql"), ";\n") {
		if strings.TrimSpace(sql) == "" {
			continue
		}
		for _, as := range []string{"anon", "ada", "ben", "cleo"} {
			all = append(all, Request{as, strings.TrimSpace(sql)})
		}
	}
	return all
}

// Ask stands in for PostgREST, of which no package registry has the program. It sends each request as PostgREST does:
// in a transaction of its own, here rolled back, with the role and the claims of the token. It returns the sorted rows
// of each answer as lines of JSON, or "error" and the SQLSTATE.
func Ask(t testing.TB, conn *pgx.Conn, requests ...Request) []string {
	t.Helper()
	answers := make([]string, len(requests))
	for i, r := range requests {
		var err error
		answers[i], err = ask(t.Context(), conn, r)
		if err != nil {
			t.Fatalf("%s as %s: %v", r.SQL, r.As, err)
		}
	}
	return answers
}

// settings are those of PostgREST with Supabase's configuration, and a time zone, so that answers can be compared.
const settings = `SELECT set_config('search_path', 'public, extensions', true), set_config('TimeZone', 'UTC', true),
	set_config('request.jwt.claims', $2, true), set_config('role', $1, true)`

func ask(ctx context.Context, conn *pgx.Conn, r Request) (answer string, err error) {
	token, err := json.Marshal(claims[r.As])
	if err != nil {
		return "", err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	if _, err := tx.Exec(ctx, settings, claims[r.As]["role"], string(token)); err != nil {
		return "", err
	}
	answer, err = rowsAsText(ctx, tx, r.SQL)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "error " + pgErr.Code, nil
	}
	return answer, err
}

// rowsAsText executes a statement and checks deferred constraints, as PostgREST does before it rolls back.
func rowsAsText(ctx context.Context, tx pgx.Tx, sql string) (string, error) {
	rows, err := tx.Query(ctx, "WITH request AS (\n"+sql+"\n)\nSELECT to_json(request)::text FROM request",
		pgx.QueryExecModeExec)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	slices.Sort(lines)
	_, err = tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return strings.Join(lines, "\n"), err
}
