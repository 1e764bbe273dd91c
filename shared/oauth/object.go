package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
)

// object is a JSON object. Its numbers are json.Number, because a float64 cannot represent large ids exactly.
type object map[string]any

var errNotObject = errors.New("the answer is not a JSON object")

func parseObject(text []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil || o == nil {
		return nil, errNotObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotObject
	}
	return o, nil
}

// text returns a string, or "" if the member is missing or has another type.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// optional returns a string, or nil if the member is missing or has another type.
func (o object) optional(name string) *string {
	if s, ok := o[name].(string); ok {
		return &s
	}
	return nil
}

// id returns a member that is a string or an integer as text. An integer keeps all its digits.
func (o object) id(name string) string {
	number, ok := o[name].(json.Number)
	if !ok {
		return o.text(name)
	}
	if i, ok := new(big.Int).SetString(number.String(), 10); ok {
		return i.String()
	}
	return ""
}

// isTrue reports whether a member is true or "true": some providers send booleans as text.
func (o object) isTrue(name string) bool { return o[name] == true || o[name] == "true" }

// object returns a member that is an object, or nil. The methods treat nil as an object without members.
func (o object) object(name string) object {
	inner, _ := o[name].(map[string]any)
	return inner
}

// list returns the members of an array that are objects.
func (o object) list(name string) (items []object) {
	array, _ := o[name].([]any)
	for _, item := range array {
		if inner, ok := item.(map[string]any); ok {
			items = append(items, inner)
		}
	}
	return items
}

// encode returns the object as JSON.
func (o object) encode() json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(o) != nil {
		return nil
	}
	return bytes.TrimSpace(out.Bytes())
}

// firstNonEmpty returns the first text that is not empty.
func firstNonEmpty(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
