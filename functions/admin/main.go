// Command admin is the Lambda function for administrators: list, change, ban and delete users, impersonate them.
package main

import (
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/admin"
	"github.com/xenon-auth/xenon/shared/auditlog"
	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/lambdahttp"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

func main() {
	lambdahttp.Main(func(cfg config.API) http.Handler {
		appSecrets := secrets.New(cfg, time.Now)
		db := store.Open(appSecrets, 1).UseSchema(cfg.Schema).UsePlugins(cfg.Plugins)
		service := auth.New(cfg, db, appSecrets, time.Now)
		return admin.New(service, auditlog.NewCloudWatch(cfg.AWS)).AdminRoutes().Mux(cfg)
	})
}
