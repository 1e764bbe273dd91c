// Command deliver is the Lambda function that sends the queued events to their receiver.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event/deliver"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	cfg, err := config.FromEnv(config.LoadDelivery)
	if err != nil {
		slog.Error("settings are wrong; the function does not start", "problem", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(deliver.New(cfg, time.Now).Handle)
}
