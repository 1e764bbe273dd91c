package mapping

// Reasons why a row or a value is not copied. Other reasons occur only in SQL texts. Package report explains the
// reasons that the quarantine can have.
const (
	// EmailConflict, PhoneConflict and AccountConflict: another row of the source has the same unique value and keeps it.
	EmailConflict   = "email_conflict"
	PhoneConflict   = "phone_conflict"
	AccountConflict = "account_conflict"
	// TargetIDTaken to TargetProfileTaken: another row of the target has this id or value. This run did not write that
	// row, or the row changed since.
	TargetIDTaken      = "target_id_taken"
	TargetEmailTaken   = "target_email_taken"
	TargetPhoneTaken   = "target_phone_taken"
	TargetAccountTaken = "target_account_taken"
	TargetProfileTaken = "target_profile_taken"
	// TargetEmailUnverified: an unverified user of the target has the confirmed email of a user of the source, and the
	// import cannot take the email from that user (keepReason in run/email_release.go).
	TargetEmailUnverified = "target_email_unverified"
	// TargetError: the target rejects the row with an error.
	TargetError = "target_error"
	// TargetKeeps: the target rejects the deletion of the user with an error, for instance by a trigger.
	TargetKeeps = "target_keeps"
	// KeptAfterSourceDeletion: the row is deleted in the source and kept in the target. Not stored as a rejection.
	KeptAfterSourceDeletion = "removed_at_source"
	// DeletedInSource: the row is deleted in the source. Not stored as a rejection.
	DeletedInSource = "deleted_in_source"
	// EmailReleased: the import took the email from a user of the target. Not stored as a rejection. The key of the
	// quarantine entry is the id of the user of the target. Its user_id is the id of the user of the source, because the
	// batch of that user writes the entry.
	EmailReleased = "address_released"
)

// Rejection records that a row is not copied for a reason outside the row: another row keeps a unique value, or the
// target rejects the row. Package run stores rejections in the table supabase_import.ruling. The projections use the
// stored rejections, so that copy and verification expect the same rows.
type Rejection struct {
	Kind              Kind
	Reason, Key, User string
}

// Rejections are the ids of rejected rows by kind and reason.
type Rejections map[kindAndReason][]string

type kindAndReason struct {
	kind   Kind
	reason string
}

// Add adds a rejection.
func (r Rejections) Add(x Rejection) {
	k := kindAndReason{x.Kind, x.Reason}
	r[k] = append(r[k], x.Key)
}

// Include returns an SQL condition: the row with this id is rejected for the reason. id is an SQL expression.
func (r Rejections) Include(k Kind, reason, id string) string {
	ids := r[kindAndReason{k, reason}]
	if len(ids) == 0 {
		return "false"
	}
	return id + " = ANY (" + UUIDArray(ids) + ")"
}
