package projecttest_test

// The parts of the queries of kinds: the objects in the project's own schemas, with the aliases that conditions use.
const (
	own       = `n.nspname !~ '^(pg_|information_schema|auth|storage|extensions)'`
	relations = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND ` + own
	columns   = relations + ` AND c.relkind IN ('r', 'p') JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 ` +
		`JOIN pg_type t ON t.oid = a.atttypid WHERE `
	constraints = relations + ` JOIN pg_constraint k ON k.conrelid = c.oid WHERE `
	foreignKeys = constraints + `k.contype = 'f' AND `
	functions   = `FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND ` + own + ` WHERE `
	policies    = `FROM pg_policies p WHERE p.schemaname <> 'storage' AND `
	usage       = `concat_ws(' ', p.qual, p.with_check) LIKE `
	triggers    = `FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal AND `

	hasOwner   = `EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.refobjsubid > 0 AND d.deptype = 'a')`
	primaryKey = `EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')`
	inAKey     = `EXISTS (SELECT FROM pg_constraint k
		WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))`
	notNullable = `EXISTS (SELECT FROM pg_attribute a
		WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey) AND a.attnotnull)`
	referredBack = `EXISTS (SELECT FROM pg_constraint b
		WHERE b.contype = 'f' AND b.conrelid = k.confrelid AND b.confrelid = c.oid AND b.conrelid <> c.oid)`
)

// kinds are the kinds of objects and rows that a move of tables has to cope with, by project. The value is the rest of
// a query that begins with SELECT, and that has a row if the project has the kind.
var kinds = map[string]map[string]string{
	"starter-kit": {
		"primary key that refers to users": foreignKeys + `k.confrelid = 'auth.users'::regclass AND ` + primaryKey,
		"trigger on users, at sign-up":     triggers + `c.oid = 'auth.users'::regclass AND g.tgtype & 4 > 0`,
		"default that calls auth.uid":      `FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) = 'auth.uid()'`,
		"function that deletes a user":     functions + `p.prosrc ~* 'delete from auth.users'`,
		"policy that calls auth.uid":       policies + usage + `'%auth.uid()%'`,
		"policy that reads a claim":        policies + usage + `'%auth.jwt()%app_metadata%'`,
		"policy on storage":                `FROM pg_policies WHERE schemaname = 'storage'`,
		"comment on a column":              `FROM pg_description WHERE classoid = 'pg_class'::regclass AND objsubid > 0`,
		"view with security_invoker":       relations + ` WHERE 'security_invoker=true' = ANY (c.reloptions)`,
	},
	"courses": {
		"column of enum type":   columns + `t.typtype = 'e'`,
		"array of enum type":    columns + `t.typname = '_course_level'`,
		"generated column":      columns + `a.attgenerated = 's'`,
		"composite foreign key": foreignKeys + `cardinality(k.conkey) > 1`,
		"serial column":         relations + ` WHERE c.relkind = 'S' AND ` + hasOwner,
		"view":                  relations + ` WHERE c.relkind = 'v'`,
		"materialized view":     relations + ` WHERE c.relkind = 'm'`,
	},
	"chat": {
		"partitioned table":               relations + ` WHERE c.relkind = 'p'`,
		"default partition":               relations + ` WHERE pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'`,
		"self reference of partitions":    foreignKeys + `k.confrelid = c.oid AND c.relkind = 'p'`,
		"publication of a table":          `FROM pg_publication_rel`,
		"replica identity":                relations + ` WHERE c.relreplident = 'f'`,
		"policy that reads another table": policies + usage + `'%FROM messages%'`,
	},
	"teams": {
		"cycle of foreign keys":            foreignKeys + referredBack,
		"policy that calls another schema": policies + usage + `'%private.my_orgs()%'`,
		"function with SECURITY DEFINER":   functions + `p.prosecdef AND p.prosrc LIKE '%auth.users%'`,
		"function with VARIADIC":           functions + `p.provariadic <> 0`,
		"forced row security":              relations + ` WHERE c.relforcerowsecurity`,
		"uuid of users without a key":      columns + `a.attname = 'actor' AND NOT ` + inAKey,
		"default of an extension":          `FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%uuid_generate_v4%'`,
	},
	"billing": {
		"column of domain type":  columns + `t.typtype = 'd'`,
		"domain of an array":     `FROM pg_type WHERE typtype = 'd' AND typbasetype = 'text[]'::regtype`,
		"restrictive policy":     policies + `p.permissive = 'RESTRICTIVE'`,
		"check of two columns":   constraints + `k.contype = 'c' AND cardinality(k.conkey) > 1`,
		"array of numeric":       columns + `t.typname = '_numeric'`,
		"column of jsonb":        columns + `t.typname = 'jsonb'`,
		"table without a policy": `WHERE NOT EXISTS (SELECT FROM pg_policies WHERE tablename = 'customers')`,
	},
	"documents": {
		"foreign key to storage":    foreignKeys + `k.confrelid = 'storage.objects'::regclass`,
		"policy that calls storage": policies + usage + `'%storage.foldername(%'`,
		"view that reads storage":   `FROM pg_views WHERE schemaname = 'public' AND definition LIKE '%storage.objects%'`,
		"trigger on storage":        triggers + `c.oid = 'storage.objects'::regclass`,
		"self reference":            foreignKeys + `k.confrelid = c.oid`,
		"unique key with nulls":     `FROM pg_index WHERE indnullsnotdistinct`,
	},
	"own-users": {
		"table public.users":           `WHERE to_regclass('public.users') IS NOT NULL`,
		"name in mixed case":           relations + ` WHERE c.relkind = 'r' AND c.relname = 'user_Data'`,
		"name that is a reserved word": columns + `a.attname IN ('select', 'table', 'user')`,
		"name with a space":            relations + ` WHERE c.relkind = 'r' AND c.relname = 'Order Item'`,
		"name of a table of Xenon":     `WHERE to_regclass('public.account') IS NOT NULL`,
		"column of timestamp":          columns + `t.typname = 'timestamp'`,
		"trigger on users, at changes": triggers + `c.oid = 'auth.users'::regclass AND g.tgtype & 16 > 0`,
	},
	"blog": {
		"citext column":               columns + `t.typname = 'citext'`,
		"extension pg_trgm":           `FROM pg_extension WHERE extname = 'pg_trgm'`,
		"extension unaccent":          `FROM pg_extension WHERE extname = 'unaccent'`,
		"index that calls a function": `FROM pg_indexes WHERE indexdef LIKE '%without_accents(%'`,
		"generated tsvector":          columns + `t.typname = 'tsvector' AND a.attgenerated = 's'`,
		"text search configuration":   `FROM pg_ts_config k JOIN pg_namespace n ON n.oid = k.cfgnamespace AND ` + own,
		"extended statistics":         `FROM pg_statistic_ext`,
		"function on a row":           functions + `p.proargtypes[0] = 'public.posts'::regtype`,
	},
	"tasks": {
		"array of uuids":               columns + `t.typname = '_uuid'`,
		"identity ALWAYS":              columns + `a.attidentity = 'a'`,
		"identity BY DEFAULT":          columns + `a.attidentity = 'd'`,
		"exclusion constraint":         constraints + `k.contype = 'x'`,
		"deferrable foreign key":       foreignKeys + `k.condeferrable`,
		"deferrable unique key":        constraints + `k.contype = 'u' AND k.condeferrable`,
		"key that sets one column":     foreignKeys + `k.confdelsetcols IS NOT NULL`,
		"table without primary key":    relations + ` WHERE c.relkind = 'r' AND NOT ` + primaryKey,
		"equal rows, no primary key":   `FROM public.events GROUP BY events HAVING count(*) > 1`,
		"array with other lower bound": `FROM public.events WHERE array_lower(ids, 1) = 0`,
	},
	"marketplace": {
		"inherited table":                relations + ` JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relkind = 'r'`,
		"rows of the parent alone":       `FROM ONLY public.listings`,
		"column of composite type":       columns + `t.typtype = 'c'`,
		"sequence of no column":          relations + ` WHERE c.relkind = 'S' AND NOT ` + hasOwner,
		"function with a body of SQL":    functions + `p.prosqlbody IS NOT NULL`,
		"procedure":                      functions + `p.prokind = 'p'`,
		"aggregate":                      functions + `p.prokind = 'a'`,
		"operator":                       `FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace AND ` + own,
		"rule":                           `FROM pg_rules WHERE schemaname = 'public'`,
		"constraint trigger":             triggers + `g.tgconstraint <> 0`,
		"trigger with transition tables": triggers + `g.tgnewtable IS NOT NULL`,
		"disabled trigger":               triggers + `g.tgenabled = 'D'`,
	},
	"game": {
		"two schemas":                    `FROM pg_tables a, pg_views b WHERE a.schemaname = 'app' AND b.schemaname = 'api'`,
		"column privilege":               columns + `a.attacl IS NOT NULL`,
		"function of rows in own policy": policies + usage + `'%guild_mates()%' AND p.tablename = 'players'`,
		"view with a check option":       `FROM pg_class WHERE 'check_option=local' = ANY (reloptions)`,
		"trigger on users, at sign-in":   triggers + `c.oid = 'auth.users'::regclass AND g.tgtype & 16 > 0`,
		"default privileges of a schema": `FROM pg_default_acl WHERE defaclnamespace = 'api'::regnamespace`,
	},
	"notes": {
		"check that is not valid":         constraints + `k.contype = 'c' AND NOT k.convalidated`,
		"foreign key that is not valid":   foreignKeys + `NOT k.convalidated`,
		"row that violates its key":       `FROM note_views v WHERE NOT EXISTS (SELECT FROM auth.users WHERE id = v.user_id)`,
		"row that violates its check":     `FROM notes WHERE title IS NULL AND coalesce(body, '') = ''`,
		"key with ON UPDATE CASCADE":      foreignKeys + `k.confupdtype = 'c'`,
		"key that sets null":              foreignKeys + `k.confdeltype = 'n' AND NOT ` + notNullable,
		"key that sets a NOT NULL column": foreignKeys + `k.confdeltype = 'n' AND ` + notNullable,
		"null in a foreign key":           `FROM notes WHERE reviewer IS NULL AND notebook IS NULL`,
		"unlogged table":                  relations + ` WHERE c.relkind = 'r' AND c.relpersistence = 'u'`,
		"soft delete":                     `FROM notes WHERE deleted_at IS NOT NULL`,
		"bytea":                           `FROM attachments WHERE length(data) = 400000`,
		"infinite time":                   `FROM notes WHERE remind_at = 'infinity'`,
		"NaN":                             `FROM measurements WHERE value = 'NaN' OR exact = 'NaN'`,
		"interval":                        `FROM measurements WHERE lasted < '-1 month'`,
		"text of a megabyte":              `FROM notes WHERE length(body) > 1000000`,
	},
}
