// Command rotate is the Lambda function that Secrets Manager calls to rotate the signing keys.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	cfg, err := config.FromEnv(config.LoadRotation)
	if err != nil {
		slog.Error("settings are wrong; the function does not start", "problem", err.Error())
		os.Exit(1)
	}
	lambda.Start(keys.NewRotation(cfg, time.Now).Do)
}
