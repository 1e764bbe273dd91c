package main

import (
	"context"
	"fmt"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/secrets/awsprofile"
)

// originSecretCmd rotates the secret that CloudFront sends to the API. scripts/deploy calls it.
type originSecretCmd struct {
	ARN      string `arg:"" help:"The ARN of the app secret in Secrets Manager"`
	Deployed string `help:"The version whose origin secret CloudFront sends now; it stays accepted." placeholder:"VERSION"`
}

// Run adds a new origin secret to the app secret and prints the id of the version that has it.
func (c originSecretCmd) Run(ctx context.Context, std streams) error {
	as, err := awsprofile.Load(ctx, config.AWS{})
	if err != nil {
		return withAdvice(err, "Sign in to AWS as for the AWS CLI and set AWS_REGION.")
	}
	version, err := secrets.RotateOriginSecret(ctx, as, c.ARN, c.Deployed)
	if err != nil {
		return fmt.Errorf("rotate the origin secret: %w", err)
	}
	fmt.Fprintln(std.out, version)
	return nil
}
