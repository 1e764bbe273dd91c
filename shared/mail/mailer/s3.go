package mailer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// maxObjectBytes limits an answer of S3.
const maxObjectBytes = 256 << 10

// bucket reads templates from S3. It signs its requests with the signer of the AWS SDK, but does not use the SDK's
// client, which would make the function larger for two calls.
type bucket struct {
	aws       config.AWS
	templates config.MailTemplates
	now       func() time.Time
}

// objectList is the answer of ListObjectsV2. One answer has up to 1000 objects, far more than there are templates.
type objectList struct {
	IsTruncated bool `xml:"IsTruncated"`
	Contents    []struct {
		Key string `xml:"Key"`
	} `xml:"Contents"`
}

// read returns the templates below the prefix, by name.
func (b *bucket) read(ctx context.Context) (map[string]string, error) {
	text, err := b.get(ctx, "", url.Values{"list-type": {"2"}, "prefix": {b.templates.Prefix}})
	if err != nil {
		return nil, fmt.Errorf("list the templates in S3: %w", err)
	}
	var list objectList
	if err := xml.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("list the templates in S3: %w", err)
	}
	if list.IsTruncated {
		return nil, errors.New("list the templates in S3: there are more than 1000 objects below the prefix")
	}
	files := map[string]string{}
	for _, object := range list.Contents {
		name := strings.TrimPrefix(object.Key, b.templates.Prefix)
		if !content.IsTemplate(name) {
			continue
		}
		text, err := b.get(ctx, object.Key, nil)
		if err != nil {
			return nil, fmt.Errorf("read the template %s in S3: %w", name, err)
		}
		files[name] = string(text)
	}
	return files, nil
}

// get returns the body of one answer of S3.
func (b *bucket) get(ctx context.Context, key string, query url.Values) ([]byte, error) {
	r, err := b.newRequest(ctx, key, query)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("call S3: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxObjectBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer of S3: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		var problem struct{ Code string }
		_ = xml.Unmarshal(text, &problem) // the error of a body that is not XML has the status only
		return nil, fmt.Errorf("S3 answered %d %s", answer.StatusCode, problem.Code)
	}
	if len(text) > maxObjectBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxObjectBytes)
	}
	return text, nil
}

// newRequest returns a signed request. The bucket is in the path, as emulators and names with a dot need it.
func (b *bucket) newRequest(ctx context.Context, key string, query url.Values) (*http.Request, error) {
	if err := b.aws.Check(); err != nil {
		return nil, err
	}
	target := b.endpoint() + "/" + b.templates.Bucket + "/" + escapeKey(key)
	if query != nil {
		target += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(nil)
	payload := hex.EncodeToString(hash[:])
	r.Header.Set("X-Amz-Content-Sha256", payload)
	as := aws.Credentials{
		AccessKeyID:     b.aws.AccessKeyID,
		SecretAccessKey: string(b.aws.SecretAccessKey),
		SessionToken:    string(b.aws.SessionToken),
	}
	// S3 compares the path as it is sent; the signer must not escape it a second time.
	once := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	return r, v4.NewSigner().SignHTTP(ctx, as, r, payload, "s3", b.aws.Region, b.now(), once)
}

// endpoint returns the URL of S3 in the region, or of an emulator.
func (b *bucket) endpoint() string {
	domain := "amazonaws.com"
	if strings.HasPrefix(b.aws.Region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	return strings.TrimSuffix(cmp.Or(b.aws.StorageEndpoint, "https://s3."+b.aws.Region+"."+domain), "/")
}

// escapeKey escapes a key for a path, and keeps its slashes.
func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
	}
	return strings.Join(parts, "/")
}
