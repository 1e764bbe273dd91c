package run

import "fmt"

// IsUnchangedSinceMove returns an SQL condition on a row of a table that a run has moved (package tables): a
// transaction of the move wrote the row, and no other transaction has written it since. xmin is the transaction that
// wrote a row; a transaction that only locks the row does not change it. xmin has only the lower 32 bits of the id, so
// the condition is false for a move more than 2^31 transactions ago. It is false, too, in a target that was restored
// from a dump: there, another transaction wrote the entries of the ledger.
func IsUnchangedSinceMove(run int, row string) string {
	return fmt.Sprintf(`%s.xmin::text::bigint IN (
    SELECT x.xmin::text::bigint
    FROM supabase_import.moved_transaction x
    WHERE x.run = %d AND x.xmin::text::numeric = mod(x.id::text::numeric, 4294967296)
      AND pg_current_xact_id()::text::numeric - x.id::text::numeric < 2147483648)`, row, run)
}
