// Command twofactor is the Lambda function of the second factor: set up an app or mailed codes, and enter a code.
package main

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/twofactor"
)

func main() {
	lambdahttp.Main(func(cfg config.API) http.Handler {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets, 1).UseSchema(cfg.Schema).UsePlugins(cfg.Plugins)
		return twofactor.New(auth.New(cfg, db, appSecrets, time.Now)).TwoFactorRoutes().Mux(cfg)
	})
}
