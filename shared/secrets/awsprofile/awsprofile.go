// Package awsprofile finds the AWS credentials of the user of cmd/xenon as the AWS CLI does: in variables, profiles and
// single sign-on. Lambda functions do not import it, because it makes a binary 1.6 MB larger.
package awsprofile

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/xenon-auth/xenon/shared/config"
)

// Load returns the region, the credentials and the endpoints that the SDK finds in variables and files. An endpoint in
// settings takes precedence. Load does not renew expired credentials.
func Load(ctx context.Context, settings config.AWS) (config.AWS, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return settings, fmt.Errorf("load AWS settings: %w", err)
	}
	as, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return settings, fmt.Errorf("find AWS credentials: %w", err)
	}
	endpoint := aws.ToString(cfg.BaseEndpoint)
	out := config.AWS{
		Region:          cfg.Region,
		AccessKeyID:     as.AccessKeyID,
		SecretAccessKey: config.Secret(as.SecretAccessKey),
		SessionToken:    config.Secret(as.SessionToken),
		SecretsEndpoint: cmp.Or(settings.SecretsEndpoint, endpoint),
		QueueEndpoint:   cmp.Or(settings.QueueEndpoint, endpoint),
		LogsEndpoint:    cmp.Or(settings.LogsEndpoint, endpoint),
		LogGroup:        settings.LogGroup,
	}
	return out, out.Check()
}
