# All commands of this repository. `make` alone lists the targets. Most targets need only Go, Node, Python and git, and
# install the other tools that they need into .tools/ and node_modules/. The list says what else a target needs.

# Versions of the tools that `go install` builds.
GOLANGCI_LINT := v2.15.0
GOFUMPT       := v0.12.0
GOVULNCHECK   := v1.9.0
CYCLONEDX     := v1.10.0
GREMLINS      := v0.6.0
ACTIONLINT    := v1.7.12
GORELEASER    := v2.16.0

# The maximum size of a function's binary in bytes. Lambda loads the binary at every cold start.
MAX_BINARY_BYTES := 12000000
# functions/social also has the OAuth and OpenID Connect libraries, and functions/migrate the import.
MAX_BINARY_BYTES_social := 12500000
MAX_BINARY_BYTES_migrate := 12500000

SHELL := /bin/bash
# Fails with a clear message if Node is missing or too old.
CHECK_NODE = node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null || { \
	echo "The site needs Node 20 or newer, with npm: https://nodejs.org. Without it: make dev ARGS=--no-site" >&2; exit 1; }

# All builds have the same flags, so that Go compiles each package once: without cgo, as the functions, and with
# -trimpath, because Go then also uses packages that it compiled in another checkout.
export CGO_ENABLED := 0
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath

# The race detector makes hashing and RSA about ten times slower. These packages have only pure functions, so they are
# compiled without it. Other packages of crypto must be compiled with it: they contain copies of generic code of sync,
# which would cause false reports. The tests build the functions with these flags, too.
PURE_PACKAGES := crypto/internal/fips140/{bigmod,hmac,pbkdf2,sha256} golang.org/x/crypto/{argon2,blowfish,scrypt}
export XENON_RACE_FLAGS := -race $(patsubst %,-gcflags=%=-race=false,$(shell echo $(PURE_PACKAGES)))
# Flags of go test. -vet=off, because golangci-lint runs go vet; -ldflags=-w, because the linker is faster without debug
# information; -count 1, because Go does not know when a result is outdated: the tests start programs that they build.
TEST_FLAGS := -vet=off -ldflags=-w -count 1
# The race detector needs cgo.
GO_TEST_RACE := env CGO_ENABLED=1 go test $(XENON_RACE_FLAGS) $(TEST_FLAGS)
# Runs a command with a temporary Postgres server for its tests.
WITH_POSTGRES := go run ./internal/testkit/dbtest/withpostgres
TOOLS     := $(CURDIR)/.tools
FUNCTIONS := $(notdir $(patsubst %/main.go,%,$(wildcard functions/*/main.go)))
# The Go packages of both modules (go.work).
GO_PACKAGES := ./... ./conformance/openapi
# The load test, which sends simultaneous requests to all functions, and small packages that goroutines share. make test
# runs only these with the race detector, which doubles the processor time; make nightly runs all packages with it.
CONCURRENT_PACKAGES := ./conformance/load ./shared/lambdahttp ./shared/limit ./shared/cache ./shared/remote ./shared/jwks \
	./jwtverify ./shared/pg ./shared/web
# Packages whose tests take long. They start first.
LONG_PACKAGES := ./conformance ./shared/importer/run ./shared/importer/copy ./shared/importer/tables ./shared/importer \
	./conformance/statemachine ./conformance/lambda ./cmd/xenon ./conformance/attack ./shared/auth ./shared/store ./shared/keys
OTHER_PACKAGES = $(LONG_PACKAGES) $$(go list $(GO_PACKAGES) | grep -vxFf <(go list $(CONCURRENT_PACKAGES) $(LONG_PACKAGES)))
# GOWORK=off: go.mod alone decides what a function is built from.
BUILD_FOR_LAMBDA = GOWORK=off GOOS=linux GOARCH=$(or $(LAMBDA_ARCH),arm64) go build -tags lambda.norpc -buildvcs=false -ldflags "-s -w -buildid="

# Puts the file PROFILE_FIELDS beside the binary of a function that reads it: $(1) is the function, $(2) the directory.
COPY_PROFILE_FIELDS = case "$(1):$(PROFILE_FIELDS)" in profile:?*|health:?*|migrate:?*) cp "$(PROFILE_FIELDS)" "$(2)/";; esac

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Builds the site before it starts, unless ARGS has --no-site. First it checks that the port is free.
.PHONY: dev
dev: ## run everything on http://localhost:3000 until Ctrl-C
	@go build -o bin/xenon ./cmd/xenon
	@bin/xenon dev --check-addr $(ARGS)
	@$(if $(findstring --no-site,$(ARGS)),:,$(MAKE) --no-print-directory website/csp-hashes.txt)
	@exec bin/xenon dev $(ARGS)

.PHONY: site
site: node_modules ## like dev, with live reload of the site
	@go build -o bin/xenon ./cmd/xenon
	@exec scripts/site $(ARGS)

.PHONY: sam-local
sam-local: .tools/sam.done ## run the functions in SAM's containers, on http://localhost:3000 until Ctrl-C (needs Docker)
	@scripts/sam-local $(ARGS)

# Three jobs run at the same time: test-concurrent, test-others, and the other targets one after the other.
.PHONY: test
test: ## run the linters, the Go tests with Better Auth and emulators of AWS, the site's tests, a few tests in a browser
	@$(MAKE) --no-print-directory -j 3 test-others test-concurrent audit lint template test-site smoke

# Exit status 3 means that the vulnerability database cannot be reached; the script says so.
.PHONY: audit
audit: ## look for known vulnerabilities in the dependencies, if the database can be reached
	@scripts/vuln || test $$? -eq 3

# The build tag node adds tests that need Node, with Better Auth and its client. The build tag moto adds tests that need
# Python, with moto, an emulator of AWS, with FastAPI, or with pgserver, a Postgres that has the extension vector.
TEST_TOOLS := .tools/pgbouncer.done .tools/moto.done .tools/sam.done .tools/fastapi.done .tools/pgserver.done \
	conformance/node_modules conformance/statemachine/node_modules conformance/validators/node_modules \
	examples/node/node_modules

.PHONY: test-concurrent
test-concurrent: $(TEST_TOOLS)
	$(WITH_POSTGRES) $(GO_TEST_RACE) -timeout 40m -tags node,moto $(CONCURRENT_PACKAGES)

# The tests often wait for Postgres, Node or a time, so three packages are tested at the same time.
.PHONY: test-others
test-others: $(TEST_TOOLS)
	$(WITH_POSTGRES) go test $(TEST_FLAGS) -p 3 -timeout 40m -tags node,moto $(OTHER_PACKAGES)

.PHONY: nightly
nightly: $(TEST_TOOLS) ## run the Go tests with the race detector and with all cases; make test runs a sample of the cases
	XENON_WHOLE=1 $(WITH_POSTGRES) $(GO_TEST_RACE) -timeout 120m -tags node,moto $(OTHER_PACKAGES) $(CONCURRENT_PACKAGES)

.PHONY: test-site
test-site: node_modules website/csp-hashes.txt ## check the site's code, components and built pages
	@npm run --silent lint
	@cd packages/docusaurus-theme && npm run --silent typecheck && npm run --silent test
	@cd website && npm run --silent typecheck && npm run --silent test

.PHONY: secrets
secrets: .tools/pgbouncer.done ## run all Go tests and search their output for secrets
	@QUIET=1 scripts/no-secrets go test -count 1 -v $(GO_PACKAGES)

.PHONY: client-newest
client-newest: conformance/node_modules ## test with the newest better-auth client; reports, never fails (VERSION= for another one)
	@scripts/client-newest $(VERSION)

# Starts a Docker engine if none is running. If that is not possible, the tests print the reason and are skipped.
.PHONY: test-sam-local
test-sam-local: .tools/sam.done ## send the same requests to `make sam-local` and to `make dev`, and compare
	@scripts/docker-engine go test -tags docker -count 1 -v ./conformance/samlocal/

# Not part of make test, because the source of Supabase's auth server has to be fetched from GitHub.
.PHONY: gotrue
gotrue: .tools/gotrue.done ## test the import with Supabase's real auth server (needs internet access once)
	$(GO_TEST_RACE) -tags gotrue -run GoTrue ./shared/importer/

# A scenario mostly waits for responses, so more scenarios run in parallel than there are processors.
.PHONY: conformance
conformance: conformance/node_modules ## send every scenario to Better Auth and to Xenon, and compare
	cd conformance && XENON_WHOLE=1 go test -tags node -parallel 8 -count 1 -run 'R0[1-5]|Scenario|Schema|Record'

.PHONY: record
record: conformance/node_modules ## record Better Auth's answers after a scenario was changed
	cd conformance && go test -tags node -parallel 8 -count 1 -run 'R02_AnswersAsBetterAuth' -update

# Not part of make test, because Better Auth's tests have to be fetched from GitHub.
.PHONY: peers
peers: conformance/node_modules ## run Better Auth's public tests against Better Auth and Xenon, and list the differences (needs internet access once)
	@scripts/better-auth-tests $(SOURCE)
	cd conformance && go test -tags peers -count 1 -timeout 60m -run TestPeers $(ARGS) .

# scripts/browser finds Chromium, or installs it. The summary reporter of playwright.config.ts is for the whole suite
# only.
.PHONY: smoke
smoke: website/csp-hashes.txt e2e/node_modules ## register, sign in and sign out in a real browser, on Xenon's site and on a new Docusaurus site
	@go build -o bin/xenon ./cmd/xenon
	@cd e2e && npm run --silent typecheck && CHROMIUM=$$(../scripts/browser) && export CHROMIUM && \
		node_modules/.bin/playwright test --grep @smoke --project desktop-light --reporter list

.PHONY: e2e
e2e: website/csp-hashes.txt e2e/node_modules examples/vite-react/node_modules ## test every page in a real browser, with the real API and database
	@go build -o bin/xenon ./cmd/xenon
	@cd e2e && CHROMIUM=$$(../scripts/browser) && export CHROMIUM && node_modules/.bin/playwright test $(ARGS)

# The scores depend on the speed of the machine, and on what else it does.
.PHONY: lighthouse
lighthouse: website/csp-hashes.txt e2e/node_modules e2e/lighthouse/node_modules ## measure pages with Lighthouse, and write the table of docs/performance.md (five minutes; ROUNDS=1 is faster)
	@go build -o bin/xenon ./cmd/xenon
	@CHROMIUM=$$(scripts/browser) && export CHROMIUM && e2e/lighthouse/node_modules/.bin/node e2e/lighthouse/run.mjs

# Not part of make check, because it needs Java and downloads Keycloak.
.PHONY: keycloak
keycloak: website/csp-hashes.txt e2e/node_modules .tools/keycloak.done ## sign in at a real Keycloak in a real browser (needs Java 17 and Maven; downloads 180 MB once)
	@go build -o bin/xenon ./cmd/xenon
	@cd e2e && CHROMIUM=$$(../scripts/browser) && export CHROMIUM && \
		KEYCLOAK=1 node_modules/.bin/playwright test keycloak --project desktop-light --reporter list

# Not part of make e2e, because the source of Supabase's auth server has to be fetched from GitHub.
.PHONY: gotrue-browser
gotrue-browser: website/csp-hashes.txt e2e/node_modules .tools/gotrue.done ## sign in 100 browsers at Supabase's real auth server, import, and open the site in them (needs internet access once)
	@go build -o bin/xenon ./cmd/xenon
	@cd e2e && npm run --silent typecheck && CHROMIUM=$$(../scripts/browser) && export CHROMIUM && \
		GOTRUE=1 node_modules/.bin/playwright test gotrue --project desktop-light

# Not part of make test, because it needs Java and downloads Spring.
.PHONY: spring-boot
spring-boot: ## test the example of Spring Boot (needs Java 17 and Maven; downloads 40 MB once)
	@cd examples/spring-boot && mvn --quiet --batch-mode package
	$(WITH_POSTGRES) go test -count 1 -tags spring -run SpringBoot ./examples

.PHONY: screenshots
screenshots: ## like e2e, and save a picture of every state in e2e/screenshots
	@SCREENSHOTS=1 $(MAKE) --no-print-directory e2e

.PHONY: lint
lint: .tools/golangci-lint-$(GOLANGCI_LINT) .tools/actionlint-$(ACTIONLINT) ## run the linters
	@scripts/plain-words
	@.tools/actionlint-$(ACTIONLINT)
	GOGC=400 $< run --allow-parallel-runners $(GO_PACKAGES)

# cfn-lint does what `sam validate --lint` does, for all files in one process. Without a state machine it fails.
.PHONY: template
template: .tools/sam.done ## check the templates and the state machine of the import
	@.tools/sam/bin/cfn-lint --regions us-east-1 -- template.yaml examples/api-gateway/template.yaml \
		<(scripts/lint-state-machine functions/migrate/statemachine.asl.json)

.PHONY: fmt
fmt: .tools/golangci-lint-$(GOLANGCI_LINT) ## format the Go code
	$< fmt ./...

.PHONY: check
check: test e2e test-sam-local reproduce vuln ## run make test, all browser tests, containers, reproducible builds, vulnerabilities (needs internet access)

.PHONY: vuln
vuln: ## look up the dependencies in the Go vulnerability database (GOVULNDB=file:///... for a copy; fails without one)
	@scripts/vuln

.PHONY: build
build: $(FUNCTIONS:%=dist/%/bootstrap) ## build every function for Lambda, into dist/

dist/%/bootstrap: FORCE
	@$(BUILD_FOR_LAMBDA) -o $@ ./functions/$*
	@printf '%-10s %s bytes\n' $* "$$(wc -c < $@)"
	@$(call COPY_PROFILE_FIELDS,$*,$(@D))
	@test "$$(wc -c < $@)" -le $(or $(MAX_BINARY_BYTES_$*),$(MAX_BINARY_BYTES)) || \
		{ echo '$* has more than $(or $(MAX_BINARY_BYTES_$*),$(MAX_BINARY_BYTES)) bytes' >&2; exit 1; }

.PHONY: reproduce
reproduce: build website/csp-hashes.txt ## build every function and the site again in another directory, and compare
	@scripts/reproduce $(FUNCTIONS)

# Without the flags, the list has a random number and the time.
SBOM = GOWORK=off GOOS=linux $(TOOLS)/cyclonedx-$(CYCLONEDX) app -json -licenses -noserial -notimestamp

.PHONY: sbom
sbom: .tools/cyclonedx-$(CYCLONEDX) ## write a CycloneDX list of each function's dependencies into dist/
	@mkdir -p dist
	@for f in $(FUNCTIONS); do GOARCH=arm64 GOFLAGS=-tags=lambda.norpc $(SBOM) -main functions/$$f -output dist/$$f.cdx.json . || exit 1; done

# The binaries contain the site, so it is built first. dist/xenon.cdx.json lists the dependencies of the command, which
# has the most on Linux and macOS.
RELEASE_NEEDS := website/csp-hashes.txt .tools/goreleaser-$(GORELEASER) .tools/cyclonedx-$(CYCLONEDX)

.PHONY: dist/xenon.cdx.json
dist/xenon.cdx.json: .tools/cyclonedx-$(CYCLONEDX)
	@mkdir -p dist
	@GOARCH=amd64 GOFLAGS=-tags=site $(SBOM) -main cmd/xenon -output $@ .

.PHONY: release
release: $(RELEASE_NEEDS) dist/xenon.cdx.json ## build the binaries of the tag at HEAD and draft a release on GitHub (needs GITHUB_TOKEN)
	@GOWORK=off .tools/goreleaser-$(GORELEASER) release --clean

.PHONY: release-snapshot
release-snapshot: $(RELEASE_NEEDS) dist/xenon.cdx.json ## build all binaries of a release into release/, and publish nothing
	@GOWORK=off .tools/goreleaser-$(GORELEASER) release --clean --snapshot
	@cp dist/xenon.cdx.json release/

.PHONY: install-check
install-check: ## install the command with `go install` from a module proxy, and start it outside the checkout
	@scripts/install-check

.PHONY: manual
manual: website/csp-hashes.txt ## write docs/configuration.md, docs/licences.md and docs/licences-site.md
	go test -count 1 -run Manual ./shared/config -update
	go test -count 1 -run R59_Licences ./cmd/xenon -update-licences
	@cd website && npm run --silent licences

.PHONY: lambda
lambda: .tools/moto.done .tools/sam.done ## run every function under Lambda's emulator, and write docs/lambda.md
	go test -count 1 -v -tags moto -run EveryFunctionServesItsRoutes ./conformance/lambda -update
	go test -count 1 -tags moto -run '^$$' -bench ColdStart -benchtime 15x ./bench -update

# `sam build` calls this for each function of template.yaml, for example build-SigninFunction for functions/signin.
build-%Function:
	@$(BUILD_FOR_LAMBDA) -o $(ARTIFACTS_DIR)/bootstrap ./functions/$$(echo $* | tr A-Z a-z)
	@$(call COPY_PROFILE_FIELDS,$$(echo $* | tr A-Z a-z),$(ARTIFACTS_DIR))

.PHONY: deploy
deploy: .tools/sam.done ## deploy to AWS: functions, schema, stack, site (ENV=dev or prod, SITE=DIR, PROFILE_FIELDS=FILE; docs/deploy.md)
	@scripts/deploy $(or $(ENV),dev)

.PHONY: publish
publish: .tools/sam.done ## upload website/build, or another built site, without building it (ENV=dev or prod, SITE=DIR)
	@scripts/publish $(or $(ENV),dev) $(SITE)

.PHONY: bench
bench: conformance/node_modules .tools/sam.done ## compare with Better Auth, Postgres and the bare hash (15 minutes; needs pgbench)
	go test -timeout 40m -run '^$$' -bench Versus ./bench/versus -growth -docs ../../docs

.PHONY: soak
soak: ## run 500 users for eleven minutes, and write the result into docs/reliability.md
	go test -timeout 20m -run '^$$' -bench Soak -benchtime 1x ./conformance/load -docs ../../docs

.PHONY: bench-micro
bench-micro: ## measure single parts: hashing, tokens, requests, starts, sizes, the import
	go test -timeout 45m -run '^$$' -bench . -benchmem ./bench

.PHONY: attack
attack: .tools/schemathesis.done ## test every endpoint with requests that schemathesis generates from docs/openapi.yaml (two minutes; needs Python)
	@scripts/attack

# go test saves each failing input as a seed, which make test then repeats.
.PHONY: fuzz
fuzz: ## fuzz every parser of client input, one after the other (FUZZTIME=10m each; FUZZ= selects some)
	@scripts/fuzz $(or $(FUZZTIME),10m) $(FUZZ)

.PHONY: mutants
mutants: .tools/gremlins-$(GREMLINS) .tools/pgbouncer.done .tools/moto.done ## mutation tests: do the tests fail when the code is changed? (an hour or more; PACKAGES= selects some)
	@scripts/mutants $(CURDIR)/$< $(PACKAGES)

.PHONY: timing
timing: ## compare the times of a thousand rejected requests of each kind with the Mann-Whitney test (ten minutes)
	go test -timeout 30m -run '^$$' -bench Timing -benchtime 1x ./conformance/attack

.PHONY: schema
schema: ## apply the migrations to DIRECT_DATABASE_URL or DATABASE_URL (ARGS for further options)
	go run ./cmd/xenon schema up $(ARGS)

.PHONY: clean
clean: ## remove the development database, secret and keys, and all build results
	@link=$$(readlink .xenon/postgres 2>/dev/null); if [ -n "$$link" ]; then rm -rf "$$link"; fi
	rm -rf .xenon bin dist .aws-sam

# GOGC=400: the garbage collector is a fifth of the compiler's processor time.
.tools/golangci-lint-$(GOLANGCI_LINT):
	@echo "Building golangci-lint $(GOLANGCI_LINT), once …"
	@GOGC=400 GOBIN=$(TOOLS)/build go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	@mv $(TOOLS)/build/golangci-lint $@

.tools/actionlint-$(ACTIONLINT):
	@GOBIN=$(TOOLS)/build go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT)
	@mv $(TOOLS)/build/actionlint $@

.tools/goreleaser-$(GORELEASER):
	@echo "Building goreleaser $(GORELEASER), once …"
	@GOBIN=$(TOOLS)/build go install github.com/goreleaser/goreleaser/v2@$(GORELEASER)
	@mv $(TOOLS)/build/goreleaser $@

.tools/gremlins-$(GREMLINS):
	@GOBIN=$(TOOLS)/build go install github.com/go-gremlins/gremlins/cmd/gremlins@$(GREMLINS)
	@mv $(TOOLS)/build/gremlins $@

.tools/cyclonedx-$(CYCLONEDX):
	@GOBIN=$(TOOLS)/build go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX)
	@mv $(TOOLS)/build/cyclonedx-gomod $@

.tools/pgbouncer.done: scripts/pgbouncer
	@mkdir -p $(TOOLS)
	@scripts/pgbouncer
	@touch $@

# The pip that installs the Python tools. It comes first, because targets that run in parallel would each install it.
.tools/moto.done .tools/fastapi.done .tools/pgserver.done .tools/schemathesis.done .tools/sam.done: | .tools/pip
.tools/pip:
	@scripts/python-venv

.tools/moto.done: scripts/moto
	@mkdir -p $(TOOLS)
	@scripts/moto
	@touch $@

.tools/fastapi.done: scripts/fastapi examples/fastapi/requirements.txt
	@mkdir -p $(TOOLS)
	@scripts/fastapi
	@touch $@

.tools/pgserver.done: scripts/pgserver scripts/requirements/pgserver.txt
	@mkdir -p $(TOOLS)
	@scripts/pgserver
	@touch $@

.tools/schemathesis.done: scripts/schemathesis
	@mkdir -p $(TOOLS)
	@scripts/schemathesis
	@touch $@

.tools/sam.done: scripts/sam
	@mkdir -p $(TOOLS)
	@scripts/sam
	@touch $@

.tools/keycloak.done: scripts/keycloak
	@mkdir -p $(TOOLS)
	@scripts/keycloak
	@touch $@

.tools/gotrue.done: scripts/gotrue
	@mkdir -p $(TOOLS)
	@scripts/gotrue
	@touch $@

# The features whose pages the site has. The site is built again if one of these variables has changed.
SITE_FEATURES := MAGIC_LINK=$(MAGIC_LINK) EMAIL_OTP=$(EMAIL_OTP) TWO_FACTOR=$(TWO_FACTOR) ADMIN=$(ADMIN) \
	SUPABASE_BRIDGE=$(SUPABASE_BRIDGE) SUPABASE_REF=$(SUPABASE_REF) PROFILE=$(PROFILE) PROFILE_FIELDS=$(PROFILE_FIELDS)
website/.features: FORCE
	@echo "$(SITE_FEATURES)" | cmp -s - $@ || echo "$(SITE_FEATURES)" > $@

# Builds the theme and the site if a source file is newer. The build writes csp-hashes.txt last. node_modules is not
# compared, because tools write into it.
SITE_SOURCES := $(shell find website packages docs \( -name node_modules -o -name build -o -name lib -o -name .stock -o -name .docusaurus -o -name csp-hashes.txt -o -name .features \) -prune -o -path website -o -path packages/docusaurus-theme -o -print 2>/dev/null)

website/csp-hashes.txt: $(SITE_SOURCES) package-lock.json website/.features | node_modules
	@$(CHECK_NODE)
	@echo "Building the site, one to four minutes …"
	@cd website && npm run --silent build || { rm -f csp-hashes.txt; exit 1; }
	@touch $@

# The workspaces website and packages/docusaurus-theme, and the formatter.
node_modules: package-lock.json
	@$(CHECK_NODE)
	@echo "Installing the site's dependencies …"
	@scripts/npm-ci
	@touch $@

e2e/node_modules: e2e/package-lock.json
	@$(CHECK_NODE)
	@echo "Installing Playwright …"
	@cd e2e && ../scripts/npm-ci
	@touch $@

e2e/lighthouse/node_modules: e2e/lighthouse/package-lock.json
	@echo "Installing Lighthouse and the Node.js that it needs …"
	@cd e2e/lighthouse && ../../scripts/npm-ci
	@touch $@

conformance/node_modules: conformance/package-lock.json
	@echo "Installing Better Auth and its client …"
	@cd conformance && ../scripts/npm-ci
	@touch $@

conformance/statemachine/node_modules: conformance/statemachine/package-lock.json
	@echo "Installing the interpreter of the Amazon States Language and its Node version …"
	@cd conformance/statemachine && ../../scripts/npm-ci
	@touch $@

conformance/validators/node_modules: conformance/validators/package-lock.json
	@echo "Installing libraries that verify tokens …"
	@cd conformance/validators && ../../scripts/npm-ci
	@touch $@

examples/node/node_modules: examples/node/package-lock.json
	@cd examples/node && ../../scripts/npm-ci
	@touch $@

examples/vite-react/node_modules: examples/vite-react/package-lock.json
	@echo "Installing the example with a UI kit …"
	@cd examples/vite-react && ../../scripts/npm-ci
	@touch $@

.PHONY: FORCE
FORCE:
