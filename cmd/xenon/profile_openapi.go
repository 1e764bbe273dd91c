package main

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

// describeAPI returns docs/openapi.yaml with the schemas of these fields of the profile; without fields it leaves out
// the profile API. For the shipped declaration it returns the file itself.
func describeAPI(fields profilefields.Fields) ([]byte, error) {
	if len(fields) > 0 && &fields[0] == &declaration.Shipped()[0] {
		return embedded.OpenAPI, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(embedded.OpenAPI, &document); err != nil {
		return nil, fmt.Errorf("docs/openapi.yaml: %w", err)
	}
	root := document.Content[0]
	if len(fields) == 0 {
		removeKey(yamlPath(root, "paths"), "/api/profile")
		removeProfileTag(yamlPath(root, "tags"))
	} else if err := setProfileSchemas(root, fields); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// setProfileSchemas replaces the schemas of the profile and the examples of requests.
func setProfileSchemas(root *yaml.Node, fields profilefields.Fields) error {
	schemas := yamlPath(root, "components", "schemas")
	var properties yaml.Node
	if err := properties.Encode(profileSchemas(fields)); err != nil {
		return err
	}
	sent := yamlPath(schemas, "ProfileFields")
	yamlPath(sent, "description").Value = "The fields of the profile. Every field is optional; other fields are ignored."
	*yamlPath(sent, "properties") = properties
	answer := yamlPath(schemas, "Profile")
	if err := yamlPath(answer, "required").Encode(
		slices.Concat([]string{"id", "user_id"}, fields.Names(), []string{"created_at", "updated_at"}),
	); err != nil {
		return err
	}
	all := yamlPath(answer, "properties")
	n := len(all.Content) // keys and values; id and user_id are first, created_at and updated_at are last
	all.Content = slices.Concat(all.Content[:4], properties.Content, all.Content[n-4:])
	for _, method := range []string{"post", "put"} {
		example := yamlPath(root, "paths", "/api/profile", method, "requestBody", "content", "application/json", "example")
		if err := example.Encode(profileExample(fields)); err != nil {
			return err
		}
	}
	return nil
}

// orderedMap is a YAML mapping that keeps its order.
type orderedMap []orderedEntry

type orderedEntry struct {
	key   string
	value any
}

// MarshalYAML returns the mapping as a node.
func (m orderedMap) MarshalYAML() (any, error) {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, entry := range m {
		var value yaml.Node
		if err := value.Encode(entry.value); err != nil {
			return nil, err
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: entry.key}, &value)
	}
	return node, nil
}

// profileSchemas returns the JSON schema of each field.
func profileSchemas(fields profilefields.Fields) orderedMap {
	schemas := make(orderedMap, len(fields))
	for i, f := range fields {
		schemas[i] = orderedEntry{f.Name, profileSchema(f)}
	}
	return schemas
}

func profileSchema(f profilefields.Field) orderedMap {
	var schema orderedMap
	add := func(key string, value any) { schema = append(schema, orderedEntry{key, value}) }
	if f.Type == profilefields.Choice {
		var values []any
		for _, value := range f.Values() {
			values = append(values, value)
		}
		if f.IsNullable() {
			values = append(values, nil)
		}
		add("enum", values)
	} else {
		add("type", jsonType(f))
	}
	switch f.Type {
	case profilefields.Text:
		add("minLength", 1)
		add("maxLength", f.Max)
		if f.Pattern != "" {
			add("pattern", f.Pattern)
		}
	case profilefields.Integer:
		add("minimum", f.Min)
		add("maximum", f.Max)
	case profilefields.Choice, profilefields.Boolean:
	}
	if !f.IsNullable() {
		add("default", f.Default)
	}
	add("description", f.Label)
	return schema
}

// jsonType returns the type of a field in JSON schema, with 'null' if the field can be null.
func jsonType(f profilefields.Field) any {
	name := string(f.Type)
	if f.Type == profilefields.Text {
		name = "string"
	}
	if f.IsNullable() {
		return []string{name, "null"}
	}
	return name
}

// profileExample returns a value of the first field that has a value at hand.
func profileExample(fields profilefields.Fields) map[string]any {
	for _, f := range fields {
		switch {
		case f.Type == profilefields.Choice:
			return map[string]any{f.Name: f.Choices[0].Value}
		case f.Type == profilefields.Boolean:
			return map[string]any{f.Name: true}
		case f.Type == profilefields.Integer:
			return map[string]any{f.Name: f.Max}
		case f.Default != nil:
			return map[string]any{f.Name: f.Default}
		}
	}
	return map[string]any{fields[0].Name: nil}
}

// yamlPath returns the value below a mapping at the path of keys. It panics if there is none: the tests of the page
// read the document.
func yamlPath(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		i := indexOfKey(node, key)
		if i < 0 {
			panic("docs/openapi.yaml has no " + key)
		}
		node = node.Content[i+1]
	}
	return node
}

// indexOfKey returns the index of a key in the content of a mapping, -1 if there is none.
func indexOfKey(node *yaml.Node, key string) int {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func removeKey(node *yaml.Node, key string) {
	if i := indexOfKey(node, key); i >= 0 {
		node.Content = slices.Delete(node.Content, i, i+2)
	}
}

func removeProfileTag(tags *yaml.Node) {
	tags.Content = slices.DeleteFunc(tags.Content, func(tag *yaml.Node) bool {
		return yamlPath(tag, "name").Value == "Profile"
	})
}
