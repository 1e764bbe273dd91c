package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/smtp"
)

// openMailSender returns the sender of MAIL=smtp and a function that stops it, or nil if MAIL is not smtp. With
// MAIL=outbox, wrong templates are only logged: the page /mail shows what is wrong until they are corrected.
func openMailSender(cfg config.API, mails config.Mailer) (sender mail.Sender, stop func(), err error) {
	problem := checkLocalTemplates(mails)
	if cfg.Mail != config.MailSMTP {
		if problem != nil {
			slog.Warn("the templates of mails are wrong", "problem", problem.Error())
		}
		return nil, func() {}, nil
	}
	if problem != nil {
		return nil, nil, problem
	}
	templates, err := (&mailPage{cfg: mails}).templates()
	if err != nil {
		return nil, nil, err
	}
	server, err := config.ParseSMTPURL(mails.SMTPURL)
	if err != nil {
		return nil, nil, fmt.Errorf("SMTP_URL %w", err)
	}
	background := smtp.NewBackground(smtp.New(server, mails.From, mails.Look.ReplyTo, time.Now), templates)
	return background, func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		background.Stop(ctx)
	}, nil
}
