// Package edge tests the parts of a deployment that are not Lambda functions: the CloudFront function, the scripts that
// deploy and publish, and the packages that they install.
package edge
