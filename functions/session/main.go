// Command session is the Lambda function of get-session and of the routes that list, update and revoke sessions.
package main

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

func main() {
	lambdahttp.Main(func(cfg config.API) http.Handler {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets, 1).UseSchema(cfg.Schema).UsePlugins(cfg.Plugins).UseCustomClaims(cfg.CustomClaims)
		return auth.New(cfg, db, appSecrets, time.Now).SessionRoutes().Mux(cfg)
	})
}
