package usertriggers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCopyReadsTheColumnsOfUser(t *testing.T) {
	t.Parallel()
	copies, reasons := remake(t, `
CREATE FUNCTION public."Handle User"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $f$
BEGIN -- NEW.phone
  INSERT INTO public.p VALUES (new.id, NEW.Email, NEW . phone, NEW.raw_user_meta_data ->> 'full_name',
    NEW.raw_app_meta_data, '$function$', NEW.created_at, OLD.updated_at);
  RETURN NEW;
END $f$;
CREATE TRIGGER "On user" AFTER INSERT OR UPDATE OF email, phone, raw_user_meta_data, raw_app_meta_data ON auth.users
FOR EACH ROW WHEN (NEW.email <> '' OR NEW.raw_app_meta_data IS NULL)
EXECUTE FUNCTION public."Handle User"('a', 'b''c')`,
		UserTable{Name: `xenon."user"`})
	if len(reasons) > 0 {
		t.Fatalf("reasons: got %v, want none", reasons)
	}
	want := Copy{
		SQL: `CREATE FUNCTION public."Handle User_xenon"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $functionx$
BEGIN -- NEW.phone
  INSERT INTO public.p VALUES (NEW.id, NEW.email, NULL::text, ` +
			`(jsonb_build_object('name', NEW.name, 'full_name', NEW.name, 'avatar_url', NEW.image)) ->> 'full_name',
    '{}'::jsonb, '$function$', NEW."createdAt", OLD."updatedAt");
  RETURN NEW;
END $functionx$;

CREATE TRIGGER "On user" AFTER INSERT OR UPDATE OF email, name, image ON xenon."user" FOR EACH ROW ` +
			`WHEN (current_setting('xenon.importing', true) IS DISTINCT FROM 'on' AND (` +
			`(((NEW.email)::text <> ''::text) OR ('{}'::jsonb IS NULL)))) ` +
			`EXECUTE FUNCTION public."Handle User_xenon"('a', 'b''c');`,
		Drops: []string{`DROP TRIGGER "On user" ON xenon."user"`, `DROP FUNCTION public."Handle User_xenon"()`},
	}
	if diff := cmp.Diff(want, copies[`"On user"`]); diff != "" {
		t.Errorf("copy (-want +got):\n%s", diff)
	}
}

func TestCopyReadsTheMetadataColumnsWhereTheyExist(t *testing.T) {
	t.Parallel()
	copies, _ := remake(t, function("f", "PERFORM NEW.raw_user_meta_data, NEW.raw_app_meta_data; RETURN NEW;",
		"AFTER UPDATE OF raw_app_meta_data ON auth.users FOR EACH ROW"),
		UserTable{Name: `public."user"`, UserMetadata: true, AppMetadata: true})
	want := `CREATE FUNCTION public.f_xenon()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN PERFORM (jsonb_build_object('name', NEW.name, 'full_name', NEW.name, 'avatar_url', NEW.image) || ` +
		`coalesce(NEW."userMetadata", '{}')), coalesce(NEW."appMetadata", '{}'); RETURN NEW; END $function$;

CREATE TRIGGER f AFTER UPDATE OF "appMetadata" ON public."user" FOR EACH ROW ` +
		`WHEN (current_setting('xenon.importing', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION public.f_xenon();`
	if diff := cmp.Diff(want, copies["f"].SQL); diff != "" {
		t.Errorf("copy (-want +got):\n%s", diff)
	}
}

func TestNamesOfCopiesAreUniqueAndNotTooLong(t *testing.T) {
	t.Parallel()
	long := "a234567890123456789012345678901234567890123456789012345ü9"
	for _, test := range []struct {
		function string
		number   int
		want     string
	}{
		{"f", 1, "f_xenon"},
		{"f", 2, "f_xenon2"},
		{long, 1, "a234567890123456789012345678901234567890123456789012345ü_xenon"},
		{long, 2, "a234567890123456789012345678901234567890123456789012345_xenon2"},
	} {
		if got := copyName(test.function, test.number); got != test.want || len(got) > maxName {
			t.Errorf("the name of copy %d of %s: got %s, want %s", test.number, test.function, got, test.want)
		}
	}
}

func TestEventsOfColumnsThatXenonLacksAreLeftOut(t *testing.T) {
	t.Parallel()
	const trigger = "AFTER INSERT OR UPDATE OF phone ON auth.users FOR EACH ROW"
	copies, reasons := remake(t, function("f", "RETURN NEW;", trigger),
		UserTable{Name: `public."user"`})
	if len(reasons) > 0 {
		t.Fatalf("reasons: got %v, want none", reasons)
	}
	want := `CREATE FUNCTION public.f_xenon()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN RETURN NEW; END $function$;

CREATE TRIGGER f AFTER INSERT ON public."user" FOR EACH ROW ` +
		`WHEN (current_setting('xenon.importing', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION public.f_xenon();`
	if diff := cmp.Diff(want, copies["f"].SQL); diff != "" {
		t.Errorf("copy (-want +got):\n%s", diff)
	}
}
