package admin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The limits of list-audit-events.
const (
	defaultAuditEvents = 50
	maxAuditEvents     = 100
	defaultAuditDays   = 30
	maxAuditDays       = 366
)

// The errors of list-audit-events, which Better Auth does not have.
var (
	errInvalidUserID = web.NewError(http.StatusBadRequest, "INVALID_USER_ID", "userId must be a UUID")
	errInvalidLimit  = web.NewError(http.StatusBadRequest, "INVALID_LIMIT", "limit must be a number from 1 to 100")
	errInvalidDays   = web.NewError(http.StatusBadRequest, "INVALID_DAYS", "days must be a number from 1 to 366")
	errInvalidCursor = web.NewError(http.StatusBadRequest, "INVALID_CURSOR",
		"cursor must be the cursor of an answer to the same request, not older than a day")
)

type listAuditEventsRequest struct {
	UserID string  `json:"userId"`
	Limit  *string `json:"limit"`
	Days   *string `json:"days"`
	Cursor *string `json:"cursor"`
}

type listAuditEventsReply struct {
	Events []auditlog.Event `json:"events"`
	Cursor string           `json:"cursor,omitempty"` // of the next page
}

// listAuditEvents answers GET /api/auth/admin/list-audit-events, which Better Auth does not have, with a page of the
// audit events of a user, newest first. The user need not exist any more.
func (s *Service) listAuditEvents(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in listAuditEventsRequest
	if err := web.DecodeQuery(r, &in); err != nil {
		return err
	}
	if _, err := s.requireRight(w, r, db, "user", "get", errAuditDenied); err != nil {
		return err
	}
	web.NoteSubject(r.Context(), in.UserID)
	q, err := in.query(s.Now())
	if err != nil {
		return err
	}
	page, err := s.auditLog.Read(r.Context(), q)
	if errors.Is(err, auditlog.ErrInvalidToken) {
		return errInvalidCursor
	}
	if err != nil {
		return errAuditLogUnavailable(err)
	}
	reply := listAuditEventsReply{Events: page.Events}
	if page.Next != "" {
		reply.Cursor = strconv.FormatInt(q.Until.UnixMilli(), 10) + "." + page.Next
	}
	return web.WriteJSON(w, http.StatusOK, reply)
}

// errAuditLogUnavailable is the error of a request for which the audit log cannot be read, for example because
// CloudWatch limits the rate of calls, or the function may not read the log group.
func errAuditLogUnavailable(cause error) error {
	e := web.NewError(http.StatusServiceUnavailable, "AUDIT_LOG_UNAVAILABLE", "The audit log cannot be read at the moment")
	e.Cause = cause
	return e
}

// query returns the query that a request describes. A cursor has the end of the time window and the token of the page,
// separated by a dot: events that are written after the first page move no event to another page.
func (in listAuditEventsRequest) query(now time.Time) (q auditlog.Query, err error) {
	if !isUUID(in.UserID) {
		return q, errInvalidUserID
	}
	limit, ok := numberUpTo(maxAuditEvents, in.Limit, defaultAuditEvents)
	if !ok {
		return q, errInvalidLimit
	}
	days, ok := numberUpTo(maxAuditDays, in.Days, defaultAuditDays)
	if !ok {
		return q, errInvalidDays
	}
	q = auditlog.Query{UserID: strings.ToLower(in.UserID), Until: now, Limit: limit}
	if in.Cursor != nil {
		end, token, _ := strings.Cut(*in.Cursor, ".")
		ms, err := strconv.ParseInt(end, 10, 64)
		if err != nil || token == "" || ms > now.UnixMilli() {
			return q, errInvalidCursor
		}
		q.Until, q.Token = time.UnixMilli(ms), token
	}
	q.From = q.Until.AddDate(0, 0, -days)
	return q, nil
}

// numberUpTo returns the number in a parameter, or the default if there is no parameter. ok is false if it is not a
// number from 1 to most.
func numberUpTo(most int, text *string, byDefault int) (n int, ok bool) {
	if text == nil {
		return byDefault, true
	}
	n, err := strconv.Atoi(*text)
	return n, err == nil && n >= 1 && n <= most
}
