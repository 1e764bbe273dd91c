// Command social is the Lambda function of social sign-in: sign in with a provider, handle its callback, link accounts,
// return a provider's tokens.
package main

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/social"
	"github.com/xenon-auth/xenon/shared/store"
)

func main() {
	lambdahttp.MainWithSocial(func(cfg config.API) http.Handler {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets, 1).UseSchema(cfg.Schema).UsePlugins(cfg.Plugins)
		return social.New(auth.New(cfg, db, appSecrets, time.Now), appSecrets).SocialRoutes().Mux(cfg)
	})
}
