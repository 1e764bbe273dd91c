package profile

import (
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// readFields returns the declared fields of a body. It reports all invalid fields in one 400.
func (s *Service) readFields(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	if err := web.ReadBody(w, r, false); err != nil {
		return nil, err
	}
	object, ok := web.BodyObject(r)
	if !ok {
		return nil, errBodyNotObject
	}
	known, problems := map[string]any{}, []string(nil)
	for i := range s.Fields {
		f := &s.Fields[i]
		value, present := object[f.Name]
		if !present {
			continue
		}
		if problem := f.Problem(value); problem != "" {
			problems = append(problems, f.Name+": "+problem)
		}
		known[f.Name] = value
	}
	if len(problems) > 0 {
		return nil, web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(problems, "; "))
	}
	return known, nil
}
