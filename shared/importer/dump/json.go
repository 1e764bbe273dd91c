package dump

import (
	"encoding/json"
	"errors"
	"io"
)

// jsonReader reads a list of users in JSON: an array of users, an object with such an array, a user, or several of
// them.
type jsonReader struct {
	*fileReader
	dec   *json.Decoder
	what  string // what the file should be, for messages
	id    string // the member with the id of a user
	each  func(user object) error
	users int64 // that were read
	total int64 // the number of users of the project, if the file tells it
}

// readAll reads all users.
func (j *jsonReader) readAll() error {
	for {
		err := j.document()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return j.syntaxError(err)
		}
	}
}

// document reads one value at the top level. It returns io.EOF if there is none.
func (j *jsonReader) document() error {
	token, err := j.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('['):
		return j.array()
	case json.Delim('{'):
		return j.object()
	}
	return j.refuseValue()
}

func (j *jsonReader) refuseValue() error {
	return refuse("%s is not the JSON of %s: it has no list of users", j.file.Name, j.what)
}

// syntaxError returns the refusal for an error of the decoder.
func (j *jsonReader) syntaxError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errCut):
		return cutShort("the JSON ends after %d users", j.users)
	case errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		return refuse("%s is not valid JSON of %s, near byte %d", j.file.Name, j.what, j.dec.InputOffset())
	}
	return err
}

// array reads the users of an array and its end.
func (j *jsonReader) array() error {
	for j.dec.More() {
		var user object
		if err := j.dec.Decode(&user); err != nil {
			return cutAtEnd(err)
		}
		if err := j.user(user); err != nil {
			return err
		}
	}
	_, err := j.dec.Token()
	return cutAtEnd(err)
}

func (j *jsonReader) user(user object) error {
	j.users++
	return j.each(user)
}

// cutAtEnd turns the end of the file within a value into errCut.
func cutAtEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// object reads an object after its brace: an answer of the API with the list of users, or one user.
func (j *jsonReader) object() error {
	members, lists := object{}, 0
	for j.dec.More() {
		name, err := j.dec.Token()
		if err != nil {
			return cutAtEnd(err)
		}
		text, _ := name.(string) // the decoder has checked that it is one
		if text != "users" && text != "data" {
			var value json.RawMessage
			if err := j.dec.Decode(&value); err != nil {
				return cutAtEnd(err)
			}
			members[text] = value
			continue
		}
		lists++
		if err := cutAtEnd(j.document()); err != nil {
			return err
		}
	}
	if _, err := j.dec.Token(); err != nil {
		return cutAtEnd(err)
	}
	var total int64
	for _, name := range []string{"total", "totalCount", "total_count"} {
		if json.Unmarshal(members[name], &total) == nil {
			j.total = max(j.total, total)
		}
	}
	if members[j.id] != nil && lists == 0 {
		return j.user(members)
	}
	if lists == 0 {
		return j.refuseValue()
	}
	return nil
}

// checkTotal returns an error if the file has fewer users than it says that there are.
func (j *jsonReader) checkTotal() error {
	if j.total > j.users {
		return refuse("%s has %d of %d users: %s returns pages; write all pages into the file, one after the other",
			j.file.Name, j.users, j.total, j.what)
	}
	return nil
}
