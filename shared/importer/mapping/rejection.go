package mapping

// Reasons that Go code uses. All other reasons are only in the SQL of the projections. Package report explains every
// reason.
const (
	// EmailConflict, PhoneConflict and AccountConflict: two rows of the source have the same unique value, and the other
	// row keeps it.
	EmailConflict   = "email_conflict"
	PhoneConflict   = "phone_conflict"
	AccountConflict = "account_conflict"
	// TargetIDTaken to TargetProfileTaken: the target already has a row with this id or value, which this run did not
	// write.
	TargetIDTaken      = "target_id_taken"
	TargetEmailTaken   = "target_email_taken"
	TargetPhoneTaken   = "target_phone_taken"
	TargetAccountTaken = "target_account_taken"
	TargetProfileTaken = "target_profile_taken"
	// TargetEmailUnverified: an unverified user of the target has the confirmed email of a user of the source, and has
	// more than a password, so that the import does not release the email.
	TargetEmailUnverified = "target_email_unverified"
	// TargetError: the target rejects the row with an error.
	TargetError = "target_error"
	// TargetKeeps: the target rejects the deletion of the user for a reason other than a foreign key, such as a trigger.
	TargetKeeps = "target_keeps"
	// KeptAfterSourceDeletion: the row is deleted in the source and kept in the target. Only in the quarantine.
	KeptAfterSourceDeletion = "removed_at_source"
	// DeletedInSource: the row is deleted in the source and in the target. Only in the quarantine.
	DeletedInSource = "deleted_in_source"
	// EmailReleased: the import released the email of a user of the target. Only in the quarantine. The key of the entry
	// is the user of the target; its user_id is the user of the source, because the entry belongs to the batch of that
	// user.
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

// Include returns an SQL condition: the row with the id expr is rejected for the reason.
func (r Rejections) Include(k Kind, reason, expr string) string {
	ids := r[kindAndReason{k, reason}]
	if len(ids) == 0 {
		return "false"
	}
	return expr + " = ANY (" + UUIDArray(ids) + ")"
}
