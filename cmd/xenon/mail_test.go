package main

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
	"github.com/xenon-auth/xenon/shared/config"
)

// mailTemplate is the part of template.yaml about mails.
type mailTemplate struct {
	settings map[string]map[string]string // environment variables of a function, with those of Globals, by folder
	policies map[string]string            // policies of a function, as YAML, by folder
	mailer   map[string]any               // the event source of the mailer
	queues   map[string]map[string]any    // properties of the SQS queues, by name
}

func readMailTemplate(t *testing.T) mailTemplate {
	t.Helper()
	type environment struct {
		Variables map[string]yaml.Node `yaml:"Variables"`
	}
	var tmpl struct {
		Globals struct {
			Function struct {
				Environment environment `yaml:"Environment"`
			} `yaml:"Function"`
		} `yaml:"Globals"`
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(yaml.Unmarshal(embedded.Template, &tmpl))
	m := mailTemplate{map[string]map[string]string{}, map[string]string{}, nil, map[string]map[string]any{}}
	for name, r := range tmpl.Resources {
		switch r.Type {
		case functionType:
			var p struct {
				CodeURI     string      `yaml:"CodeUri"`
				Environment environment `yaml:"Environment"`
				Policies    yaml.Node   `yaml:"Policies"`
				Events      map[string]struct {
					Properties yaml.Node `yaml:"Properties"`
				} `yaml:"Events"`
			}
			check(r.Properties.Decode(&p))
			folder := filepath.Base(p.CodeURI)
			m.settings[folder] = map[string]string{}
			for _, variables := range []map[string]yaml.Node{
				tmpl.Globals.Function.Environment.Variables,
				p.Environment.Variables,
			} {
				for name, value := range variables {
					m.settings[folder][name] = value.Value // for !Ref X this is X
				}
			}
			policies, err := yaml.Marshal(&p.Policies)
			check(err)
			m.policies[folder] = string(policies)
			if folder == "mailer" {
				e := p.Events["Mail"]
				check(e.Properties.Decode(&m.mailer))
			}
		case "AWS::SQS::Queue":
			var p map[string]any
			check(r.Properties.Decode(&p))
			m.queues[name] = p
		}
	}
	return m
}

// Functions that send mails have MAIL=queue, the URL of the queue and the permission to send to it. All other functions
// have MAIL=none. No function has MAIL=outbox, because config rejects it in AWS.
func TestFunctionsThatSendMailMayUseTheQueue(t *testing.T) {
	t.Parallel()
	m := readMailTemplate(t)
	var senders []string
	for folder, settings := range m.settings {
		may := strings.Contains(m.policies[folder], "!Ref SendMail")
		switch mail := config.Mail(settings["MAIL"]); mail {
		case config.MailQueue:
			senders = append(senders, folder)
			if settings["MAIL_QUEUE_URL"] != "MailQueue" || !may {
				t.Errorf("functions/%s with MAIL=queue: got MAIL_QUEUE_URL %q and permission to send %v, want MailQueue and true",
					folder, settings["MAIL_QUEUE_URL"], may)
			}
		case config.MailNone:
			if settings["MAIL_QUEUE_URL"] != "" || may {
				t.Errorf("functions/%s with MAIL=none: got MAIL_QUEUE_URL %q and permission to send %v, want none and false",
					folder, settings["MAIL_QUEUE_URL"], may)
			}
		default:
			t.Errorf("functions/%s: got MAIL %q, want queue or none", folder, mail)
		}
	}
	slices.Sort(senders)
	want := []string{"account", "email", "password", "passwordless", "signin", "signup", "social", "twofactor"}
	if diff := cmp.Diff(senders, want); diff != "" {
		t.Errorf("functions with MAIL=queue (-got +want):\n%s", diff)
	}
}

func TestMailerReadsTheQueueAndSendsBySES(t *testing.T) {
	t.Parallel()
	m := readMailTemplate(t)
	want := map[string]any{
		"Queue": "MailQueue.Arn", "BatchSize": 10, "FunctionResponseTypes": []any{"ReportBatchItemFailures"},
		"ScalingConfig": map[string]any{"MaximumConcurrency": 2},
	}
	if diff := cmp.Diff(m.mailer, want); diff != "" {
		t.Errorf("event of the mailer (-got +want):\n%s", diff)
	}
	// TestFunctionsHaveOnlyTheNeededPermissions checks what these policies allow.
	for _, policy := range []string{
		"!If [UsesSmtp, !Ref ReadAppSecret, !Ref SendWithSES]",
		"!If [HasMailTemplates, !Ref ReadMailTemplates, !Ref 'AWS::NoValue']",
	} {
		if !strings.Contains(m.policies["mailer"], policy) {
			t.Errorf("policies of the mailer: got\n%s\nwant %s", m.policies["mailer"], policy)
		}
	}
	if got := m.settings["mailer"]["MAIL_FROM"]; got != "MailFrom" {
		t.Errorf("MAIL_FROM of the mailer: got %q, want MailFrom", got)
	}
	redrive := map[string]any{"deadLetterTargetArn": "MailDeadLetterQueue.Arn", "maxReceiveCount": 5}
	if diff := cmp.Diff(m.queues["MailQueue"]["RedrivePolicy"], any(redrive)); diff != "" {
		t.Errorf("redrive policy of MailQueue (-got +want):\n%s", diff)
	}
	for name, q := range m.queues {
		if q["SqsManagedSseEnabled"] != true {
			t.Errorf("the queue %s: got SqsManagedSseEnabled = %v, want true, because its mails contain links",
				name, q["SqsManagedSseEnabled"])
		}
	}
}

func TestDevWritesMailsToTheFileOfTheFlagOrVariable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flag, variable, want string
	}{
		"neither":                         {"", "", "mail.jsonl"},
		"the variable":                    {"", "variable.jsonl", "variable.jsonl"},
		"the flag":                        {"flag.jsonl", "", "flag.jsonl"},
		"the flag overrides the variable": {"flag.jsonl", "variable.jsonl", "flag.jsonl"},
	} {
		dir := t.TempDir()
		env := environment(func(name string) string { return map[string]string{"MAIL_FILE": c.variable}[name] })
		local, err := newLocalResources(devCmd{Dir: dir, MailFile: c.flag}, env, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.LoadAPI(local.getenv(env, &net.TCPAddr{Port: 3000}))
		if err != nil {
			t.Fatal(err)
		}
		want := c.want
		if want == "mail.jsonl" {
			want = filepath.Join(dir, want)
		}
		if cfg.Mail != config.MailOutbox || cfg.MailFile != want {
			t.Errorf("the mail file with %s: got MAIL=%s and the file %q, want outbox and %q",
				name, cfg.Mail, cfg.MailFile, want)
		}
	}
}
