// Command postgres-rls is an API whose rows are protected by Postgres: each request runs in a transaction that has the
// claims of its token, and the policies of schema.sql compare them with the rows.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/xenon-auth/xenon/jwtverify"
)

type note struct {
	ID      int64     `json:"id"`
	Text    string    `json:"text"`
	Created time.Time `json:"created"`
}

// errInvalidNote is the error of a body that is not a note.
var errInvalidNote = errors.New("send a note, such as {\"text\": \"Read chapter 2\"}")

type api struct {
	pool     *pgxpool.Pool
	verifier *jwtverify.Verifier
}

func main() {
	issuer := os.Getenv("XENON_ISSUER")
	verifier, err := jwtverify.New(jwtverify.Options{
		JWKSURL: strings.TrimSuffix(issuer, "/") + "/.well-known/jwks.json", Issuer: issuer, Audience: issuer,
	})
	if err != nil {
		log.Fatal("set XENON_ISSUER to the public origin of Xenon, such as https://learn.example.com: ", err)
	}
	pool, err := pgxpool.New(context.Background(), os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal("set DATABASE_URL to the database with schema.sql: ", err)
	}
	a := &api{pool, verifier}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", a.handlerFor(listNotes))
	mux.Handle("POST /notes", a.handlerFor(addNote))
	server := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second,
	}
	log.Print("listening on http://", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// handlerFor answers with the result of do, which runs in a transaction with the rights of the user of the request.
func (a *api) handlerFor(do func(*http.Request, pgx.Tx) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims, err := a.verifier.Verify(r.Context(), token)
		var result any
		if err == nil {
			err = a.runAsUser(r.Context(), claims, func(tx pgx.Tx) (err error) {
				result, err = do(r, tx)
				return err
			})
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case errors.Is(err, jwtverify.ErrInvalidToken):
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			result = map[string]string{"detail": "the token is not valid"}
		case errors.Is(err, errInvalidNote):
			w.WriteHeader(http.StatusBadRequest)
			result = map[string]string{"detail": errInvalidNote.Error()}
		case err != nil:
			log.Print(err)
			w.WriteHeader(http.StatusServiceUnavailable)
			result = map[string]string{"detail": "try again later"}
		}
		_ = json.NewEncoder(w).Encode(result) // fails if the client has disconnected
	})
}

// runAsUser runs do in a transaction with the role and the claims of the user. Both end with the transaction, so the
// next user of the connection does not get them, also behind a pooler in transaction mode.
func (a *api) runAsUser(ctx context.Context, claims jwtverify.Claims, do func(pgx.Tx) error) error {
	var all map[string]any
	if err := claims.Decode(&all); err != nil {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode the claims: %w", err)
	}
	return pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx,
			`SELECT set_config('role', 'notes_api', true), set_config('request.jwt.claims', $1, true)`, string(text))
		if err != nil {
			return fmt.Errorf("set the claims: %w", err)
		}
		return do(tx)
	})
}

// listNotes has no condition on the owner: the policy adds it.
func listNotes(r *http.Request, tx pgx.Tx) (any, error) {
	rows, err := tx.Query(r.Context(), `SELECT id, text, created FROM notes.note ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	notes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[note])
	if err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	return notes, nil
}

func addNote(r *http.Request, tx pgx.Tx) (any, error) {
	var in struct{ Text string }
	if json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(&in) != nil || in.Text == "" {
		return nil, errInvalidNote
	}
	rows, err := tx.Query(r.Context(), `INSERT INTO notes.note (text) VALUES ($1) RETURNING id, text, created`, in.Text)
	if err != nil {
		return nil, fmt.Errorf("add a note: %w", err)
	}
	added, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[note])
	if err != nil {
		return nil, fmt.Errorf("add a note: %w", err)
	}
	return added, nil
}
