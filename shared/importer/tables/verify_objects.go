package tables

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// objectKey identifies an object in source and target.
type objectKey struct{ kind, name string }

// compareDefinitions compares the objects of the moved schemas.
func (c *comparison) compareDefinitions(ctx context.Context) ([]KindCounts, error) {
	source, err := c.sourceDefinitions(ctx)
	if err != nil {
		return nil, err
	}
	target, err := currentDefinitions(ctx, c.dst, c.result.Schemas)
	if err != nil {
		return nil, err
	}
	sameVersion, err := c.isSameVersion(ctx)
	if err != nil {
		return nil, err
	}
	added, err := c.addedSince(ctx, target)
	if err != nil {
		return nil, err
	}
	kinds := map[string]*KindCounts{}
	for key, s := range source {
		k := kinds[key.kind]
		if k == nil {
			k = &KindCounts{Kind: key.kind, Missing: []string{}, Different: []string{}, Extra: []string{}}
			kinds[key.kind] = k
		}
		k.Source++
		t, exists := target[key]
		switch {
		case exists:
			k.Target++
			// Another major version writes other texts of views, functions and expressions.
			if t.Digest != s.Digest && (sameVersion || key.kind == "table") {
				k.Different = append(k.Different, key.name)
			}
		case !c.wasLeftOut(key):
			k.Missing = append(k.Missing, key.name)
		}
	}
	return sortKinds(kinds, added), nil
}

func sortKinds(kinds map[string]*KindCounts, added []objectKey) (all []KindCounts) {
	for _, key := range added {
		k := kinds[key.kind]
		if k == nil {
			k = &KindCounts{Kind: key.kind, Missing: []string{}, Different: []string{}}
			kinds[key.kind] = k
		}
		k.Extra = append(k.Extra, key.name)
	}
	for _, k := range kinds {
		for _, names := range [][]string{k.Missing, k.Different, k.Extra} {
			slices.Sort(names)
		}
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b KindCounts) int { return strings.Compare(a.Kind, b.Kind) })
	return all
}

// sourceDefinitions returns the objects of the source that the move covers.
func (c *comparison) sourceDefinitions(ctx context.Context) (map[objectKey]definition, error) {
	var text string
	err := c.dst.QueryRow(ctx, "SELECT options::text FROM supabase_import.move WHERE run = $1", c.run.ID).Scan(&text)
	if err != nil {
		return nil, run.Wrap("read the options of the move", err)
	}
	var o Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, err
	}
	o.Schemas = c.result.Schemas
	s, err := selectRelations(ctx, c.src, o)
	if err != nil {
		return nil, err
	}
	if err := run.Exec(ctx, c.src, "SET search_path = ''"); err != nil {
		return nil, err
	}
	all, err := definitions(ctx, c.src, s.schemas, s.excluded)
	return byKey(all), err
}

// currentDefinitions returns the objects of schemas of the target.
func currentDefinitions(ctx context.Context, dst *pgx.Conn, schemas []string) (map[objectKey]definition, error) {
	if err := run.Exec(ctx, dst, "SET search_path = ''"); err != nil {
		return nil, err
	}
	all, err := definitions(ctx, dst, schemas, nil)
	return byKey(all), err
}

func byKey(all []definition) map[objectKey]definition {
	m := map[objectKey]definition{}
	for _, d := range all {
		m[objectKey{d.Kind, d.Name}] = d
	}
	return m
}

func (c *comparison) isSameVersion(ctx context.Context) (bool, error) {
	const version = "SELECT current_setting('server_version_num')::int / 10000"
	var source, target int
	if err := c.src.QueryRow(ctx, version).Scan(&source); err != nil {
		return false, fmt.Errorf("read the version of the source: %w", err)
	}
	err := c.dst.QueryRow(ctx, version).Scan(&target)
	return source == target, run.Wrap("read the version of the target", err)
}

// addedSince returns the objects of the target that did not exist when the move was complete.
func (c *comparison) addedSince(ctx context.Context, now map[objectKey]definition) (added []objectKey, err error) {
	then, err := storedDefinitions(ctx, c.dst, c.run.ID)
	if err != nil || len(then) == 0 {
		return nil, err
	}
	for key := range now {
		if _, known := then[key]; !known {
			added = append(added, key)
		}
	}
	return added, nil
}

// storedDefinitions returns the objects of the target when the move was complete.
func storedDefinitions(ctx context.Context, dst *pgx.Conn, id int) (map[objectKey]definition, error) {
	all, err := query[definition](ctx, dst,
		"SELECT kind, name, on_table, digest FROM supabase_import.moved_definition WHERE run = $1", id)
	return byKey(all), run.Wrap("read the stored definitions", err)
}

// wasLeftOut reports whether the move has reported that the object is left out. pg_dump names objects without quotes,
// and objects of a table by the table and their name.
func (c *comparison) wasLeftOut(key objectKey) bool {
	for _, k := range c.result.Keys {
		if k.State == "left out" && key.kind == "foreign key" && plainName(key.name) == plainName(k.Table+": "+k.Name) {
			return true
		}
	}
	return slices.ContainsFunc(c.result.LeftOut, func(o LeftOut) bool {
		return strings.EqualFold(o.Kind, key.kind) && plainName(o.Name) == plainName(key.name)
	})
}

// plainName returns a name without quotes, the arguments of a function, and the colon after the table.
func plainName(name string) string {
	name, _, _ = strings.Cut(name, "(")
	return strings.NewReplacer(`"`, "", ": ", " ").Replace(name)
}
