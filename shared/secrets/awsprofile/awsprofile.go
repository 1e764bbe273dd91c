// Package awsprofile finds the AWS credentials of the user of cmd/xenon as the AWS CLI does: in variables, profiles and
// single sign-on. Functions do not import it, because it makes a binary 1.6 MB larger.
package awsprofile

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/xenon-auth/xenon/shared/config"
)

// Load returns the region, the credentials and the endpoints that the SDK finds in variables and files. The endpoints
// in the parameter in take precedence. Load does not renew expired credentials.
func Load(ctx context.Context, in config.AWS) (config.AWS, error) {
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
