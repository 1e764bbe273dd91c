// Command mailer is the Lambda function that reads the mail queue and sends the mails.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/mailer"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	m, err := config.FromEnv(mailer.Loader(time.Now))
	if err != nil {
		slog.Error("settings are wrong; the function does not start", "problem", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(m.Deliver)
}
