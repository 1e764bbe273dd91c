package mapping

// Reasons that the code compares with. The others stand only in the SQL of the projections; package report explains
// all.
const (
	// EmailConflict, PhoneConflict and AccountConflict: two rows of the source want what only one of them can have.
	EmailConflict   = "email_conflict"
	PhoneConflict   = "phone_conflict"
	AccountConflict = "account_conflict"
	// TargetIDTaken and the next five: the target has another row there, which this run did not write.
	TargetIDTaken      = "target_id_taken"
	TargetEmailTaken   = "target_email_taken"
	TargetPhoneTaken   = "target_phone_taken"
	TargetAccountTaken = "target_account_taken"
	TargetProfileTaken = "target_profile_taken"
	// TargetEmailUnverified: an unverified user of the target holds the confirmed email of a user of the source, and has
	// more than a password, so that they cannot give it up.
	TargetEmailUnverified = "target_email_unverified"
	// TargetError: the target refuses the row with an error.
	TargetError = "target_error"
	// TargetKeeps: the target refuses to delete the user for a reason that no foreign key shows, such as a trigger.
	TargetKeeps = "target_keeps"
	// KeptAfterSourceDeletion is the quarantine's reason for rows that are gone from the source and stay in the target.
	KeptAfterSourceDeletion = "removed_at_source"
	// DeletedInSource is the quarantine's reason for rows that are gone from the source and were removed from the target.
	DeletedInSource = "deleted_in_source"
	// EmailReleased is the quarantine's reason for a user of the target who gave an email up. The entry stands under the
	// user of the source (user_id), since it belongs to that user's batch; its key is the user of the target.
	EmailReleased = "address_released"
)

// Rejection says about a row what its own columns cannot say: it loses a conflict with another row, or the target
// refuses it. Package run stores rejections in the table supabase_import.ruling. The projections take them as given, so
// that copy and verification expect the same.
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

// Include is an SQL condition: the row whose id expr yields is rejected for the reason.
func (r Rejections) Include(k Kind, reason, expr string) string {
	ids := r[kindAndReason{k, reason}]
	if len(ids) == 0 {
		return "false"
	}
	return expr + " = ANY (" + UUIDs(ids) + ")"
}
