package main

import (
	"fmt"
	"time"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/health"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/passwordless"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/twofactor"
	"github.com/xenon-auth/xenon/shared/web"
)

// routesByFunction returns the routes that each folder under functions/ serves. mailSender may be nil: then mails go
// where the settings say.
func routesByFunction(
	cfg config.API, appSecrets *secrets.Secrets, db *store.Store, now func() time.Time, auditLog auditlog.Reader,
	mailSender mail.Sender,
) map[string]web.Routes {
	limits := limit.New(cfg, db, web.NewClients(cfg.ClientIP, appSecrets.AcceptsOriginSecret), now)
	a := auth.New(cfg, db, appSecrets, now)
	if mailSender != nil {
		a.Mail = mailSender
	}
	return map[string]web.Routes{
		"account":      a.AccountRoutes(),
		"admin":        admin.New(a, auditLog).AdminRoutes(),
		"social":       social.New(a, appSecrets).SocialRoutes(),
		"email":        a.EmailRoutes(),
		"passwordless": passwordless.New(a).PasswordlessRoutes(),
		"password":     a.PasswordRoutes(),
		"signup":       a.SignupRoutes(),
		"signin":       a.SigninRoutes(),
		"signout":      a.SignoutRoutes(),
		"session":      a.SessionRoutes(),
		"token":        a.TokenRoutes(),
		"jwks":         a.JWKSRoutes(),
		"profile":      profile.New(cfg, db, limits, now).ProfileRoutes(),
		"health":       health.New(cfg, db, limits).HealthRoutes(),
		"twofactor":    twofactor.New(a).TwoFactorRoutes(),
	}
}

// templateRoutes returns the routes that template.yaml gives to the functions.
func templateRoutes(t template, served map[string]web.Routes) (web.Routes, error) {
	mounted := web.Routes{}
	for folder, routes := range t.routes() {
		for _, route := range routes {
			h, ok := served[folder][route]
			if !ok {
				return nil, fmt.Errorf("template.yaml gives %s to functions/%s, which does not serve it", route, folder)
			}
			mounted[route] = h
		}
	}
	return mounted, nil
}
