// Command migrate is the Lambda function that the state machine of the import from Supabase calls. It executes one
// action per call.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/xenon-auth/xenon/shared/config"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	cfg, err := config.FromEnv(config.LoadImport)
	if err != nil {
		log.Error("settings are wrong; the function does not start", "problem", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(handler{cfg: cfg, log: log, now: time.Now}.handle)
}
