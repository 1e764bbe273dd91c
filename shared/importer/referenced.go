package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// A later pass removes what is gone from the source, unless rows of other tables refer to it.

// goneRows stages the rows that are about to be deleted, and locks them: no other transaction can refer to them any
// more until the transaction ends. A user goes with accounts, profile and sessions, or stays with all of them.
const goneRows = `
insert into reached select 'user', u.id, 0, u.tableoid, u.ctid, null, 'removed' from "user" u join stage_user s on s.key = u.id where s.action = 'remove' for update of u;
insert into reached select 'user', a."userId", 0, a.tableoid, a.ctid, null, 'removed' from account a join stage_user s on s.key = a."userId" where s.action = 'remove' for update of a;
insert into reached select 'user', n."userId", 0, n.tableoid, n.ctid, null, 'removed' from session n join stage_user s on s.key = n."userId" where s.action = 'remove' for update of n;
insert into reached select 'user', p.user_id, 0, p.tableoid, p.ctid, null, 'removed' from user_profile p join stage_user s on s.key = p.user_id where s.action = 'remove' for update of p;
insert into reached select 'credential', a."userId", 0, a.tableoid, a.ctid, null, 'removed' from account a join stage_user s on s.key = a."userId"
  where s.credential = 'remove' and s.action <> 'remove' and a."providerId" = 'credential' for update of a;
insert into reached select 'identity', a.id, 0, a.tableoid, a.ctid, null, 'removed' from account a join stage_identity s on s.key = a.id
  where s.action = 'remove' and not exists (select from reached r where r.rel = a.tableoid and r.tid = a.ctid) for update of a;
insert into reached select 'profile', p.user_id, 0, p.tableoid, p.ctid, null, 'removed' from user_profile p join stage_profile s on s.key = p.user_id
  where s.action = 'remove' and not exists (select from reached r where r.rel = p.tableoid and r.tid = p.ctid) for update of p;
analyze reached;
`

// keepReferred turns removals into "kept" where rows of other tables refer to what would go, or where the target
// refused the removal before (condemn). The column held says which tables.
func (w *worker) keepReferred(ctx context.Context) error {
	var removals int64
	err := ask1(ctx, w.dst, `select (select count(*) from stage_user where 'remove' in (action, credential))
  + (select count(*) from stage_identity where action = 'remove') + (select count(*) from stage_profile where action = 'remove')`, &removals)
	if err != nil || removals == 0 {
		return err
	}
	all, err := references(ctx, w.dst)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		if err := run(ctx, w.dst, goneRows); err != nil {
			return fmt.Errorf("lock what is to be removed: %w", err)
		}
		if _, err := reach(ctx, w.dst, all, 0); err != nil {
			return err
		}
	}
	return run(ctx, w.dst, w.hold())
}

// hold marks what stays, with the reason.
func (w *worker) hold() string {
	refused := fmt.Sprintf(`select 'user' as source, user_id as key, detail as tables from supabase_import.ruling where run = %d and reason = '%s'`, w.run.id, removalRefused)
	held := "(select source, key, tables from " + referring("effect <> '"+removed+"'") + " r union all " + refused + ")"
	return `
update stage_user s set action = 'kept', held = r.tables, credential = case when s.credential = 'remove' then 'kept' else s.credential end
  from ` + held + ` r where r.source = 'user' and r.key = s.key and s.action = 'remove';
update stage_user s set credential = 'kept', credential_held = r.tables from ` + held + ` r
  where r.source in ('credential', 'user') and r.key = s.key and s.credential = 'remove';
update stage_identity s set action = 'kept', held = r.tables from ` + held + ` r
  where (r.source = 'identity' and r.key = s.key or r.source = 'user' and r.key = s.user_id) and s.action = 'remove';
update stage_profile s set action = 'kept', held = r.tables from ` + held + ` r
  where r.source in ('profile', 'user') and r.key = s.key and s.action = 'remove';
update stage_identity s set held = '' from stage_user u where u.key = s.user_id and u.held is not null and s.held is not null;
update stage_profile s set held = '' from stage_user u where u.key = s.user_id and u.held is not null and s.held is not null;
`
}

// removedAtSource is the reason in the quarantine for what is gone from the source and stays in the target.
const removedAtSource = "removed_at_source"

// removalRefused is the ruling about a user whom the target does not let go for a reason that no foreign key shows,
// such as a trigger. Like all rulings that begin with target_, the next pass asks anew.
const removalRefused = "target_keeps"

// removalError is an error of the target when it was asked to remove what is gone from the source.
type removalError struct{ err error }

func (e removalError) Error() string { return "remove what is gone from the source: " + e.err.Error() }
func (e removalError) Unwrap() error { return e.err }

// refusedRemoval says which user stays and why, if err is a refused removal.
func refusedRemoval(err error) (why string, ok bool) {
	var pg *pgconn.PgError
	if !errors.As(err, new(removalError)) || !errors.As(err, &pg) {
		return "", false
	}
	return refusal(pg), true
}

// refusal is an error of Postgres without values of rows.
func refusal(pg *pgconn.PgError) string {
	text := "SQLSTATE " + pg.Code
	if pg.TableName != "" {
		text += " from " + pg.SchemaName + "." + pg.TableName
	}
	return text
}
