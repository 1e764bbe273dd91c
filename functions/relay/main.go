// Command relay is the Lambda function that moves events from the database to their queue, once a minute.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	cfg, err := config.FromEnv(config.LoadRelay)
	if err != nil {
		slog.Error("settings are wrong; the function does not start", "problem", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(event.NewQueueRelay(cfg, time.Now).HandleSchedule)
}
