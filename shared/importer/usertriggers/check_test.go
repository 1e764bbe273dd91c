package usertriggers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const atSignUp = "AFTER INSERT ON auth.users FOR EACH ROW"

func TestTriggersThatNeedWhatXenonLacksAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	var sql strings.Builder
	want := map[string]string{}
	for name, test := range map[string]struct{ body, trigger, want string }{
		"other_column": {`PERFORM NEW . "last_sign_in_at"; RETURN NEW;`, atSignUp, "it reads NEW.last_sign_in_at"},
		"old_column": {
			`PERFORM old.is_anonymous; RETURN NULL;`,
			"AFTER UPDATE ON auth.users FOR EACH ROW", "it reads OLD.is_anonymous",
		},
		"all_columns": {`INSERT INTO public.log SELECT NEW.*; RETURN NEW;`, atSignUp, "it uses NEW as a whole"},
		"as_row":      {`INSERT INTO public.log SELECT row(new); RETURN NEW;`, atSignUp, "it uses NEW as a whole"},
		"as_json":     {`PERFORM to_jsonb(NEW); RETURN NEW;`, atSignUp, "it uses NEW as a whole"},
		"of_row":      {`PERFORM (NEW).email; RETURN NEW;`, atSignUp, "it uses NEW as a whole"},
		"in_a_case":   {`RETURN CASE WHEN true THEN NEW END;`, atSignUp, "it uses NEW as a whole"},
		"assigns": {
			`NEW.email := lower(NEW.email); RETURN NEW;`,
			"BEFORE INSERT ON auth.users FOR EACH ROW", "it assigns to NEW.email",
		},
		"assigns_equal": {`IF true THEN NEW.email = 'a'; END IF; RETURN NEW;`, atSignUp, "it assigns to NEW.email"},
		"assigns_a_key": {
			`NEW.raw_user_meta_data['a'] = '1'; RETURN NEW;`,
			atSignUp, "it assigns to NEW.raw_user_meta_data",
		},
		"selects_into": {
			`SELECT 'a', 'b' INTO STRICT NEW.phone, NEW.email; RETURN NEW;`,
			atSignUp, "it assigns to NEW.phone",
		},
		"writes_users": {
			`UPDATE ONLY auth.users SET phone = '1'; RETURN NEW;`,
			atSignUp, "its function writes to auth.users",
		},
		"deletes_users": {`DELETE FROM "auth" . users; RETURN NEW;`, atSignUp, "its function writes to auth.users"},
		"reads_sessions": {
			`PERFORM 1 FROM auth.sessions; RETURN NEW;`,
			atSignUp, "its function uses auth.sessions, which stays in Supabase",
		},
		"calls_net": {
			`PERFORM net.http_post('https://x.example'); RETURN NEW;`,
			atSignUp, "its function uses net.http_post, which stays in Supabase",
		},
		"adds_bucket": {
			`INSERT INTO storage.buckets (id) VALUES (NEW.id); RETURN NEW;`,
			atSignUp, "its function uses storage.buckets, which stays in Supabase",
		},
		"dynamic":    {`EXECUTE 'SELECT 1'; RETURN NEW;`, atSignUp, "its function executes SQL from a text (EXECUTE)"},
		"table_name": {`RAISE NOTICE '%', TG_TABLE_NAME; RETURN NEW;`, atSignUp, "its function uses tg_table_name"},
		"own_name":   {`PERFORM own_name.tg_op; RETURN NEW;`, atSignUp, "its function refers to itself by its name"},
		"can_cancel": {
			`IF true THEN RETURN NULL; END IF; RETURN NEW;`, "BEFORE INSERT ON auth.users FOR EACH ROW",
			"it fires before the change, and its function can cancel the change",
		},
		"can_undo": {
			`RETURN OLD;`, "BEFORE UPDATE ON auth.users FOR EACH ROW",
			"it fires before the change, and its function can cancel the change",
		},
		"of_other_column": {
			`RETURN NEW;`, "AFTER UPDATE OF email, last_sign_in_at ON auth.users FOR EACH ROW",
			"it fires at changes of last_sign_in_at",
		},
		"of_phone": {
			`RETURN NEW;`, "AFTER UPDATE OF phone ON auth.users FOR EACH ROW",
			"it fires at changes of columns that Xenon does not have",
		},
		"condition": {`RETURN NEW;`, atSignUp + " WHEN (NEW.is_sso_user)", "it reads NEW.is_sso_user"},
		"whole_condition": {
			`RETURN NEW;`,
			"AFTER UPDATE ON auth.users FOR EACH ROW WHEN (NEW.* IS DISTINCT FROM OLD.*)", "it uses NEW as a whole",
		},
		"for_statement": {`RETURN NULL;`, "AFTER INSERT ON auth.users", "it is a trigger for each statement"},
		"transition": {
			`RETURN NULL;`, "AFTER INSERT ON auth.users REFERENCING NEW TABLE AS added FOR EACH ROW",
			"it has transition tables",
		},
		"disabled":    {`RETURN NEW;`, atSignUp, "it is disabled"},
		"search_path": {`RETURN NEW;`, atSignUp, "the search_path of its function has the schema auth"},
	} {
		sql.WriteString(function(name, test.body, test.trigger))
		want[name] = test.want
	}
	sql.WriteString(`ALTER TABLE auth.users DISABLE TRIGGER disabled;
ALTER FUNCTION search_path() SET search_path = public, auth;
CREATE TRIGGER internal AFTER UPDATE ON auth.users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE SCHEMA supabase_functions;
CREATE FUNCTION supabase_functions.http_request() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER webhook ` + atSignUp + ` EXECUTE FUNCTION supabase_functions.http_request('https://x.example')`)
	want["internal"] = "its function is in the language internal"
	want["webhook"] = "its function is in the schema supabase_functions, which stays in Supabase"
	copies, got := remake(t, sql.String(), UserTable{Name: `public."user"`})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	for name, made := range copies {
		if made.SQL != "" {
			t.Errorf("%s: got the statements %s, want none", name, made.SQL)
		}
	}
}

func TestTriggersThatReadOnlyWhatXenonHasAreMade(t *testing.T) {
	t.Parallel()
	var sql strings.Builder
	for name, test := range map[string]struct{ body, trigger string }{
		"plain": {`INSERT INTO public.t (id) VALUES (NEW.id); RETURN NEW;`, atSignUp},
		"selects": {
			`INSERT INTO public.t SELECT NEW.id, New."email", new . Phone, NEW.created_at; RETURN NULL;`,
			atSignUp,
		},
		"returns_either": {
			`IF TG_OP = 'DELETE' THEN DELETE FROM public.t WHERE id = OLD.id; END IF; RETURN COALESCE(NEW, OLD);`,
			"AFTER INSERT OR UPDATE OR DELETE ON auth.users FOR EACH ROW",
		},
		"before": {
			`IF NEW.email LIKE '%@spam.example' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;`,
			"BEFORE INSERT OR UPDATE ON auth.users FOR EACH ROW",
		},
		"before_delete": {`RETURN OLD;`, "BEFORE DELETE ON auth.users FOR EACH ROW"},
		"comments": {
			`-- NEW.last_sign_in_at` + "\n" + `/* to_jsonb(NEW) */ PERFORM 'NEW.*', $x$ NEW $x$; RETURN NEW;`,
			atSignUp,
		},
		"reads_users": {`PERFORM 1 FROM auth.users u WHERE u.id = NEW.id AND auth.uid() IS NULL; RETURN NEW;`, atSignUp},
		"chooses": {
			`PERFORM CASE WHEN NEW.phone IS NULL THEN NEW.email ELSE NEW.phone END; RETURN NEW;`, atSignUp,
		},
		"compares": {
			`IF NEW.email = OLD.email THEN RETURN NEW; ELSE RETURN NULL; END IF;`,
			"AFTER UPDATE ON auth.users FOR EACH ROW",
		},
		"loops": {`FOR i IN 1..length(NEW.email) LOOP PERFORM i; END LOOP; RETURN NEW;`, atSignUp},
		"returns_id": {
			`DECLARE new_id uuid; BEGIN INSERT INTO public.t VALUES (NEW.id) RETURNING id INTO STRICT new_id; END; RETURN NEW;`,
			atSignUp,
		},
	} {
		sql.WriteString(function(name, test.body, test.trigger))
	}
	_, reasons := remake(t, sql.String(), UserTable{Name: `public."user"`})
	if len(reasons) > 0 {
		t.Errorf("reasons: got %v, want none", reasons)
	}
}
