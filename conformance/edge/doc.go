// Package edge runs what a deployment has besides its functions: the script that CloudFront runs, and the one that
// publishes the site, and what the deployment path installs.
package edge
