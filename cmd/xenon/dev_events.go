package main

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/event/deliver"
	"github.com/xenon-auth/xenon/shared/event/webhook"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

// How long xenon dev waits before it looks for new events.
const (
	devEventPause             = time.Second
	devEventPauseAfterFailure = 5 * time.Second
)

// startEvents sends events to their receiver until the context ends or the returned function is called, if EVENTS is
// on. It has a database connection of its own, because it waits for the receiver.
func startEvents(ctx context.Context, cfg config.API, appSecrets *secrets.Secrets) (stop func(), err error) {
	if !cfg.Events.On {
		return func() {}, nil
	}
	if cfg.Events.WebhookURL != "" && cfg.AppSecretARN == "" {
		if _, err := webhook.ParseSecrets(string(cfg.Events.WebhookSecret)); err != nil {
			return nil, withAdvice(err, `Create a secret: echo "whsec_$(openssl rand -base64 32)"`)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	db := store.Open(appSecrets, 1).UseSchema(cfg.Schema)
	relay := deliver.NewRelay(cfg, db, appSecrets, time.Now)
	var loop sync.WaitGroup
	loop.Go(func() { relay.Loop(ctx, devEventPause, devEventPauseAfterFailure) })
	return func() {
		cancel()
		loop.Wait()
		db.Close()
	}, nil
}

// originOf returns scheme and host of a URL, whose path can be a secret.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
