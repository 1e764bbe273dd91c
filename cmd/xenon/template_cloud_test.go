package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	embedded "github.com/xenon-auth/xenon"
)

// These tests check the AWS resources in template.yaml: policies, retention and alarms.

// templateNode is a part of the template, as maps, lists and strings.
type templateNode map[string]any

// decodeYAMLNode converts a YAML node into maps, lists and strings. A short function such as !Ref X becomes the string
// "!Ref X"; one with a list becomes "!If [X, …]".
func decodeYAMLNode(n *yaml.Node) any {
	var v any
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = decodeYAMLNode(n.Content[i+1])
		}
		v = m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, decodeYAMLNode(item))
		}
		v = list
	default:
		v = n.Value
	}
	if !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return v
	}
	if list, ok := v.([]any); ok {
		var words []string
		for _, item := range list {
			words = append(words, fmt.Sprint(item))
		}
		v = "[" + strings.Join(words, ", ") + "]"
	}
	return n.Tag + " " + fmt.Sprint(v)
}

func readTemplateNode(t *testing.T) templateNode {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(embedded.Template, &document); err != nil {
		t.Fatal(err)
	}
	return decodeYAMLNode(document.Content[0]).(map[string]any)
}

// valueAt returns the value at a path, or nil if there is none.
func (c templateNode) valueAt(path ...string) any {
	var v any = map[string]any(c)
	for _, step := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[step]
	}
	return v
}

// properties returns the properties of every resource of a type, by name.
func (c templateNode) properties(kind string) map[string]templateNode {
	found := map[string]templateNode{}
	for name, r := range c.valueAt("Resources").(map[string]any) {
		if r := templateNode(r.(map[string]any)); r["Type"] == kind {
			found[name] = r["Properties"].(map[string]any)
		}
	}
	return found
}

// toList converts a single value to a list, as CloudFormation does.
func toList(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// policyLines returns one line for each action and resource of policy statements: effect, action, resource.
func policyLines(v any) (lines []string) {
	for _, s := range toList(v) {
		s := templateNode(s.(map[string]any))
		for _, action := range toList(s["Action"]) {
			for _, resource := range toList(s["Resource"]) {
				lines = append(lines, fmt.Sprint(s["Effect"], " ", action, " ", resource))
			}
		}
	}
	return lines
}

// allowedActions returns the sorted lines of statements for the policies of a function or state machine. A policy that
// is a SAM policy template becomes one line.
func (c templateNode) allowedActions(t *testing.T, policies any) []string {
	t.Helper()
	var lines []string
	for _, p := range toList(policies) {
		if m, ok := p.(map[string]any); ok {
			if s, ok := m["Statement"]; ok {
				lines = append(lines, policyLines(s)...)
				continue
			}
			lines = append(lines, fmt.Sprint(m))
			continue
		}
		if m := conditionalPolicies.FindStringSubmatch(fmt.Sprint(p)); m != nil {
			for i, prefix := range []string{"if " + m[1] + ": ", "unless " + m[1] + ": "} {
				for _, line := range c.managedPolicy(t, m[2+i]) {
					lines = append(lines, prefix+line)
				}
			}
			continue
		}
		name, _ := strings.CutPrefix(fmt.Sprint(p), "!Ref ")
		lines = append(lines, c.managedPolicy(t, name)...)
	}
	slices.Sort(lines)
	return lines
}

// conditionalPolicies matches a policy that depends on a condition.
var conditionalPolicies = regexp.MustCompile(`^!If \[(\w+), !Ref (\w+), !Ref ([\w:]+)\]$`)

// managedPolicy returns the lines of a policy of the template.
func (c templateNode) managedPolicy(t *testing.T, name string) []string {
	t.Helper()
	if name == "AWS::NoValue" {
		return nil
	}
	s := c.valueAt("Resources", name, "Properties", "PolicyDocument", "Statement")
	if s == nil {
		t.Fatalf("template.yaml has no policy with the name %v", name)
	}
	return policyLines(s)
}

// Functions and state machines have exactly these permissions, and those that SAM adds: every function may write its
// log and its traces, and the mailer and functions/deliver may read their queue.
func TestFunctionsHaveOnlyTheNeededPermissions(t *testing.T) {
	t.Parallel()
	const (
		app  = "!If [MakesAppSecret, !Ref AppSecret, !Ref AppSecretArn]"
		keys = "!If [MakesSigningKeys, !Ref SigningKeys, !Ref SigningKeysArn]"

		readApp    = "Allow secretsmanager:GetSecretValue " + app
		readKeys   = "Allow secretsmanager:GetSecretValue " + keys
		readBoth   = "Allow secretsmanager:BatchGetSecretValue *" // needs "*"; reads only what GetSecretValue allows
		mail       = "Allow sqs:SendMessage !GetAtt MailQueue.Arn"
		arnOfSES   = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
		unlessSMTP = "unless UsesSmtp: Allow ses:SendEmail "
		sender     = ", map[Domain:!Select [0, !Split [>, !Select [1, !Split [@, !Ref MailFrom]]]]]]"
		states     = "!Sub arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:"
	)
	want := map[string][]string{
		"social": {readApp, mail}, "passwordless": {readApp, mail}, "twofactor": {readApp, mail},
		"account": {readApp, mail}, "email": {readApp, mail}, "password": {readApp, mail}, "signin": {readApp, mail},
		"signup": {readApp, mail},
		"admin":  {"Allow logs:FilterLogEvents !GetAtt FunctionLogs.Arn", readApp},
		"health": {readApp}, "profile": {readApp}, "signout": {readApp},
		"jwks": {readBoth, readApp, readKeys}, "session": {readBoth, readApp, readKeys},
		"token":   {readBoth, readApp, readKeys},
		"relay":   {readApp, "Allow sqs:SendMessage !GetAtt EventQueue.Arn"},
		"deliver": {"!If [HasEventBus, Allow, Deny] events:PutEvents !If [HasEventBus, !Ref EventsBusArn, *]", readApp},
		"mailer": {
			"if HasMailTemplates: Allow s3:GetObject !Sub [arn:${AWS::Partition}:s3:::${Path}/*, " +
				"map[Path:!Select [1, !Split [s3://, !Ref MailTemplates]]]]",
			"if HasMailTemplates: Allow s3:ListBucket !Sub [arn:${AWS::Partition}:s3:::${Bucket}, " +
				"map[Bucket:!Select [2, !Split [/, !Ref MailTemplates]]]]",
			"if UsesSmtp: " + readApp,
			unlessSMTP + "!If [HasMailIdentity, !Ref AWS::NoValue, !Sub [" + arnOfSES + "identity/*@${Domain}" + sender + "]",
			unlessSMTP + "!If [HasMailIdentity, !Ref MailIdentityArn, !Sub [" + arnOfSES + "identity/${Domain}" + sender + "]",
			unlessSMTP + "!Sub " + arnOfSES + "configuration-set/*",
		},
		"migrate": {readApp, "Allow secretsmanager:GetSecretValue !Ref MigrateSecretArn"},
		"rotate": {
			"Allow secretsmanager:DescribeSecret " + keys, readKeys,
			"Allow secretsmanager:PutSecretValue " + keys, "Allow secretsmanager:UpdateSecretVersionStage " + keys,
		},
	}
	c := readTemplateNode(t)
	got := map[string][]string{}
	for _, p := range c.properties(functionType) {
		got[filepath.Base(p["CodeUri"].(string))] = c.allowedActions(t, p["Policies"])
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("permissions of the functions (-template +want):\n%s", diff)
	}
	machine := []string{
		"Allow logs:CreateLogDelivery *", "Allow logs:DeleteLogDelivery *", "Allow logs:DescribeLogGroups *",
		"Allow logs:DescribeResourcePolicies *",
		"Allow logs:GetLogDelivery *", "Allow logs:ListLogDeliveries *", "Allow logs:PutResourcePolicy *",
		"Allow logs:UpdateLogDelivery *",
		"Allow states:DescribeExecution " + states + "execution:${AWS::StackName}-import:*",
		"Allow states:RedriveExecution " + states + "execution:${AWS::StackName}-import/lanes:*",
		"Allow states:StartExecution " + states + "stateMachine:${AWS::StackName}-import",
		"Allow states:StopExecution " + states + "execution:${AWS::StackName}-import:*",
		"map[LambdaInvokePolicy:map[FunctionName:!Ref MigrateFunction]]",
	}
	for name, p := range c.properties("AWS::Serverless::StateMachine") {
		if diff := cmp.Diff(c.allowedActions(t, p["Policies"]), machine); diff != "" {
			t.Errorf("permissions of the state machine %s (-template +want):\n%s", name, diff)
		}
	}
}

// Every function is built by make, has the memory that its work needs, and writes traces. Every log group has a
// retention period.
func TestFunctionsHaveBuildMemoryLogAndTraces(t *testing.T) {
	t.Parallel()
	memory := map[string]string{ // functions that hash passwords have 1769 MB, which is one vCPU
		"account": "1769", "admin": "1769", "password": "1769", "passwordless": "1769", "signin": "1769", "signup": "1769",
		"migrate": "1024", "rotate": "512", "social": "512", "twofactor": "1769",
	}
	c := readTemplateNode(t)
	globals := templateNode(c.valueAt("Globals", "Function").(map[string]any))
	for name, want := range map[string]any{
		"Runtime": "provided.al2023", "Architectures": []any{"arm64"}, "Handler": "bootstrap", "Tracing": "Active",
		"LoggingConfig": map[string]any{"LogFormat": "JSON", "LogGroup": "!Ref FunctionLogs"},
	} {
		if diff := cmp.Diff(globals[name], want); diff != "" {
			t.Errorf("%s in Globals of the template (-template +want):\n%s", name, diff)
		}
	}
	for name, p := range c.properties(functionType) {
		folder := filepath.Base(p["CodeUri"].(string))
		want, ok := memory[folder]
		if !ok {
			want = "256"
		}
		got := p["MemorySize"]
		if got == nil {
			got = globals["MemorySize"]
		}
		if got != want {
			t.Errorf("memory of %s in MB: got %v, want %s", name, got, want)
		}
		for _, overridden := range []string{"Runtime", "Architectures", "Handler", "Tracing", "LoggingConfig", "Role"} {
			if p[overridden] != nil {
				t.Errorf("%s of %s: got the value %v of its own, want that of Globals", overridden, name, p[overridden])
			}
		}
		build := map[string]any{"BuildMethod": "makefile", "WorkingDirectory": "."}
		if diff := cmp.Diff(c.valueAt("Resources", name, "Metadata"), any(build)); diff != "" {
			t.Errorf("Metadata of %s (-template +want):\n%s", name, diff)
		}
	}
	for name, p := range c.properties("AWS::Logs::LogGroup") {
		if p["RetentionInDays"] != "!Ref LogRetentionDays" {
			t.Errorf("RetentionInDays of %s: got %v, want !Ref LogRetentionDays", name, p["RetentionInDays"])
		}
	}
}

// Lambda accepts at most 4 KB of environment variables. Most client ids have fewer than 80 characters.
func TestEnvironmentOfEveryFunctionFitsIntoLambda(t *testing.T) {
	t.Parallel()
	const idLength, arnLength, free = 80, 120, 1024 // free is for lists of origins and providers
	c := readTemplateNode(t)
	globals := c.valueAt("Globals", "Function", "Environment", "Variables").(map[string]any)
	for name, p := range c.properties(functionType) {
		own, _ := p.valueAt("Environment", "Variables").(map[string]any)
		variables := maps.Clone(globals)
		maps.Copy(variables, own)
		size := 0
		for variable, value := range variables {
			size += len(variable)
			switch parameter, isRef := strings.CutPrefix(fmt.Sprint(value), "!Ref "); {
			case strings.HasSuffix(variable, "_CLIENT_ID"):
				size += idLength
			case isRef:
				size += len(fmt.Sprint(c.valueAt("Parameters", parameter, "Default")))
			default:
				size += arnLength
			}
		}
		if size > 4096-free {
			t.Errorf("environment variables of %s, estimated: got %d bytes, want at most %d without the lists",
				name, size, 4096-free)
		}
	}
}

// With a connection budget, every function that uses the database has reserved concurrency. The sum is 70 to 80 % of
// the budget, with the one connection of the relay. The import, the mailer and functions/deliver read the app secret,
// too: the state machine limits the concurrency of the import, and the other two use no database.
func TestConcurrencyStaysWithinConnectionBudget(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	budgets := templateNode(c.valueAt("Mappings", "Concurrency").(map[string]any))
	allowed := c.valueAt("Parameters", "ConnectionBudget", "AllowedValues").([]any)
	if len(allowed) != len(budgets) {
		t.Errorf("values of the parameter ConnectionBudget: got %d, want the %d of the mapping Concurrency",
			len(allowed), len(budgets))
	}
	var functions []string
	for name, p := range c.properties(functionType) {
		stem := strings.TrimSuffix(name, "Function")
		reads := strings.Contains(fmt.Sprint(c.allowedActions(t, p["Policies"])), "MakesAppSecret") &&
			!slices.Contains([]string{"Migrate", "Mailer", "Deliver", "Relay"}, stem)
		want := any(nil)
		if stem == "Relay" {
			want = "1"
		}
		if reads {
			functions = append(functions, stem)
			want = "!If [HasBudget, !FindInMap [Concurrency, !Ref ConnectionBudget, " + stem + "], !Ref AWS::NoValue]"
		}
		if got := p["ReservedConcurrentExecutions"]; got != want {
			t.Errorf("ReservedConcurrentExecutions of %s: got %v, want %v", name, got, want)
		}
	}
	slices.Sort(functions)
	for budget, limits := range budgets {
		limits := limits.(map[string]any)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(limits)), functions); diff != "" {
			t.Errorf("functions in the mapping for the budget %s, and functions that use the database, want the same "+
				"(-mapping +functions):\n%s", budget, diff)
		}
		total, sum := 0, 0
		if budget != "none" {
			total, sum = parseInt(t, budget), 1 // the relay
		}
		for name, limit := range limits {
			n := parseInt(t, limit)
			if sum += n; n < 1 && budget != "none" {
				t.Errorf("concurrency of %s with the budget %s: got %d, want at least 1", name, budget, n)
			}
		}
		if sum*10 > total*8 || sum*10 < total*7 {
			t.Errorf("connections of all functions with the budget %s: got %d, want 70 to 80 %% of it", budget, sum)
		}
	}
}

func parseInt(t *testing.T, v any) int {
	t.Helper()
	n, err := strconv.Atoi(fmt.Sprint(v))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The description of every alarm names an existing runbook, and an alarm names every runbook. Every alarm has an
// action.
func TestAlarmsNameTheirRunbook(t *testing.T) {
	t.Parallel()
	c := readTemplateNode(t)
	alarms := c.properties("AWS::CloudWatch::Alarm")
	if len(alarms) < 6 {
		t.Fatalf("alarms in template.yaml: got %d, want at least 6", len(alarms))
	}
	page := regexp.MustCompile(`docs/runbooks/[a-z-]+\.md$`)
	named := map[string]bool{"auth-secret.md": true} // no alarm leads to a change of the secret
	for name, p := range alarms {
		runbook := page.FindString(fmt.Sprint(p["AlarmDescription"]))
		named[filepath.Base(runbook)] = true
		text, err := os.ReadFile(filepath.Join(repositoryRoot, runbook))
		if runbook == "" || err != nil {
			t.Errorf("the description of the alarm %s: got %q, want one that ends with the path of an existing runbook",
				name, p["AlarmDescription"])
		} else if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s: want the name of the alarm %s in it, because the alarm names this runbook", runbook, name)
		}
		const actions = "!If [HasAlarmTopic, [!Ref AlarmTopicArn], !If [MakesAlarmTopic, [!Ref AlarmTopic], !Ref " +
			"AWS::NoValue]]"
		if got := fmt.Sprint(p["AlarmActions"]); got != actions {
			t.Errorf("AlarmActions of %s: got %s, want %s", name, got, actions)
		}
		if p["TreatMissingData"] != "notBreaching" {
			t.Errorf("TreatMissingData of %s: got %v, want notBreaching", name, p["TreatMissingData"])
		}
	}
	pages, err := filepath.Glob(filepath.Join(repositoryRoot, "docs", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if !named[filepath.Base(p)] {
			t.Errorf("the runbook %s: got no alarm that names it, want at least one", filepath.Base(p))
		}
	}
}

// Every parameter has a description and restricts its values. No parameter is a secret.
func TestParametersAreDescribedAndRestricted(t *testing.T) {
	t.Parallel()
	for name, p := range readTemplateNode(t).valueAt("Parameters").(map[string]any) {
		p := templateNode(p.(map[string]any))
		if p["Description"] == nil {
			t.Errorf("the parameter %s: got no Description, want one", name)
		}
		if p["AllowedPattern"] == nil && p["AllowedValues"] == nil && p["MinValue"] == nil {
			t.Errorf("the parameter %s: want AllowedPattern, AllowedValues or MinValue, got none of them", name)
		}
		pattern, _ := p["AllowedPattern"].(string)
		if fallback, ok := p["Default"].(string); ok && !regexp.MustCompile(pattern).MatchString(fallback) {
			t.Errorf("the default of the parameter %s: got %q, want one that matches %s", name, fallback, pattern)
		}
		if p["Default"] == nil && name != "PublicOrigin" && name != "MailFrom" {
			t.Errorf("the parameter %s: got no Default, want one", name)
		}
		if p["NoEcho"] != nil {
			t.Errorf("the parameter %s has NoEcho, so it is a secret: store it in Secrets Manager instead", name)
		}
	}
}
