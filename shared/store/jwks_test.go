package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

func keyUUID(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// Better Auth publishes a key for less than 30 days after its expiry.
func TestBetterAuthKeysIncludesKeysThatExpiredInTheLastThirtyDays(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	const grace = 30 * 24 * time.Hour
	for i, expires := range []any{
		nil, testTime.Add(time.Hour), testTime.Add(-grace + time.Second), testTime.Add(-grace),
		testTime.Add(-grace - time.Second),
	} {
		dbtest.Exec(t, url, `INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg)
			VALUES ($1, '{}', '', $2, $3, CASE WHEN $3::timestamptz IS NULL THEN 'ES256' END)`,
			keyUUID(i), testTime.Add(time.Duration(i)*time.Minute), expires)
	}
	got, err := openStore(t, url, 1).BetterAuthKeys(t.Context(), testTime)
	want := []store.BetterAuthKey{
		{ID: keyUUID(0), PublicKey: "{}", Alg: "ES256"}, {ID: keyUUID(1), PublicKey: "{}"}, {ID: keyUUID(2), PublicKey: "{}"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("BetterAuthKeys: error %v, keys (-want +got):\n%s", err, diff)
	}
}
