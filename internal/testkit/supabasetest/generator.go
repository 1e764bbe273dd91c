package supabasetest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// zeroUUID is the instance_id of the rows of an ordinary Supabase project.
const zeroUUID = "00000000-0000-0000-0000-000000000000"

// generator generates the rows of a source in memory from one sequence of random numbers.
type generator struct {
	rng     *rand.Rand
	serial  int    // the last number in an email, phone number or subject, so that each is unique
	id      string // of the next user, if a kind sets it
	summary Summary

	accounts []*account
	bases    []*account     // users that a kind can change
	applied  map[string]int // by part of a user: in how many of the bases a kind has changed it
	orphans  []row          // profiles without a user

	// Rows of tables that the import only counts, with ordinary values.
	ssoProviders, ssoDomains, samlProviders, audit []row
}

func newGenerator(seed uint64) *generator {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0x5eed))} //nolint:gosec // the rows must be the same every time
	g.summary.Kinds, g.applied = map[string]int{}, map[string]int{}
	for i, domain := range []string{"corp.example", "school.example"} {
		id, at := g.randomUUID(), formatTime(g.randomTime())
		g.ssoProviders = append(g.ssoProviders, row{"id": id, "created_at": at, "updated_at": at, "disabled": i > 0})
		g.ssoDomains = append(
			g.ssoDomains,
			row{"id": g.randomUUID(), "sso_provider_id": id, "domain": domain, "created_at": at, "updated_at": at},
		)
		g.samlProviders = append(g.samlProviders, row{
			"id":                g.randomUUID(),
			"sso_provider_id":   id,
			"entity_id":         "https://idp." + domain + "/saml",
			"metadata_xml":      "<EntityDescriptor entityID=\"https://idp." + domain + "/saml\"/>",
			"created_at":        at,
			"updated_at":        at,
			"attribute_mapping": `{"keys": {"email": {"name": "mail"}}}`,
		})
	}
	return g
}

// addAuditLog adds rows to the project's audit log.
func (g *generator) addAuditLog() {
	for i := range (len(g.accounts) + 9) / 10 {
		action, actor := "login", g.accounts[g.rng.IntN(len(g.accounts))].id()
		if i%5 == 0 {
			action, actor = "user_deleted", g.randomUUID()
		}
		g.audit = append(g.audit, row{
			"instance_id": zeroUUID, "id": g.randomUUID(), "created_at": formatTime(g.randomTime()), "ip_address": "",
			"payload": jsonObject("action", action, "actor_id", actor, "log_type", "account"),
		})
	}
}

// randomUUID returns a random UUID of version 4, as Supabase generates.
func (g *generator) randomUUID() string {
	h := g.randomHex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-" + string("89ab"[g.rng.IntN(4)]) + h[17:20] + "-" + h[20:]
}

// randomHex returns n random bytes in hexadecimal.
func (g *generator) randomHex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.rng.Uint32()) //nolint:gosec // only the lowest byte is needed
	}
	return hex.EncodeToString(b)
}

func (g *generator) happensWithPercent(percent int) bool { return g.rng.IntN(100) < percent }

func pickRandom[T any](g *generator, from []T) T { return from[g.rng.IntN(len(from))] }

// nextNumber returns a number that no earlier call has returned.
func (g *generator) nextNumber() int {
	g.serial++
	return g.serial
}

// randomTime returns a random time between August 2020 and July 2026, with microseconds.
func (g *generator) randomTime() time.Time {
	from := time.Date(2020, time.August, 1, 0, 0, 0, 0, time.UTC)
	return from.Add(time.Duration(g.rng.Int64N(6*365*24*3600*1e6)) * time.Microsecond)
}

// formatTime returns a time in Postgres's format.
func formatTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.000000-07") }

func (g *generator) randomName() string {
	return pickRandom(g, []string{
		"Ada",
		"Bela",
		"Chen",
		"Dora",
		"Emeka",
		"Fatima",
		"Grace",
		"Hiro",
		"Ines",
		"Jan",
		"Kofi",
		"Lea",
		"Mira",
		"Noor",
		"Omar",
	}) + " " + pickRandom(g, []string{
		"Abel", "Brandt", "Costa", "Diallo", "Ekdahl", "Fischer", "Garcia", "Haas", "Ito", "Jansen", "Khan", "Lind", "Moreau",
	})
}

// newEmail returns a new, unique email.
func (g *generator) newEmail() string {
	return fmt.Sprintf(
		"person.%d@%s",
		g.nextNumber(),
		pickRandom(g, []string{"example.com", "example.org", "mail.example.net", "school.example.edu"}),
	)
}

// newPhone returns a new, unique phone number of digits only.
func (g *generator) newPhone() string { return fmt.Sprintf("1555%07d", g.nextNumber()) }

// newSubject returns a new, unique user id of a provider.
func (g *generator) newSubject() string { return fmt.Sprintf("1%020d", g.nextNumber()) }

// jsonObject returns the JSON text of an object with these keys and values.
func jsonObject(pairs ...any) string {
	o := map[string]any{}
	for pair := range slices.Chunk(pairs, 2) {
		o[pair[0].(string)] = pair[1]
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // cannot happen with the values of this package
	}
	return string(text)
}
