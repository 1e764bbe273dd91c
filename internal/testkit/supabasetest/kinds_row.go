package supabasetest

// timestampKinds are kinds of users with email whose timestamps are missing or unusual.
var timestampKinds = []userKind{
	specialUserKind("no created_at", 2, func(_ *generator, a *account) { delete(a.user, "created_at") }),
	specialUserKind("no times", 1, func(_ *generator, a *account) {
		for _, column := range []string{
			"created_at", "updated_at", "last_sign_in_at", "confirmation_sent_at",
			"email_confirmed_at",
		} {
			delete(a.user, column)
		}
		a.cannotSignIn, a.sessions = true, nil
	}),
	withValue("created in 1900", 1, "created_at", "1900-01-01 00:00:00.000001+00"),
	withValue("created in the year 1", 1, "created_at", "0001-01-01 00:00:00+00"),
	withValue("created in 9999", 1, "created_at", "9999-12-31 23:59:59.999999+00"),
	withUnreadableTime("created in 4713 BC", "created_at", "4713-01-01 00:00:00+00 BC"),
	withUnreadableTime("created in 294276", "created_at", "294276-12-31 23:59:59.999999+00"),
	withUnreadableTime("created at infinity", "created_at", "infinity"),
	withUnreadableTime("created at minus infinity", "created_at", "-infinity"),
	withUnreadableTime("updated at infinity", "updated_at", "infinity"),
	withUnreadableTime("updated at minus infinity", "updated_at", "-infinity"),
	withUnreadableTime("banned until minus infinity", "banned_until", "-infinity"),
}

// withUnreadableTime returns the kind of a user with a time that Supabase Auth cannot read, so the user cannot sign
// in at Supabase.
func withUnreadableTime(name, column, time string) userKind {
	return specialUserKind(name, 1, func(_ *generator, a *account) {
		a.user[column] = time
		a.removePassword(unknownBcryptHash)
	})
}

// withValue returns the kind of an ordinary user with an unusual value in one column.
func withValue(name string, weight int, column string, value any) userKind {
	return specialUserKind(name, weight, func(_ *generator, a *account) { a.user[column] = value })
}

// withID returns the kind of an ordinary user with the given id.
func withID(name, id string) userKind {
	return userKind{name: name, make: func(g *generator) {
		g.id = id
		g.addWithEmail()
	}}
}

var oddIDKinds = []userKind{
	withID("lowest id", "00000000-0000-0000-0000-000000000001"),
	withID("highest id", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
	withID("id of version 1", "d9428888-122b-11e1-b85c-61cd3cbb3210"),
}

var oddRowKinds = []userKind{
	specialUserKind(
		"updated before created",
		1,
		func(_ *generator, a *account) { a.user["updated_at"] = a.hoursAfterCreation(-1000) },
	),
	withValue("no updated_at", 2, "updated_at", nil),
	withValue("updated in the year 1", 1, "updated_at", "0001-01-01 00:00:00+00"),
	withValue("updated in 9999", 1, "updated_at", "9999-12-31 23:59:59.999999+00"),
	withValue("role service_role", 1, "role", "service_role"),
	withValue("role custom", 2, "role", "course_editor"),
	withValue("role empty", 1, "role", ""),
	withValue("role null", 1, "role", nil),
	withValue("audience custom", 1, "aud", "mobile"),
	withValue("instance of another tenant", 1, "instance_id", "b2b2b2b2-0000-4000-8000-000000000001"),
	withValue("super admin", 2, "is_super_admin", true),
	withValue("no super admin", 2, "is_super_admin", false),
}
