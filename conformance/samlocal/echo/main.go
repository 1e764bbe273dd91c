// Command echo is a Lambda function that answers every event with an HTTP response whose body is the event, byte for
// byte as the Runtime API sent it.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
)

// api is the Runtime API of the emulator: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const api = "http://127.0.0.1:9001/2018-06-01/runtime/invocation/"

func main() {
	for {
		if err := answer(); err != nil {
			log.Fatal(err)
		}
	}
}

func answer() error {
	next, err := http.Get(api + "next")
	if err != nil {
		return err
	}
	defer next.Body.Close()
	event, err := io.ReadAll(next.Body)
	if err != nil {
		return err
	}
	reply, err := json.Marshal(map[string]any{
		"statusCode": http.StatusOK, "headers": map[string]string{"Content-Type": "application/json"}, "body": string(event),
	})
	if err != nil {
		return err
	}
	path := next.Header.Get("Lambda-Runtime-Aws-Request-Id") + "/response"
	done, err := http.Post(api+path, "application/json", bytes.NewReader(reply))
	if err != nil {
		return err
	}
	return done.Body.Close()
}
