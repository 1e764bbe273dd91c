package supabasetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// row has the values of a row by column. A column that is missing in the map is NULL.
type row map[string]any

// table is a table to which Fill writes, with the columns that Fill sets. Generated columns are not among them.
type table struct {
	name    string
	columns []string
}

var (
	usersTable = table{"auth.users", strings.Fields(`instance_id id aud role email encrypted_password email_confirmed_at
		invited_at confirmation_token confirmation_sent_at recovery_token recovery_sent_at email_change_token_new
		email_change email_change_sent_at last_sign_in_at raw_app_meta_data raw_user_meta_data is_super_admin created_at
		updated_at phone phone_confirmed_at phone_change phone_change_token phone_change_sent_at
		email_change_token_current email_change_confirm_status banned_until reauthentication_token
		reauthentication_sent_at is_sso_user deleted_at is_anonymous`)}
	identitiesTable = table{"auth.identities", strings.Fields(`provider_id user_id identity_data provider last_sign_in_at
		created_at updated_at id`)}
	factorsTable = table{
		"auth.mfa_factors",
		strings.Fields(`id user_id friendly_name factor_type status created_at updated_at
		secret phone last_challenged_at web_authn_credential web_authn_aaguid last_webauthn_challenge_data`),
	}
	passkeysTable = table{"auth.webauthn_credentials", strings.Fields(`id user_id credential_id public_key attestation_type
		aaguid sign_count transports backup_eligible backed_up friendly_name created_at updated_at last_used_at`)}
	profilesTable = table{"public.profiles", strings.Fields(`user_id age_range education_level tech_background primary_goal
		learning_mode learning_speed time_per_week preferred_language created_at updated_at`)}
	sessionsTable = table{
		"auth.sessions",
		strings.Fields(`id user_id created_at updated_at aal refreshed_at user_agent ip`),
	}
	oneTimeTokensTable = table{
		"auth.one_time_tokens",
		strings.Fields(`id user_id token_type token_hash relates_to created_at
		updated_at`),
	}
	ssoProvidersTable  = table{"auth.sso_providers", strings.Fields(`id resource_id created_at updated_at disabled`)}
	ssoDomainsTable    = table{"auth.sso_domains", strings.Fields(`id sso_provider_id domain created_at updated_at`)}
	samlProvidersTable = table{
		"auth.saml_providers",
		strings.Fields(`id sso_provider_id entity_id metadata_xml attribute_mapping
		created_at updated_at`),
	}
	auditLogTable = table{"auth.audit_log_entries", strings.Fields(`instance_id id payload created_at ip_address`)}
)

// add copies rows into the table in Postgres's text format. The format can represent every value of Postgres, such as
// "infinity" and years outside the range of Go's types.
func (t table) add(ctx context.Context, conn *pgx.Conn, rows []row) error {
	var text bytes.Buffer
	for _, r := range rows {
		if err := t.encodeRow(&text, r); err != nil {
			return err
		}
	}
	_, err := conn.PgConn().CopyFrom(ctx, &text, "COPY "+t.name+" ("+strings.Join(t.columns, ", ")+") FROM STDIN")
	if err != nil {
		return fmt.Errorf("copy into %s: %w", t.name, err)
	}
	return nil
}

var copyEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func (t table) encodeRow(text *bytes.Buffer, r row) error {
	known := 0
	for i, column := range t.columns {
		if i > 0 {
			text.WriteByte('\t')
		}
		value, has := r[column]
		if has {
			known++
		}
		switch value := value.(type) {
		case nil:
			text.WriteString(`\N`)
		case string:
			_, _ = copyEscaper.WriteString(text, value) // writing to a buffer returns no error
		default:
			fmt.Fprint(text, value)
		}
	}
	text.WriteByte('\n')
	if known != len(r) {
		return fmt.Errorf("a row for %s has a column that the table does not have", t.name)
	}
	return nil
}
