// Command profile is the Lambda function of /api/profile.
package main

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/profile"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

func main() {
	lambdahttp.MainWithFile(func(cfg config.API) (http.Handler, error) {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets, 1).UseSchema(cfg.Schema)
		limits := limit.New(cfg, db, web.NewClients(cfg.ClientIP, appSecrets.AcceptsOriginSecret), time.Now)
		service, err := profile.Load(cfg, db, limits, time.Now)
		return service.ProfileRoutes().Mux(cfg), err
	})
}
