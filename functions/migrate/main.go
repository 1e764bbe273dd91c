// Command migrate is the Lambda function that the state machine of the import from Supabase calls. It executes one
// action per call.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	h, err := loadHandler(log)
	if err != nil {
		log.Error("settings are wrong; the function does not start", "problem", err.Error())
		os.Exit(1)
	}
	lambda.StartHandlerFunc(h.handle)
}
