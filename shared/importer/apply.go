package importer

import (
	"fmt"
	"strings"
)

// What the target does with a staged batch, as SQL. Four kinds of target row are treated alike: the user, its credential
// account, the account of an identity, the profile. For each the batch says what there should be (or a reason why there
// should be nothing), the table says what there is, and the ledger says what of it is ours.

// part is one kind of target row.
type part struct {
	source Source
	stage  string   // temporary table with what there should be
	action string   // its column that says what happens: see classify
	hash   string   // the ledger's column with the hash of the row as we wrote it
	wanted string   // condition on stage s: there should be a row
	from   string   // the target table with alias e, and which of its rows
	key    string   // what of e matches stage.key
	owner  string   // what of e is the user's id
	cols   []string // quoted names, the same in stage and table
	staged []string // where the stage calls them differently
}

func (m mapping) parts() []part {
	user := part{
		source: User, stage: "stage_user", action: "action", hash: "written", wanted: "s.reason is null",
		from: `"user" e where true`, key: "e.id", owner: "e.id", cols: names(m.userColumns()),
	}
	credential := part{
		source: User, stage: "stage_user", action: "credential", hash: "credential", wanted: "s.password is not null",
		from: `account e where e."providerId" = 'credential'`, key: `e."userId"`, owner: `e."userId"`,
		cols:   []string{"password", `"accountId"`, `"createdAt"`, `"updatedAt"`},
		staged: []string{"password", "key::text", `"createdAt"`, `"updatedAt"`},
	}
	identity := part{
		source: Identity, stage: "stage_identity", action: "action", hash: "written", wanted: "s.reason is null and not s.folded",
		from: `account e where e."providerId" <> 'credential'`, key: "e.id", owner: `e."userId"`, cols: names(m.accountColumns()),
	}
	profile := part{
		source: Profile, stage: "stage_profile", action: "action", hash: "written", wanted: "s.reason is null",
		from: `user_profile e where true`, key: "e.user_id", owner: "e.user_id", cols: names(m.profileColumns()),
	}
	return []part{user, credential, identity, profile}
}

func (p part) stagedCols() []string {
	if p.staged != nil {
		return p.staged
	}
	return p.cols
}

// row is the columns as a record of text, so that stage and table compare by what would be shown.
func row(alias string, cols []string) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = moment(alias+"."+c) + "::text"
	}
	return "row(" + strings.Join(out, ", ") + ")"
}

// moment shows a time of a column with or without a time zone alike. Every session is in UTC.
func moment(column string) string {
	_, name, _ := strings.Cut(column, ".")
	switch strings.Trim(name, `"`) {
	case "createdAt", "updatedAt", "banExpires", "invitedAt", "lastSignInAt", "created_at", "updated_at":
		return column + "::timestamptz"
	}
	return column
}

func hashed(record string) string { return "hash_record_extended(" + record + ", 0)" }

// stages creates the temporary tables of a connection. They empty themselves at every commit.
func (m mapping) stages() string {
	table := func(name string, cols []mapped, more string) string {
		sql := "create temp table " + name + " (key uuid, user_id uuid, raw bigint, reason text, fields text[], original jsonb, residue text"
		for _, c := range cols {
			sql += ", " + quote(c.name) + " " + c.typ
		}
		return sql + more + ") on commit delete rows;\n"
	}
	return table("stage_user", m.userColumns(), ", password text, action text default 'new', credential text default 'new', held text, credential_held text") +
		table("stage_identity", append([]mapped{{"folded", "boolean", ""}}, m.accountColumns()...), ", action text default 'new', held text") +
		table("stage_profile", m.profileColumns(), ", action text default 'new', held text") +
		table("stage_other", []mapped{{"source", "text", ""}}, "") + reachedTable
}

// vanished stages what the ledger knows and the source no longer has, so that it is removed. why goes to quarantine.
func vanished(run int, s scope, why string) string {
	var sql strings.Builder
	for src, stage := range map[Source]string{User: "stage_user", Identity: "stage_identity", Profile: "stage_profile"} {
		fmt.Fprintf(&sql, `insert into %[1]s (key, user_id, raw, reason)
select l.key, l.user_id, null, %[5]s from supabase_import.ledger l
where l.run = %[2]d and l.source = '%[3]s' and l.outcome <> 'deleted' and %[4]s and not exists (select from %[1]s s where s.key = l.key);
`, stage, run, src, s.on("l.user_id"), literal(why))
	}
	fmt.Fprintf(&sql, `insert into stage_other (key, user_id, raw, reason, source)
select l.key, l.user_id, null, %s, l.source::text from supabase_import.ledger l
where l.run = %d and l.source in ('factor', 'passkey') and l.outcome <> 'deleted' and %s and not exists (select from stage_other s where s.key = l.key);
`, literal(why), run, s.on("l.user_id"))
	return sql.String()
}

// classify says for every staged row what happens to its target row:
//
//	new        there is none and never was: insert
//	same       ours, and as it should be
//	update     ours, untouched, and should be different
//	remove     ours, untouched, and should not be there
//	identical  somebody else's, and as it should be
//	taken      somebody else's, and different: a ruling follows
//	kept       ours, and touched or removed by somebody since: left alone
//	none       there is none and should be none, or it is none of our business
//
// touched decides whether force takes rows that somebody changed.
func (p part) classify(run int, s scope, force bool) string {
	ours := fmt.Sprintf("l.%s is not null and (l.%[1]s = e.hash or %t)", p.hash, force)
	return fmt.Sprintf(`update %[1]s s set %[2]s = case
  when not (%[3]s) then case when e.key is null then 'none' when %[4]s and s.reason is distinct from 'target_error' then 'remove' when l.%[5]s is not null then 'kept' else 'none' end
  when e.key is null then case when l.%[5]s is null then 'new' else 'kept' end
  when %[4]s then case when e.shown = %[6]s::text then 'same' else 'update' end
  when l.%[5]s is not null then 'kept'
  when e.shown = %[6]s::text then 'identical'
  when l.outcome in ('identical', 'kept') or %[7]t then 'kept' else 'taken' end
from (select coalesce(l.key, e.key) as key, l.outcome, l.written, l.credential, e.key as there, e.hash, e.shown
      from (select * from supabase_import.ledger l where l.run = %[8]d and l.source = '%[9]s' and %[10]s) l
      full join (select distinct on (1) %[11]s as key, %[12]s as hash, %[13]s::text as shown from %[14]s and %[15]s order by 1) e on e.key = l.key) x
     cross join lateral (select x.there as key, x.hash, x.shown) e cross join lateral (select x.written, x.credential, x.outcome) l
where x.key = s.key;
update %[1]s s set %[2]s = 'none' where not (%[3]s) and %[2]s = 'new';
`, p.stage, p.action, p.wanted, ours, p.hash, row("s", p.stagedCols()), p.action == "credential",
		run, p.source, s.on("l.user_id"), p.key, hashed(row("e", p.cols)), row("e", p.cols), p.from, s.on(p.owner))
}

// dependants keeps rows from hanging on a user who is not there, and those of a user from going whose change the target
// refused: what it has of them stays as it is.
const dependants = `
update stage_user set credential = 'kept' where action = 'kept' and credential = 'new' and not exists (select from "user" u where u.id = key);
update stage_identity s set action = 'kept' from stage_user p where p.key = s.user_id and p.action = 'kept' and s.action = 'new';
update stage_profile s set action = 'kept' from stage_user p where p.key = s.user_id and p.action = 'kept' and s.action = 'new';
update stage_identity s set action = 'kept' from stage_user p where p.key = s.user_id and p.reason = 'target_error' and s.action = 'remove';
update stage_profile s set action = 'kept' from stage_user p where p.key = s.user_id and p.reason = 'target_error' and s.action = 'remove';
`

// removals deletes what should not be there, children first. A user to whom others have attached something stays.
const removals = `
update stage_user s set original = to_jsonb(u) || coalesce((select jsonb_build_object('credential', to_jsonb(a)) from account a where a.id = u.id), '{}')
  from "user" u where s.action = 'remove' and s.original is null and u.id = s.key;
update stage_identity s set original = to_jsonb(a) from account a where s.action = 'remove' and s.original is null and a.id = s.key;
update stage_profile s set original = to_jsonb(p) from user_profile p where s.action = 'remove' and s.original is null and p.user_id = s.key;
delete from account a using stage_identity s where s.action = 'remove' and a.id = s.key;
delete from account a using stage_user s where s.credential = 'remove' and a."userId" = s.key and a."providerId" = 'credential';
delete from user_profile p using stage_profile s where s.action = 'remove' and p.user_id = s.key;
delete from "user" u using stage_user s where s.action = 'remove' and u.id = s.key
  and not exists (select from account a where a."userId" = u.id) and not exists (select from user_profile p where p.user_id = u.id);
update stage_user s set action = 'kept' where s.action = 'remove' and exists (select from "user" u where u.id = s.key);
`

// changes brings what is ours up to date. Addresses that move step aside first, since two of them may change places.
func (m mapping) changes() string {
	set := func(cols []string) string {
		out := make([]string, len(cols))
		for i, c := range cols {
			out[i] = c + " = s." + c
		}
		return strings.Join(out, ", ")
	}
	return `
update "user" u set email = u.id || '@moving.` + addressSuffix + `' from stage_user s where s.action = 'update' and u.id = s.key and u.email <> s.email;
update "user" u set ` + set(names(m.userColumns())) + ` from stage_user s where s.action = 'update' and u.id = s.key;
update account a set password = s.password, "createdAt" = s."createdAt", "updatedAt" = s."updatedAt" from stage_user s
  where s.credential = 'update' and a."userId" = s.key and a."providerId" = 'credential';
update account a set ` + set(names(m.accountColumns())) + ` from stage_identity s where s.action = 'update' and a.id = s.key;
update user_profile p set ` + set(names(m.profileColumns())) + ` from stage_profile s where s.action = 'update' and p.user_id = s.key;
`
}

// A credential account out of a user's projection: the columns, and what goes into them.
const (
	credentialColumns = `id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt"` //nolint:gosec // names of columns
	credentialValues  = `key, key::text, 'credential'::text, key, password, "createdAt", "updatedAt"` //nolint:gosec // names of columns
)

// issuer is a column more where the target has it, Better Auth 1.7.0 to 1.7.2.
func (m mapping) issuer() (column, local string) {
	if m.dst.account.has("issuer") {
		return ", issuer", ", 'local:credential'::text"
	}
	return "", ""
}

// insertions adds what is new, users before what hangs on them.
func (m mapping) insertions() string {
	list := func(cols []mapped) string { return strings.Join(names(cols), ", ") }
	issuer, local := m.issuer()
	return `
insert into "user" (id, ` + list(m.userColumns()) + `) select key, ` + list(m.userColumns()) + ` from stage_user where action = 'new' and reason is null;
insert into account (` + credentialColumns + issuer + `) select ` + credentialValues + local + ` from stage_user where credential = 'new' and password is not null;
insert into account (id, "userId", ` + list(m.accountColumns()) + `) select key, user_id, ` + list(m.accountColumns()) + ` from stage_identity
  where action = 'new' and reason is null and not folded;
insert into user_profile (id, user_id, ` + list(m.profileColumns()) + `) select key, user_id, ` + list(m.profileColumns()) + ` from stage_profile
  where action = 'new' and reason is null;
`
}

// ledger writes down what became of every staged row.
func (m mapping) ledger(run, pass int, s scope, fresh bool) string {
	parts := m.parts()
	// Of what somebody touched in the target, the ledger keeps what it said: the hash, so that it still counts as touched, and
	// the residue, which the way back compares with.
	hash := func(p part) string {
		written := "case when s." + p.action + " in ('new', 'same', 'update') and " + p.wanted + " then " + hashed(row("s", p.stagedCols())) + " end"
		if fresh {
			return written
		}
		return "case when s." + p.action + " = 'kept' then l." + p.hash + " else " + written + " end"
	}
	const outcome = `case when s.action = 'kept' then 'kept' when s.reason = 'deleted_in_source' then 'deleted' when s.reason is not null then 'quarantined'
    when s.action = 'identical' then 'identical'%s else 'copied' end`
	write := func(source, stage, outcome, written, credential, touched string) string {
		sql := `insert into supabase_import.ledger (run, user_id, source, key, outcome, pass, raw, written, credential, residue)
select ` + fmt.Sprintf("%d, s.user_id, %s::supabase_import.source, s.key, (%s)::supabase_import.outcome, %d, s.raw, %s, %s, ", run, source, outcome, pass, written, credential)
		if fresh {
			return sql + "s.residue from " + stage + " s;\n"
		}
		return sql + "case when " + touched + " then coalesce(l.residue, s.residue) else coalesce(s.residue, l.residue) end from " + stage + ` s
left join supabase_import.ledger l on l.run = ` + fmt.Sprint(run) + " and l.user_id = s.user_id and l.source = " + source + `::supabase_import.source and l.key = s.key and ` + s.on("l.user_id") + `
on conflict (run, user_id, source, key) do update set outcome = excluded.outcome, pass = excluded.pass, raw = excluded.raw,
  written = excluded.written, credential = excluded.credential, residue = excluded.residue;
`
	}
	return write("'user'", "stage_user", fmt.Sprintf(outcome, ""), hash(parts[0]), hash(parts[1]), "'kept' in (s.action, s.credential)") +
		write("'identity'", "stage_identity", fmt.Sprintf(outcome, " when s.folded then 'folded'"), hash(parts[2]), "null", "s.action = 'kept'") +
		write("'profile'", "stage_profile", fmt.Sprintf(outcome, ""), hash(parts[3]), "null", "s.action = 'kept'") +
		write("s.source", "stage_other", "case when s.reason = 'deleted_in_source' then 'deleted' else 'quarantined' end", "null", "null", "false")
}

// quarantine keeps what was left out. Of a fresh batch without oddities (tally) it keeps nothing.
func (m mapping) quarantine(run int, s scope, fresh bool) string {
	sql := ""
	const into = `insert into supabase_import.quarantine (run, user_id, source, key, field, reason, original) `
	const again = ` on conflict (run, user_id, source, key, field, reason) do update set last_seen = now(), original = coalesce(excluded.original, quarantine.original), resolved = null;
`
	for src, stage := range map[string]string{"'user'": "stage_user", "'identity'": "stage_identity", "'profile'": "stage_profile", "s.source": "stage_other"} {
		staying := ""
		if stage != "stage_other" {
			staying = " and not (s.reason = 'deleted_in_source' and s.held is not null)"
		}
		sql += into + fmt.Sprintf("select %d, s.user_id, %s::supabase_import.source, s.key, '', s.reason, s.original from %s s where s.reason is not null", run, src, stage) + staying + again
		if stage != "stage_other" {
			sql += into + fmt.Sprintf(`select %d, s.user_id, %s::supabase_import.source, s.key, split_part(f, ':', 1), split_part(f, ':', 2), s.original
from %s s cross join unnest(s.fields) f where s.reason is null`, run, src, stage) + again
		}
		if !fresh && stage != "stage_other" {
			sql += into + fmt.Sprintf("select %d, s.user_id, %s::supabase_import.source, s.key, '', 'target_modified', s.original from %s s where s.action = 'kept' and s.held is null", run, src, stage) + again
			sql += remains(run, src, stage, "", "held")
		}
	}
	if !fresh {
		sql += remains(run, "'user'", "stage_user", "credential", "credential_held")
		sql += fmt.Sprintf("update supabase_import.quarantine q set resolved = now() where q.run = %d and %s and q.resolved is null and q.last_seen < now() and q.reason <> '%s';\n",
			run, s.on("q.user_id"), addressReleased)
	}
	return sql
}

// remains names what is gone from the source and stays, with the tables that refer to it.
func remains(run int, src, stage, field, held string) string {
	return fmt.Sprintf(`insert into supabase_import.quarantine (run, user_id, source, key, field, reason, detail)
select %d, s.user_id, %s::supabase_import.source, s.key, %s, '%s', s.%s from %s s where s.%[5]s <> ''
on conflict (run, user_id, source, key, field, reason) do update set last_seen = now(), detail = excluded.detail, resolved = null;
`, run, src, literal(field), removedAtSource, held, stage)
}

// tally sums up a staged batch: rows of the source; written; unchanged since the run wrote them; identical to what
// others wrote; folded; quarantined; and those with anything to quarantine.
const tally = `
select count(*) filter (where reason is distinct from 'deleted_in_source'),
       count(*) filter (where action in ('new', 'update', 'remove') and (reason is null or action = 'remove')),
       count(*) filter (where action = 'same'),
       count(*) filter (where action = 'identical'),
       count(*) filter (where action = 'folded'),
       count(*) filter (where reason is not null and reason <> 'deleted_in_source'),
       count(*) filter (where odd)
from (select reason, action, reason is not null or fields is not null as odd from stage_user
      union all select reason, case when folded and reason is null then 'folded' else action end, reason is not null or fields is not null from stage_identity
      union all select reason, action, reason is not null or fields is not null from stage_profile
      union all select reason, 'none', true from stage_other) s;
`
