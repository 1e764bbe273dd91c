// Command health is the Lambda function of /health and of Better Auth's routes /api/auth/ok and /api/auth/error.
package main

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/health"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

func main() {
	lambdahttp.MainWithFile(func(cfg config.API) (http.Handler, error) {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets, 1).UseSchema(cfg.Schema).UseCustomClaims(cfg.CustomClaims).UseEvents(cfg.Events.On)
		limits := limit.New(cfg, db, web.NewClients(cfg.ClientIP, appSecrets.AcceptsOriginSecret), time.Now)
		service, err := health.Load(cfg, db, limits)
		return service.HealthRoutes().Mux(cfg), err
	})
}
