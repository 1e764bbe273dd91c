package dump

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // for ids, not for security
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// service is a service other than Supabase. Its export becomes rows of Supabase's tables, so that the import, the
// verification and the rollback are the same.
type service interface {
	info() serviceInfo
	// matchesJSON and matchesCSV report whether a file that begins with head is an export of the service.
	matchesJSON(head []byte) bool
	matchesCSV(head []byte) bool
	// user converts a user. It takes the values that it uses from f, and notes what the operator has to know.
	user(f fields, n *notes) (exportedUser, error)
}

// serviceInfo describes a service and its export.
type serviceInfo struct {
	name   string // of the service
	export string // what the file is, such as "Clerk's export"
	origin string // a URL, from which the ids of users are derived
	id     string // the member with the id of a user
	// columns are the names for the columns of a CSV file. nil means that its first line has them.
	columns    []string
	minColumns int // the number of values of a record can be smaller than that of columns, down to this
	// looseQuotes accepts quotes within the values of a CSV file.
	looseQuotes bool
	remedy      string // what to do about a CSV file that cannot be read
}

// exportedUser is a user of a service.
type exportedUser struct {
	id                           string
	email, phone                 string
	emailVerified, phoneVerified bool
	password                     string // as shared/password reads it
	passwordUnusable             bool   // shared/password cannot verify it
	banned, anonymous            bool
	created, updated, lastSignIn time.Time
	userMetadata                 map[string]any // what the user may change, and the profile
	appMetadata                  map[string]any // what only the application may change
	identities                   []exportedIdentity
	factors                      []exportedFactor
}

// exportedIdentity is an account at a provider. The name of the provider is the one that Supabase uses.
type exportedIdentity struct {
	provider, subject string
	data              object
}

// exportedFactor is a second factor that the user has set up.
type exportedFactor struct{ kind, secret, phone, name string }

// Formats of a file, as Options.Format names them.
const (
	FormatSupabase = "supabase"
	FormatClerk    = "clerk"
	FormatFirebase = "firebase"
)

// NoHashConfig is the value of Options.FirebaseHashConfig with which passwords of Firebase are not imported.
const NoHashConfig = "none"

// services returns the services by the names of their formats.
func (o Options) services() (map[string]service, error) {
	f := firebase{skipPasswords: o.FirebaseHashConfig == NoHashConfig}
	if o.FirebaseHashConfig != "" && !f.skipPasswords {
		c, err := readHashConfig(o.FirebaseHashConfig)
		if err != nil {
			return nil, err
		}
		f.config = &c
	}
	return map[string]service{FormatClerk: clerk{}, FormatFirebase: f}, nil
}

// findService returns the service whose export a text is, or nil if the text is from Supabase.
func (f *fileReader) findService(head []byte, isJSON bool) (service, error) {
	all, err := f.options.services()
	if err != nil {
		return nil, err
	}
	format := f.options.Format
	for _, name := range []string{FormatClerk, FormatFirebase} {
		s := all[name]
		if format == "" && (isJSON && s.matchesJSON(head) || !isJSON && s.matchesCSV(head)) {
			format = name
		}
	}
	if f.options.FirebaseHashConfig != "" && format != FormatFirebase {
		return nil, refuse("%s is not an export of Firebase, so --firebase-hash-config has no use", f.file.Name)
	}
	return all[format], nil
}

// checkFormat returns an error if the file is an archive, but should be an export of a service.
func (f *fileReader) checkFormat(format string) error {
	if f.options.Format != "" && f.options.Format != FormatSupabase {
		return refuse("%s is not an export of %s, but a file in the %s", f.file.Name, f.options.Format, format)
	}
	return nil
}

// userID returns the UUID of a user: the id of the service if that is a UUID, or else a UUID of version 5 (RFC 9562)
// from the id. The same id always becomes the same UUID.
func (s serviceInfo) userID(id string) string {
	if uuidPattern.MatchString(id) {
		return strings.ToLower(id)
	}
	return uuidOf(uuidV5(uuidV5(urlNamespace, s.origin), id))
}

var (
	uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	// urlNamespace is the namespace of RFC 9562 for URLs, 6ba7b811-9dad-11d1-80b4-00c04fd430c8.
	urlNamespace = []byte("\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8")
)

func uuidV5(namespace []byte, name string) []byte {
	h := sha1.New() //nolint:gosec // for ids, not for security
	h.Write(namespace)
	h.Write([]byte(name))
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

func uuidOf(id []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// readExport reads the users that a service has exported.
func (f *fileReader) readExport(in io.Reader, s service, isJSON bool) error {
	e, err := newExportReader(f, s)
	if err != nil {
		return err
	}
	defer e.close()
	if isJSON {
		f.setFormat(e.info.export + ", JSON")
		j := jsonReader{fileReader: f, dec: json.NewDecoder(in), what: e.info.export, id: e.info.id, each: e.addJSON}
		if err = j.readAll(); err == nil {
			err = j.checkTotal()
		}
	} else {
		f.setFormat(e.info.export + ", CSV")
		err = e.readCSV(in)
	}
	if err != nil {
		return err
	}
	if e.rows[usersTable] == 0 {
		return refuse("%s has no users", f.file.Name)
	}
	return e.finish()
}

// oneLine returns the first line of head, without its end.
func oneLine(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return strings.TrimRight(string(line), "\r")
}
