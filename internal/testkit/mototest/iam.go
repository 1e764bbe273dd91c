//go:build moto

package mototest

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// NewIAMUser makes an IAM user who may do the actions, such as sqs:*. It does so without the SDK's IAM client, which
// has 6.4 MB of source.
func (s *Server) NewIAMUser(t testing.TB, actions string) (key, secret string) {
	t.Helper()
	var made struct {
		Key    string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	for _, call := range []string{
		"Action=CreateUser&UserName=test",
		"Action=PutUserPolicy&UserName=test&PolicyName=test&PolicyDocument=" + url.QueryEscape(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"`+actions+`","Resource":"*"}]}`),
		"Action=CreateAccessKey&UserName=test",
	} {
		body := strings.NewReader(call + "&Version=2010-05-08")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL.JoinPath("/").String(), body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+
			"Credential=AKIDEXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s\n%s", call, resp.Status, text)
		}
		if err := xml.Unmarshal(text, &made); err != nil {
			t.Fatal(err)
		}
	}
	return made.Key, made.Secret
}
