// Command function is the bare Lambda function of the benchmark: aws-lambda-go and nothing else. It answers each event
// with the response in the environment variable BARE_FUNCTION.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal([]byte(os.Getenv("BARE_FUNCTION")), &response); err != nil {
		log.Fatal(err)
	}
	lambda.Start(func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		return response, nil
	})
}
