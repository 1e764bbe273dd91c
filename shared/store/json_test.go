package store_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// randomField returns the field of a plugin that is off, NULL or a value.
func randomField[T any](r *rand.Rand, value T) store.PluginField[T] {
	switch r.IntN(3) {
	case 0:
		return store.PluginField[T]{}
	case 1:
		return store.NewPluginField[T](nil)
	}
	return store.NewPluginField(&value)
}

// The methods AppendJSON write the fields one by one, so the test compares them with encoding/json, which reads the
// names and the order from the types.
func TestAppendJSONWritesWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	texts := []string{"", "plain", `"quoted" \ text`, "line\nbreak", "<b>&\u2028", "ü😀", "invalid \xff"}
	text := func() string { return texts[r.IntN(len(texts))] }
	optional := func() *string {
		if r.IntN(3) == 0 {
			return nil
		}
		s := text()
		return &s
	}
	at := func() store.Time {
		zones := []*time.Location{time.UTC, time.FixedZone("", 5*3600)}
		return store.Time{Time: time.UnixMicro(r.Int64N(4e15)).In(zones[r.IntN(2)])}
	}
	for range 2000 {
		session := store.Session{
			ExpiresAt: at(), Token: text(), CreatedAt: at(), UpdatedAt: at(), IPAddress: optional(), UserAgent: optional(),
			UserID: text(), ImpersonatedBy: randomField(r, text()), ID: text(),
		}
		checkJSON(t, session, session.AppendJSON(nil))
		user := store.User{
			Name: text(), Email: text(), EmailVerified: r.IntN(2) == 0, Image: optional(), CreatedAt: at(), UpdatedAt: at(),
			UserPluginFields: store.UserPluginFields{
				TwoFactorEnabled: randomField(r, r.IntN(2) == 0), Role: randomField(r, text()),
				Banned: randomField(r, r.IntN(2) == 0), BanReason: randomField(r, text()), BanExpires: randomField(r, at()),
			},
			ID: text(),
		}
		checkJSON(t, user, user.AppendJSON(nil))
	}
}

func checkJSON(t *testing.T, v any, got []byte) {
	t.Helper()
	want, err := stringify.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("AppendJSON of %T wrote\n%s, want\n%s", v, got, want)
	}
}
