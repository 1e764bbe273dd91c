// Package laptop finds as whom a person calls AWS: by a profile, single sign-on, or whatever else the SDK knows.
// Functions do without it, because it would make each of them 1.6 MB bigger.
package laptop

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/xenon-auth/xenon/shared/config"
)

// AWS returns what the SDK finds in its variables and files, with the endpoints of in, if it has any. What it found
// lasts as long as the person's sign-in; nothing renews it.
func AWS(ctx context.Context, in config.AWS) (config.AWS, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return in, fmt.Errorf("load AWS settings: %w", err)
	}
	as, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return in, fmt.Errorf("find AWS credentials: %w", err)
	}
	endpoint := aws.ToString(cfg.BaseEndpoint)
	out := config.AWS{
		Region:          cfg.Region,
		AccessKeyID:     as.AccessKeyID,
		SecretAccessKey: config.Secret(as.SecretAccessKey),
		SessionToken:    config.Secret(as.SessionToken),
		SecretsEndpoint: cmp.Or(in.SecretsEndpoint, endpoint),
		QueueEndpoint:   cmp.Or(in.QueueEndpoint, endpoint),
	}
	return out, out.Check()
}
