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
	kindWithValue("created in 1900", 1, "created_at", "1900-01-01 00:00:00.000001+00"),
	kindWithValue("created in the year 1", 1, "created_at", "0001-01-01 00:00:00+00"),
	kindWithValue("created in 9999", 1, "created_at", "9999-12-31 23:59:59.999999+00"),
	kindWithUnreadableTime("created in 4713 BC", "created_at", "4713-01-01 00:00:00+00 BC"),
	kindWithUnreadableTime("created in 294276", "created_at", "294276-12-31 23:59:59.999999+00"),
	kindWithUnreadableTime("created at infinity", "created_at", "infinity"),
	kindWithUnreadableTime("created at minus infinity", "created_at", "-infinity"),
	kindWithUnreadableTime("updated at infinity", "updated_at", "infinity"),
	kindWithUnreadableTime("updated at minus infinity", "updated_at", "-infinity"),
	kindWithUnreadableTime("banned until minus infinity", "banned_until", "-infinity"),
}

// kindWithUnreadableTime returns the kind of a user with a time that Supabase Auth cannot read, so the user cannot sign
// in at Supabase.
func kindWithUnreadableTime(name, column, time string) userKind {
	return specialUserKind(name, 1, func(_ *generator, a *account) {
		a.user[column] = time
		a.removePassword(unknownBcryptHash)
	})
}

// kindWithValue returns the kind of an ordinary user with an unusual value in one column.
func kindWithValue(name string, weight int, column string, value any) userKind {
	return specialUserKind(name, weight, func(_ *generator, a *account) { a.user[column] = value })
}

// kindWithID returns the kind of an ordinary user with the given id.
func kindWithID(name, id string) userKind {
	return userKind{name: name, make: func(g *generator) {
		g.id = id
		g.addEmailUser()
	}}
}

var oddIDKinds = []userKind{
	kindWithID("lowest id", "00000000-0000-0000-0000-000000000001"),
	kindWithID("highest id", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
	kindWithID("id of version 1", "d9428888-122b-11e1-b85c-61cd3cbb3210"),
}

var oddRowKinds = []userKind{
	specialUserKind(
		"updated before created",
		1,
		func(_ *generator, a *account) { a.user["updated_at"] = a.hoursAfterCreation(-1000) },
	),
	kindWithValue("no updated_at", 2, "updated_at", nil),
	kindWithValue("updated in the year 1", 1, "updated_at", "0001-01-01 00:00:00+00"),
	kindWithValue("updated in 9999", 1, "updated_at", "9999-12-31 23:59:59.999999+00"),
	kindWithValue("role service_role", 1, "role", "service_role"),
	kindWithValue("role custom", 2, "role", "course_editor"),
	kindWithValue("role empty", 1, "role", ""),
	kindWithValue("role null", 1, "role", nil),
	kindWithValue("audience custom", 1, "aud", "mobile"),
	kindWithValue("instance of another tenant", 1, "instance_id", "b2b2b2b2-0000-4000-8000-000000000001"),
	kindWithValue("super admin", 2, "is_super_admin", true),
	kindWithValue("no super admin", 2, "is_super_admin", false),
}
