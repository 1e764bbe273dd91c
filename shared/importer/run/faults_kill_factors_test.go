package run_test

import (
	"context"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
)

const sampledFactorKills = 3

// factorQueries read everything that a run with second factors writes, apart from encrypted texts and their hashes:
// each encryption of a text is another one.
var factorQueries = map[string]string{
	"user":      `select r::text from "user" r order by id`,
	"account":   `select r::text from account r order by id`,
	"twoFactor": `select row(id, "userId", verified, "failedVerificationCount")::text from "twoFactor" order by id`,
	"ledger": `select row(user_id, source, key, outcome, pass, raw, residue, source = 'factor' and written is not null,
  case when source <> 'factor' then written end)::text from supabase_import.ledger order by user_id, source, key`,
	"quarantine": importtest.QueriesOfLedger["quarantine"],
	"batch":      importtest.QueriesOfLedger["batch"],
}

// Kills the process while it copies users who all have a second factor, and continues with a new process.
func TestKilledImportWithSecondFactorsEndsAsWithoutKills(t *testing.T) {
	t.Parallel()
	c := child{
		From: supabasetest.New(t), To: dbtest.New(t), Options: importer.Options{BatchSize: 20, MFA: "carry"}, Concurrency: 2,
		Secret: "a secret of the tests, long enough",
	}
	supabasetest.FillBulk(t, c.From, 200, 200, 0)
	importtest.Exec(t, c.From, `insert into auth.mfa_factors (id, user_id, factor_type, status, secret, created_at,
  updated_at) select md5(id::text)::uuid, id, 'totp', 'verified', 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', now(), now()
from auth.users`)
	took, done := c.runAndKill(t, time.Hour)
	if !done {
		t.Fatal("the import without kills did not complete")
	}
	want := importtest.Contents(t, c.To, factorQueries)
	if len(want["twoFactor"]) != 200 {
		t.Errorf("second factors after the import without kills: got %d, want 200", len(want["twoFactor"]))
	}
	kills, random := killCount/4, sample.NewRandom(t)
	if !sample.RunsAllCases() {
		kills = sampledFactorKills
	}
	for killed := 0; killed < kills; {
		c.To, done = dbtest.New(t), false
		for !done {
			if _, done = c.runAndKill(t, time.Duration(random.Int64N(int64(took)))); !done {
				killed++
				c.waitUntilFree(t)
				done = c.hasClosedPass(t)
			}
		}
		if diff := importtest.Diff(importtest.Contents(t, c.To, factorQueries), want); diff != "" {
			t.Fatalf("after %d kills the target differs from that of an import without kills:%s", killed, diff)
		}
	}
	m := &importer.Import{From: c.From, To: c.To, Holder: "test", Now: time.Now}
	keys, err := cipher.ParseKeys("", c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	m.Secret = func(context.Context) (cipher.Keys, error) { return keys, nil }
	importtest.CheckVerificationIsEqual(t, m)
	for _, stored := range importtest.Column(t, c.To, `select secret from "twoFactor"`) {
		if secret, err := keys.Decrypt(stored); secret != "base32:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
			t.Errorf("a secret in the target: got %q and the error %v, want that of the source", secret, err)
		}
	}
}
