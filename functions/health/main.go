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
)

func main() {
	lambdahttp.Main(func(cfg config.API) http.Handler {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets.DatabaseURL, appSecrets.Invalidate, 1).In(cfg.Schema)
		return health.New(db, limit.New(cfg, db, appSecrets.AcceptsOrigin, time.Now)).Health().Mux(cfg)
	})
}
