-- The tables of a file, as Supabase Auth's own migrations define them, but without foreign keys and with text in place
-- of enums. Columns that a file does not have are NULL, so only ids are NOT NULL.

CREATE SCHEMA auth;

CREATE UNLOGGED TABLE auth.users (
  instance_id uuid,
  id uuid NOT NULL,
  aud varchar,
  role varchar,
  email varchar,
  encrypted_password varchar,
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token varchar,
  confirmation_sent_at timestamptz,
  recovery_token varchar,
  recovery_sent_at timestamptz,
  email_change_token_new varchar,
  email_change varchar,
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz,
  updated_at timestamptz,
  phone text,
  phone_confirmed_at timestamptz,
  phone_change text,
  phone_change_token varchar,
  phone_change_sent_at timestamptz,
  confirmed_at timestamptz GENERATED ALWAYS AS (least(email_confirmed_at, phone_confirmed_at)) STORED,
  email_change_token_current varchar,
  email_change_confirm_status smallint,
  banned_until timestamptz,
  reauthentication_token varchar,
  reauthentication_sent_at timestamptz,
  is_sso_user boolean,
  deleted_at timestamptz,
  is_anonymous boolean
);

CREATE UNLOGGED TABLE auth.identities (
  provider_id text,
  user_id uuid,
  identity_data jsonb,
  provider text,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text GENERATED ALWAYS AS (lower(identity_data ->> 'email')) STORED,
  id uuid NOT NULL
);

CREATE UNLOGGED TABLE auth.mfa_factors (
  id uuid NOT NULL,
  user_id uuid,
  friendly_name text,
  factor_type text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  secret text,
  phone text,
  last_challenged_at timestamptz,
  web_authn_credential jsonb,
  web_authn_aaguid uuid,
  last_webauthn_challenge_data jsonb
);

CREATE UNLOGGED TABLE auth.webauthn_credentials (
  id uuid NOT NULL,
  user_id uuid,
  credential_id bytea,
  public_key bytea,
  attestation_type text,
  aaguid uuid,
  sign_count bigint,
  transports jsonb,
  backup_eligible boolean,
  backed_up boolean,
  friendly_name text,
  created_at timestamptz,
  updated_at timestamptz,
  last_used_at timestamptz
);

CREATE UNLOGGED TABLE auth.sessions (
  id uuid NOT NULL,
  user_id uuid,
  created_at timestamptz,
  updated_at timestamptz,
  factor_id uuid,
  aal text,
  not_after timestamptz,
  refreshed_at timestamp,
  user_agent text,
  ip inet,
  tag text,
  oauth_client_id uuid,
  refresh_token_hmac_key text,
  refresh_token_counter bigint,
  scopes text
);

CREATE UNLOGGED TABLE auth.refresh_tokens (
  instance_id uuid,
  id bigint NOT NULL,
  token varchar,
  user_id varchar,
  revoked boolean,
  created_at timestamptz,
  updated_at timestamptz,
  parent varchar,
  session_id uuid
);

CREATE UNLOGGED TABLE auth.mfa_amr_claims (
  session_id uuid,
  created_at timestamptz,
  updated_at timestamptz,
  authentication_method text,
  id uuid NOT NULL
);
